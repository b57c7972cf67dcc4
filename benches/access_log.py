"""Writes an access log in nginx's combined format: access_log.py MEGABYTES. The same one every time.

300 routes of very different frequency, half of them with numbers in them, some robots, some errors; 1,200 requests a second.
"""

import random
import sys
import time

RATE = 1200
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "curl/8.7.1",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
]


def main():
    size = int(sys.argv[1]) * 1000 * 1000
    dice = random.Random(1)
    words = ["orders", "items", "users", "cart", "search", "api", "v1", "export", "account", "images"]
    routes = ["/" + "/".join(dice.sample(words, 2)) + f"-{'abcdefghij'[at % 10]}{'klmnopqrst'[at // 10 % 10]}{'uvw'[at // 100]}"
              for at in range(300)]
    weights = [1 / (at + 3) for at in range(300)]
    frequent = dice.choices(range(300), weights, k=20000)
    tails = []
    for at in frequent:
        status = dice.choices([200, 304, 404, 499, 500, 502, 504], [900, 50, 30, 5, 5, 5, 5])[0]
        path = routes[at]
        if at % 2:
            path += f"/{dice.randrange(10**6)}"
        if at % 3 == 0:
            path += f"?page={dice.randrange(50)}"
        referer = dice.choice(["-", "https://shop.example.com/", "https://www.example.org/search"])
        tails.append(f'"GET {path} HTTP/1.1" {status} {dice.randrange(60000)} "{referer}" "{dice.choice(AGENTS)}"\n')
    addresses = [f"192.0.{dice.randrange(256)}.{dice.randrange(256)} - - [" for _ in range(3000)]
    second, written = 1_795_262_400, 0
    out = sys.stdout
    while written < size:
        moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000] ", time.gmtime(second))
        count = dice.randrange(RATE - 300, RATE + 300)
        block = "".join([address + moment + tail for address, tail in zip(dice.choices(addresses, k=count), dice.choices(tails, k=count))])
        out.write(block)
        written += len(block)
        second += 1


main()
