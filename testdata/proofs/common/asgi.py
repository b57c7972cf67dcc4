"""What proofs of asynchronous workers serve: /ok, /block?s=1 (without giving way), /sleep?s=1 (giving way), /thread?s=1, /scope; a
websocket gets back what it sends."""
import asyncio
import json
import time
from urllib.parse import parse_qsl


async def lifespan(receive, send):
    while True:
        kind = (await receive())["type"]
        await send({"type": kind + ".complete"})
        if kind == "lifespan.shutdown":
            return


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": message.get("text")})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    if scope["type"] == "websocket":
        return await echo(receive, send)
    query = dict(parse_qsl(scope["query_string"].decode()))
    text = b"ok"
    if scope["path"] == "/block":
        time.sleep(float(query["s"]))
    elif scope["path"] == "/sleep":
        await asyncio.sleep(float(query["s"]))
    elif scope["path"] == "/thread":
        await asyncio.to_thread(time.sleep, float(query["s"]))
    elif scope["path"] == "/scope":
        text = json.dumps({"scheme": scope["scheme"], "client": scope["client"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(text)).encode())]})
    await send({"type": "http.response.body", "body": text})
