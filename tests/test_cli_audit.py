"""Each command that changes something in an account leaves one row in the audit log."""

import argparse
import getpass
import json
import re

import pytest

from tearoff.accounts import devices, members
from tearoff.accounts.single_sign_on import stored
from tearoff.cli.main import make_parser
from tearoff.kit import clock
from tearoff.messages import replies
from tearoff.people.keywords import Keyword
from tests.api.v4.test_audit import ADDRESS
from tests.test_cli import tearoff  # noqa: F401 (a fixture)
from tests.web.conftest import PICTURE

CHANGES = {
    "account create": ("account.create", "--name", "New", "--email", "new@example.com"),
    "account roll-secret": ("key.roll", "{account}"),
    "account expire": ("account.expire", "{account}", "--never"),
    "account set": ("account.change", "{account}", "--limit-number-hour", "7"),
    "account add-package": ("package.create", "{account}", "--name", "Small"),
    "key create": ("key.create", "{account}", "--name", "Till", "--scopes", "validate"),
    "key roll": ("key.roll", "{account}", "--client-id", "{key}"),
    "key switch": ("key.switch", "{account}", "--client-id", "{key}"),
    "key revoke": ("key.revoke", "{account}", "--client-id", "{key}", "--confirm"),
    "campaign create": ("campaign.create", "{account}", "--name", "C", "--title", "T"),
    "campaign set": ("campaign.change", "{account}", "--campaign", "{campaign}", "--title", "U"),
    "campaign locations": ("campaign.locations", "{account}", "--campaign", "{campaign}",
                           "--set", "-"),
    "campaign picture": ("campaign.picture", "{account}", "--campaign", "{campaign}", str(PICTURE)),
    "campaign import-codes": ("campaign.codes", "{account}", "--campaign", "{campaign}", "{codes}"),
    "campaign drop-code": ("campaign.code_drop", "{account}", "--campaign", "{campaign}",
                           "--code-id", "{code_id}"),
    "campaign add-folder": ("folder.create", "{account}", "--name", "F"),
    "campaign add-category": ("category.create", "{account}", "--name", "C"),
    "location create": ("location.create", "{account}", "--name", "Bruges", "--pin", "new",
                        "--phone", "+3247000{digits}"),
    "location set": ("location.change", "{account}", "--location", "{location}", "--pin", "new"),
    "location remove": ("location.remove", "{account}", "--location", "{location}"),
    "location pair": ("location.pair", "{account}", "--location", "{location}"),
    "location throw-out": ("device.remove", "{account}", "--device", "{device}"),
    "optout add": ("suppression.add", "{account}", "+32470001200"),
    "optout remove": ("suppression.remove", "{account}", "{opted_out}"),
    "optout import": ("suppression.import", "{account}", "{numbers}"),
    "optout review": ("reply.dismiss", "{account}", "--dismiss", "{reply}"),
    "forget": ("person.erase", "{account}", "{opted_out}", "--confirm"),
    "provider add": ("provider.add", "{account}", "--kind", "log"),
    "provider set": ("provider.change", "{account}", "--provider", "{provider}", "--off"),
    "owner link": ("owner.link", "{account}"),
    "owner reset": ("owner.reset", "--account", "{owner}"),
    "single-sign-on open": ("single_sign_on.only", "--account", "{provider_of_sign_ins}"),
    "teammate invite": ("member.invite", "{account}", "--teammate", "{teammate}"),
    "teammate add": ("member.add", "{account}", "--email", "sam@example.com"),
    "teammate signout": ("member.sign_out", "{account}", "--teammate", "{teammate}"),
    "teammate second-step": ("member.second_step", "{account}", "--teammate", "{teammate}"),
    "teammate remove": ("member.remove", "{account}", "--teammate", "{teammate}"),
}  # fmt: skip
"""The verb of each, and what is typed behind it."""

LINKS = {"location.pair", "owner.link", "owner.reset", "member.invite"}
"""Whoever has their addresses comes in."""

CHANGES_NO_ACCOUNT = {
    "serve", "work", "demo", "migrate", "backup", "restore", "upgrade", "doctor", "outbox",
    "robots test", "config", "account packages", "key list", "campaign twins", "campaign list",
    "campaign show", "location list", "location devices", "provider fields", "provider list",
    "provider test", "optout list", "teammate list", "single-sign-on show",
}  # fmt: skip


def leaves(parser, words=()):
    """The words of every command that can be given."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from leaves(below, (*words, name))
            return
    yield " ".join(words)


def test_every_command_is_listed_here():
    assert set(leaves(make_parser())) == set(CHANGES) | CHANGES_NO_ACCOUNT


@pytest.mark.parametrize("command", CHANGES)
async def test_a_command_leaves_one_row(command, tearoff, services, shop, tmp_path):  # noqa: F811
    verb, *words = CHANGES[command]
    things = Things(tearoff, services, shop, tmp_path)
    typed = [word for each in words for word in await things.fill(each)]
    before = await services.db.fetchval("SELECT coalesce(max(id), 0) FROM audit_entries")
    told = tearoff(*command.split(), *typed, "--json")
    account = told["account"] if command == "account create" else shop.account
    (row,) = await services.db.fetch(
        "SELECT * FROM audit_entries WHERE id > $1 AND account_id = $2", before, account
    )
    assert (row["verb"], row["actor_kind"], row["actor_name"]) == (
        verb, "command", getpass.getuser(),
    )  # fmt: skip
    assert row["subject"] or verb == "suppression.import"
    text = json.dumps(dict(row), default=str)
    assert not ADDRESS.search(text), text
    for secret in ("client_secret", "pin", *(["url"] if verb in LINKS else [])):
        if told.get(secret):
            assert str(told[secret]) not in text


class Things:
    """What a command names, made for it."""

    def __init__(self, tearoff, services, shop, folder):  # noqa: F811
        self.tearoff, self.services, self.shop, self.folder = tearoff, services, shop, folder
        self.account = ["--account", str(shop.account)]

    async def fill(self, word):
        name = re.fullmatch(r"\{(\w+)\}", word)
        if name is None:
            return [word.replace("{digits}", "1234")]
        if name[1] == "account":
            return self.account
        return [str(await getattr(self, name[1])())]

    async def key(self):
        made = self.tearoff("key", "create", *self.account, "--name", "x", "--json")
        return made["client_id"]

    async def campaign(self):
        return self.shop.ref

    async def location(self):
        return f"loc_{self.shop.location}"

    async def codes(self):
        return self.file("codes.csv", "CODE-1\nCODE-2\n")

    async def numbers(self):
        return self.file("numbers.csv", "+32470001201\n+32470001202\n")

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    async def code_id(self):
        self.tearoff("campaign", "import-codes", *self.account, "--campaign", self.shop.ref,
                     str(await self.codes()))  # fmt: skip
        return await self.services.db.fetchval(
            "SELECT id FROM pool_codes WHERE campaign_id = $1 LIMIT 1", self.shop.campaign
        )

    async def device(self):
        now = clock.now()
        pairing = await devices.make_pairing(
            self.services.db, self.shop.account, self.shop.location, now
        )
        made, _ = await devices.pair(
            self.services.db, pairing.token, name="Sam", pin="2468", now=now
        )
        return f"dev_{made.id}"

    async def opted_out(self):
        self.tearoff("optout", "add", *self.account, "+32470001203")
        return "+32470001203"

    async def reply(self):
        shop = self.shop
        return await replies.keep(
            self.services.db,
            replies.Arriving(
                shop.account, shop.connection, "32470001234", "+32470001234", "8850",
                "I want you to stop", Keyword.MAYBE_STOP, "", clock.now(),
            ),
        )  # fmt: skip

    async def provider(self):
        return self.shop.connection

    async def owner(self):
        async with self.services.db.transaction() as db:
            owner = await members.ensure_owner(db, self.shop.account)
            # Other shops of these tests have the same address.
            await db.execute("UPDATE members SET accepted_at = now() WHERE id = $1", owner.id)
        return self.shop.account

    async def provider_of_sign_ins(self):
        async with self.services.db.transaction() as db:
            changes = stored.Changes(
                issuer="https://login.example.com", client_id="x", client_secret="y"
            )
            await stored.save(
                db, self.services.settings, self.services.vault, self.shop.account, changes,
                clock.now(),
            )  # fmt: skip
        return self.shop.account

    async def teammate(self):
        made = self.tearoff(
            "teammate", "add", *self.account, "--email",
            f"sam-{self.shop.account}@example.com", "--json",
        )  # fmt: skip
        return made["teammate"]
