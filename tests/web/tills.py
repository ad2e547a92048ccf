"""A till of a shop: a device that was paired, and the calls that its page makes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tearoff.accounts import devices
from tearoff.kit.services import Services
from tests.cast import Shop

DEVICE_PIN = "2468"


@dataclass
class Till:
    url: str
    http: aiohttp.ClientSession
    secret: str
    device: int
    place: int

    @property
    def headers(self) -> dict[str, str]:
        return {"x-till": "1", "cookie": f"tearoff_till={self.secret}"}

    async def call(self, name: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        method = "GET" if body is None else "POST"
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        async with self.http.request(
            method, f"{self.url}/till/api/{name}", json=body, headers=self.headers | names
        ) as answer:
            return answer.status, await answer.json()

    async def check(self, code: str, key: str = "", **headers: str) -> Any:
        status, told = await self.call("check", {"key": key or new_key(), "code": code}, **headers)
        assert status == 200, told
        return told

    async def redeem(self, code: str, key: str = "", **values: Any) -> Any:
        body = {"key": key or new_key(), "code": code, **values}
        status, told = await self.call("redeem", body)
        assert status == 200, told
        return told


def new_key() -> str:
    return secrets.token_hex(8)


async def open_till(
    services: Services, http: aiohttp.ClientSession, url: str, shop: Shop, place: int | None = None
) -> Till:
    now, place = datetime.now(UTC), place or shop.location
    pairing = await devices.make_pairing(services.db, shop.account, place, now)
    device, secret = await devices.pair(
        services.db, pairing.token, name="Sam", pin=DEVICE_PIN, now=now
    )
    return Till(url, http, secret, device.id, place)
