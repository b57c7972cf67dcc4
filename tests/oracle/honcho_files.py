"""What honcho itself makes of Procfiles and .env files: one JSON case per line in, one JSON answer per line out.

A case is {"procfile": TEXT} or {"variables": TEXT}; an answer is a list of [name, text] in order of the file, or "refused". Nothing is
started. Exits with 3 where honcho is not installed.
"""

import json
import sys

try:
    from honcho import environ
except ImportError:
    sys.exit(3)


def answer(case):
    try:
        if "procfile" in case:
            return list(environ.parse_procfile(case["procfile"]).processes.items())
        return list(environ.parse(case["variables"]).items())
    except (AssertionError, ValueError):
        return "refused"


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
