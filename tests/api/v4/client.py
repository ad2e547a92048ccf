"""A program that calls v4."""

from __future__ import annotations

from typing import Any

from tests.api.caller import Answer, Caller


class Client:
    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        shop = caller.shop
        self.headers = {"x-api-key": shop.client_id, "x-api-secret": shop.client_secret}

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.call("POST", path, json=body, **more)

    async def patch(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.call("PATCH", path, json=body, **more)

    async def put(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.call("PUT", path, json=body, **more)

    async def delete(self, path: str, **more: Any) -> Answer:
        return await self.call("DELETE", path, **more)

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        headers = {**self.headers, **more.pop("extra", {})}
        more.setdefault("headers", headers)
        answer = await self.caller.request(method, path, **more)
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.body["status"] == answer.status
            assert {"type", "title", "detail", "code", "errors"} <= set(answer.body)
        return answer


def as_made(campaign: dict[str, Any]) -> dict[str, Any]:
    """Without what says that it was changed since."""
    return {**campaign, "version": 1, "changed_at": None, "changed_by": ""}


def client_of(caller: Caller) -> Client:
    return Client(caller)
