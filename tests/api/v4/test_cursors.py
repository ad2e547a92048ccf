"""Cursors that somebody made by hand."""

from __future__ import annotations

import base64
import json

import pytest

from tests.api.v4.client import client_of

MOMENTS = [
    "2026-11-30T10:00:00Z", "2026-11-30T10:00:00", "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-23:59", "yesterday", "",
]  # fmt: skip
LISTS = {"audit": "/v4/audit", "replies": "/v4/replies", "unread": "/v4/replies/unread"}
NUMBERS = [0, 2**31, 2**63 - 1, 2**63, -1]


@pytest.fixture
def v4(caller):
    return client_of(caller)


def made(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize("at", MOMENTS)
async def test_of_a_moment(v4, shop, at):
    sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470003141"})
    code = sent.body["session"]
    for path, cursor in (
        ("/v4/sessions", made("found sessions", at, 5)),
        (f"/v4/sessions/{code}/timeline", made("timeline", at, 1, 5)),
        ("/v4/suppressions", made("suppressions", at, "+32470003141", "reply")),
    ):
        answer = await v4.get(f"{path}?cursor={cursor}")
        assert (answer.status, answer.body.get("code")) == (
            (200, None) if at == MOMENTS[0] else (422, 301)
        ), path


@pytest.mark.parametrize("number", NUMBERS)
async def test_of_a_number(v4, shop, number):
    sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470003142"})
    path = f"/v4/sessions/{sent.body['session']}/timeline"
    for cursor in (
        made("timeline", MOMENTS[0], number, 5), made("timeline", MOMENTS[0], 1, number)
    ):  # fmt: skip
        assert (await v4.get(f"{path}?cursor={cursor}")).status in (200, 422)
    for name in ("audit", "replies", "unread"):
        path = {"audit": "/v4/audit", "replies": "/v4/replies", "unread": "/v4/replies/unread"}[
            name
        ]
        assert (await v4.get(f"{path}?cursor={made(name, number)}")).status in (200, 422)
