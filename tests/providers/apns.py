"""Apple's push service as this machine can have it: granian, which others wrote, serves this app
over HTTP/2 and asks for the client's certificate. Each request is a line of a file; a token that
begins with `dead` is gone, `slow` is to be tried later."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body = (await receive())["body"]
    token = scope["path"].rpartition("/")[2]
    line = {
        "version": scope["http_version"], "path": scope["path"], "body": body.decode(),
        "topic": dict(scope["headers"]).get(b"apns-topic", b"").decode(),
    }  # fmt: skip
    with Path(os.environ["APNS_LOG"]).open("a") as file:
        file.write(json.dumps(line) + "\n")
    status, reason = 200, ""
    if token.startswith("dead"):
        status, reason = 410, "Unregistered"
    elif token.startswith("510"):
        status, reason = 503, "ServiceUnavailable"
    answer = json.dumps({"reason": reason}).encode() if reason else b""
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": answer})
