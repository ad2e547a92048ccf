"""The OpenAPI document: it is valid, whole, and every example in it is so."""

from __future__ import annotations

import json
import re

import jsonschema
import msgspec
import pytest

from tearoff.accounts import devices
from tearoff.alerts.models import Facts
from tearoff.api.error_codes import CODES
from tearoff.api.openapi import make_document
from tearoff.kit import clock
from tearoff.messages import connections, replies
from tearoff.messages.connections import NewConnection
from tearoff.messages.open_connections import surroundings_of
from tearoff.people.keywords import Keyword
from tests.api import table
from tests.providers.postoffice import open_post_office
from tests.web.conftest import PICTURE

DOCUMENT = json.loads(json.dumps(make_document()))
VERBS = ("get", "post", "patch", "delete", "put")
OPERATIONS = [
    (verb, path, operation)
    for path, verbs in DOCUMENT["paths"].items()
    for verb, operation in verbs.items()
    if verb in VERBS
]
NAMES = [f"{verb} {path}" for verb, path, _ in OPERATIONS]


def test_every_reference_leads_somewhere():
    text = json.dumps(DOCUMENT)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        found = DOCUMENT
        for part in reference.split("/"):
            found = found[part]


def test_no_name_in_it_is_one_of_a_folder_of_ours():
    """Two structs of one name would be told apart by their modules, which move."""
    assert not [name for name in DOCUMENT["components"]["schemas"] if "." in name]


def test_every_operation_is_told_once():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for _, _, operation in OPERATIONS:
        assert operation["summary"].endswith((".", "!"))
        assert set(operation["tags"]) <= tags
        for error in operation["x-errors"]:
            assert error["code"] in CODES


def test_every_error_that_the_program_tells_is_listed():
    from tearoff.api.v3.errors import _TABLE

    assert {code for _, code, _ in _TABLE.values()} <= set(CODES)


def test_every_kind_of_event_is_told():
    from tearoff.hooks.models import KINDS

    assert list(DOCUMENT["webhooks"]) == list(KINDS)


async def test_the_served_document_is_this_one(caller):
    served = await caller.request("GET", "/openapi.json")
    assert served.body == DOCUMENT


# every example is executed ---------------------------------------------------------------


@pytest.mark.parametrize(("verb", "path", "operation"), OPERATIONS, ids=NAMES)
async def test_an_example_is_answered_as_the_document_says(verb, path, operation, caller, services):
    async with open_post_office() as office:
        await connect_mail(services, caller.shop, office)
        scene = Scene(caller, services, path)
        status, answer = await scene.run(verb, operation)
    if "pushnotification" in path:  # needs credentials of a wallet, which nobody can give here
        assert (status, answer["errors"]["error_code"]) == (422, [602])
        return
    expected = next(iter(operation["responses"]))
    assert str(status) == expected, answer
    content = operation["responses"][expected].get("content")
    if content is None:
        assert answer is None
        return
    media = content["application/json"]
    assert list(keys_missing(media["example"], answer, "")) == []
    schema = {**media["schema"], "components": DOCUMENT["components"]}
    jsonschema.validate(answer, schema)


def keys_missing(example, answer, where):
    """Keys of the example that the answer lacks, at any depth."""
    if isinstance(example, dict) and isinstance(answer, dict):
        for name, value in example.items():
            if name not in answer:
                yield f"{where}.{name}"
            else:
                yield from keys_missing(value, answer[name], f"{where}.{name}")
    elif isinstance(example, list) and isinstance(answer, list) and example:
        for item in answer:
            yield from keys_missing(example[0], item, f"{where}[]")


class Scene:
    """A shop in which the things exist that an example names, found by the names of its
    parameters."""

    def __init__(self, caller, services, path):
        self.caller, self.path = caller, path
        self.maker = Maker(caller, services)

    async def run(self, verb, operation):
        given = {
            place: {
                p["name"]: await self.value(p["name"], p["schema"]["examples"][0])
                for p in operation.get("parameters", [])
                if p.get("in") == place and "examples" in p["schema"]
            }
            for place in ("path", "query")
        }
        sent = await self.sent(operation)
        await self.maker.listed_session()
        if self.path == "/v4/suppressions/{address}":
            await self.maker.call("POST", "/v4/suppressions", given["path"])
        if self.path.startswith("/v4/single-sign-on") and verb != "patch":
            await self.maker.provider_of_sign_ins()
        url = self.path.format(**given["path"])
        answer = await self.caller.request(
            verb.upper(), url, **sent, headers=self.caller.shop.headers,
            params={k: str(v).lower() if v is True else v for k, v in given["query"].items()},
        )  # fmt: skip
        return answer.status, answer.body if answer.text else None

    async def sent(self, operation):
        """The body of the example, with the shop's own things in it."""
        content = operation.get("requestBody", {}).get("content", {})
        if "text/csv" in content:
            return {"data": content["text/csv"]["example"].encode()}
        if "application/octet-stream" in content:
            return {"data": PICTURE.read_bytes()}
        if "application/json" not in content:
            return {}
        example = content["application/json"].get("example", {})
        return {"json": {k: await self.value(k, v) for k, v in example.items()}}

    async def value(self, name, example):
        """The example, or the shop's own thing where it names one."""
        if name == "locations":
            return [int(str(await self.maker.location("")).rpartition("_")[2])]
        if name == "campaigns":
            return [self.caller.shop.campaign]
        if name == "providers":
            return [self.caller.shop.connection]
        kind = self.kind_of(name, example)
        if kind is None:
            return example
        found = await getattr(self.maker, kind)("")
        if isinstance(example, int):
            return int(str(found).rpartition("_")[2])
        return found

    def kind_of(self, name, example):
        if name == "id" and self.path.endswith("/invitation"):
            return "invited"
        if name == "id":
            return _OF_PATH[self.path.split("/")[2]]
        if name == "email" and "subaccount" in self.path:
            return "email"
        if name == "contact":
            return "emailcontact" if "emailtool" in self.path else "smscontact"
        if name == "session":
            return "session_of_event"
        if name == "campaign" and self.path.endswith("subaccount/sso"):
            return "campaign_of_subaccount"
        if str(example).startswith("evt_"):
            return "event"
        if name == "replay":
            return "replay"
        return _OF_NAME.get(name)


_OF_PATH = {
    "campaigns": "campaign", "messages": "message", "webhooks": "webhook", "groups": "smsgroup",
    "folders": "folder", "categories": "category", "locations": "location", "devices": "device",
    "replies": "reply", "providers": "provider", "templates": "template",
    "pairings": "pairing", "alerts": "alert", "members": "teammate",
}  # fmt: skip
_OF_NAME = {
    "campaign": "campaign", "template": "campaign", "couponsession": "session",
    "couponsessions": "session", "single_use_code": "session", "code": "session",
    "category": "category", "folder": "folder", "redeem_location": "location",
    "location": "location",
    "webhook": "webhook", "reservation": "reservation", "subaccount": "subaccount",
    "package": "package", "teammate": "teammate", "smsgroup": "smsgroup",
    "emailgroup": "emailgroup", "url": "url", "client_id": "apikey",
}  # fmt: skip


class Maker(table.Maker):
    """What v4's examples name, beside what v3's do."""

    async def call(self, method, path, body):
        answer = await self.caller.request(
            method, path, json=body, headers=self.caller.shop.headers
        )
        assert answer.status in (200, 201), answer.text
        return answer.body

    async def invited(self, state):
        values = {"email": await self.email(""), "role": "staff"}
        return (await self.call("POST", "/v4/members", values))["id"]

    async def session(self, state):
        if state:
            return await super().session(state)
        values = {"campaign": self.caller.shop.ref, "firstname": "Ann"}
        return (await self.post("singleuse/create", values))["single_use_code"]

    async def listed_session(self):
        """One that stands in every list and is found by its phone."""
        values = {"campaign": self.caller.shop.ref, "phone": "+32470001234"}
        code = (await self.post("singleuse/create", values))["single_use_code"]
        update = {"couponsession": code, "operation": "validated"}
        await self.post("couponsession/update", update)

    async def device(self, state):
        now, shop, db = clock.now(), self.caller.shop, self.services.db
        pairing = await devices.make_pairing(db, shop.account, shop.location, now)
        made, _ = await devices.pair(db, pairing.token, name="Sam", pin="2468", now=now)
        return made.id

    async def pairing(self, state):
        shop = self.caller.shop
        return (await self.call("POST", f"/v4/locations/{shop.location}/pairings", {}))["id"]

    async def session_of_event(self, state):
        return await self.services.db.fetchval(
            "SELECT thread FROM hook_events WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
            self.caller.shop.account,
        )

    async def subaccount(self, state):
        self.last = await super().subaccount(state)
        return self.last

    async def campaign_of_subaccount(self, state):
        values = {"name": "Autumn", "subaccount": self.last}
        return (await self.post("coupon/create", values))["campaign"]

    async def package(self, state):
        made = await self.services.db.fetchval(
            "INSERT INTO packages (account_id, name) VALUES ($1, 'Small') RETURNING id",
            self.caller.shop.account,
        )
        return f"pac_{made}"

    async def message(self, state):
        body = {"campaign": self.caller.shop.campaign, "phone": "+32470001000"}
        return (await self.call("POST", "/v4/messages", body))["id"]

    async def provider_of_sign_ins(self):
        """One that its own example sets up."""
        body = DOCUMENT["paths"]["/v4/single-sign-on"]["patch"]["requestBody"]
        await self.call(
            "PATCH", "/v4/single-sign-on", body["content"]["application/json"]["example"]
        )

    async def provider(self, state):
        return self.caller.shop.connection

    async def reply(self, state):
        shop = self.caller.shop
        return await replies.keep(
            self.services.db,
            replies.Arriving(
                shop.account, shop.connection, "32470001234", "+32470001234", "8850",
                "I want you to stop", Keyword.MAYBE_STOP, "", clock.now(),
            ),
        )  # fmt: skip

    async def alert(self, state):
        return await self.services.db.fetchval(
            "INSERT INTO alerts (account_id, kind, subject, facts, began_at) VALUES ($1,"
            " 'pool_low', '100001', $2, now()) RETURNING id",
            self.caller.shop.account,
            msgspec.json.encode(Facts("Summer", n=12, of=50)).decode(),
        )

    async def replay(self, state):
        webhook = await self.services.db.fetchval(
            "SELECT max(id) FROM hook_endpoints WHERE account_id = $1", self.caller.shop.account
        )
        body = {"since": "2026-11-23T10:00:00Z"}
        return (await self.call("POST", f"/v4/webhooks/{webhook}/replays", body))["id"]

    async def apikey(self, state):
        return (await self.call("POST", "/v4/keys", {"name": "Till"}))["client_id"]

    async def url(self, state):
        return "http://127.0.0.1:9/hook"


async def connect_mail(services, shop, office):
    settings = {"host": "127.0.0.1", "port": str(office.port), "security": "none",
                "from": "hello@beanleaf.example"}  # fmt: skip
    async with services.db.transaction() as db:
        await connections.add_connection(
            db, services.vault, shop.account, NewConnection(kind="smtp", settings=settings),
            surroundings_of(services),
        )  # fmt: skip
