"""Each operation that changes something leaves one row in the audit log, with its change or not at
all; and it is done by keys that have its scope, and by no others. Generated from the tables: an
operation whose example cannot be executed fails in `test_openapi.py`."""

import asyncio
import contextlib
import json
import re

import pytest

from tearoff.accounts.audit import SECRET, SECRETS
from tearoff.accounts.rights import GRANTS, SCOPES
from tearoff.api.v3.routes import ENDPOINTS
from tearoff.api.v4.routes import OPERATIONS
from tests.api.caller import Caller
from tests.api.test_openapi import DOCUMENT, Scene
from tests.scopes import client_with

CHANGES = [pytest.param(o, id=f"{o.method} {o.path}") for o in OPERATIONS if o.changes]
BY_ITSELF = {"message.send"}
"""The row of the message is the record of what a key sends."""
OWN_NUMBERS = re.compile(r'\\"reply_numbers\\": \[[^]]*\]')
"""At which the shop itself is written to."""
ADDRESS = re.compile(r"\+\d{8,}|[\w.+-]+@[\w-]+\.\w+")


class Watched(Caller):
    """A caller who knows what the last call wrote into the audit log. The call of an example
    (which alone has `params`) is made once before, if `refuses`, while the log takes nothing."""

    def __init__(self, caller, db, *, refuses):
        super().__init__(caller.http, caller.url, caller.shop)
        self.db, self.refuses = db, refuses
        self.rows, self.refused = [], None

    async def request(self, method, path, **more):
        if self.refuses and "params" in more:
            async with refusing(self.db, self.shop.account):
                self.refused = await super().request(method, path, **more)
        before = await self.last()
        answer = await super().request(method, path, **more)
        self.rows = await self.db.fetch(
            "SELECT * FROM audit_entries WHERE account_id = $1 AND id > $2",
            self.shop.account,
            before,
        )
        return answer

    async def last(self):
        return await self.db.fetchval(
            "SELECT coalesce(max(id), 0) FROM audit_entries WHERE account_id = $1",
            self.shop.account,
        )


@contextlib.asynccontextmanager
async def refusing(db, account):
    """The log takes no row of this account."""
    await db.execute(
        "ALTER TABLE audit_entries ADD CONSTRAINT takes_none"
        f" CHECK (account_id <> {account}) NOT VALID"
    )
    try:
        yield
    finally:
        await db.execute("ALTER TABLE audit_entries DROP CONSTRAINT takes_none")


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_change_leaves_one_row_or_does_not_happen(operation, caller, services):
    refuses = operation.verb not in BY_ITSELF
    watched = Watched(caller, services.db, refuses=refuses)
    scene = Scene(watched, services, operation.path)
    verb = operation.method.lower()
    status, answer = await scene.run(verb, DOCUMENT["paths"][operation.path][verb])
    assert status == operation.status, answer
    if not refuses:
        assert list(watched.rows) == []
        return
    assert watched.refused.status == 500
    (row,) = watched.rows
    assert (row["verb"], row["actor_kind"], row["actor_name"], row["address"]) == (
        operation.verb, "key", caller.shop.client_id, "127.0.0.1",
    )  # fmt: skip
    assert row["subject"] or operation.verb in WITHOUT_SUBJECT, operation.verb
    text = json.dumps(dict(row), default=str)
    assert not ADDRESS.search(OWN_NUMBERS.sub("", text)), text
    for name, value in (answer or {}).items():
        if name in SECRETS and value:
            assert value not in text
            assert json.loads(row["after"])[name] == SECRET


WITHOUT_SUBJECT = {"suppression.import"}


# who may ---------------------------------------------------------------------------------


def calls():
    """(method, path, the scope that it needs) of everything that keys can call."""
    for operation in OPERATIONS:
        path = re.sub(r"\{operation\}", "validate", operation.path)
        yield operation.method, re.sub(r"\{[^}]+\}", "999999999", path), scope(operation)
    for endpoint in ENDPOINTS:
        for method in endpoint.methods:
            yield method, endpoint.path, scope(endpoint)


def scope(declared):
    return GRANTS[declared.right].scope


@pytest.mark.parametrize("has", SCOPES)
async def test_a_key_does_what_its_scope_allows_and_nothing_else(caller, services, has):
    client = await client_with(caller, services, [has])
    wrong, turns = [], asyncio.Semaphore(8)

    async def ask(method, path, needs):
        async with turns:
            answer = await client.caller.request(method, path, headers=client.headers)
        code = answer.body.get("code") or answer.body.get("errors", {}).get("error_code")
        lacks = answer.status == 403 and code in (105, [105])
        text = f"This API key may not do this: it needs the scope '{needs}'."
        if lacks != (has != needs) or (lacks and text not in answer.text):
            wrong.append((method, path, needs, answer.status, answer.text[:200]))
        if not lacks and answer.status in (401, 403, 500):
            wrong.append((method, path, needs, answer.status, answer.text[:200]))

    await asyncio.gather(*(ask(*call) for call in calls()))
    assert wrong == []


async def test_a_scope_that_was_taken_is_gone_for_what_is_remembered_too(caller, services):
    client = await client_with(caller, services, ["send"])
    by = {"X-Client-Id": client.headers["x-api-key"],
          "X-Client-Secret": client.headers["x-api-secret"]}  # fmt: skip
    values = {"campaign": caller.shop.ref, "phone": "+32470001000"}
    assert (await caller.post("/v3/send/sms", values, headers=by)).status == 200
    for scopes, status in ((["read"], 403), (["read", "send"], 200)):
        await services.db.execute(
            "UPDATE api_keys SET scopes = $2 WHERE client_id = $1", by["X-Client-Id"], scopes
        )
        values["phone"] = f"+3247000{status:04}"
        answer = await caller.post("/v3/send/sms", values, headers=by)
        assert answer.status == status, answer.text
