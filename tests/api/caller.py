"""A program that calls the API, as programs of the field do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.cast import Shop


@dataclass
class Answer:
    status: int
    body: dict[str, Any]
    text: str
    headers: Any = field(default_factory=dict)

    @property
    def codes(self) -> Any:
        return self.body["errors"]["error_code"]

    @property
    def texts(self) -> list[str]:
        return self.body["errors"]["error_message_description"]


class Caller:
    def __init__(self, http: aiohttp.ClientSession, url: str, shop: Shop) -> None:
        self.http, self.url, self.shop = http, url, shop

    async def post(self, path: str, values: Any = None, **more: Any) -> Answer:
        """A JSON call with header credentials, unless `more` says otherwise."""
        more.setdefault("headers", self.shop.headers)
        more["headers"] = {**more["headers"], **more.pop("extra", {})}
        if "data" not in more:
            more["json"] = values
        return await self.request("POST", path, **more)

    async def request(self, method: str, path: str, **more: Any) -> Answer:
        async with self.http.request(method, self.url + path, **more) as response:
            text = await response.text()
            body = json.loads(text) if text else {}
            return Answer(response.status, body, text, response.headers.copy())

    async def send(self, phone: str = "+32470001000", **values: Any) -> Answer:
        return await self.post(
            "/v3/send/sms", {"campaign": self.shop.ref, "phone": phone, **values}
        )
