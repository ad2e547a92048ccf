"""An account with something on every screen, and the addresses of all of them: generated from the
list of screens, so that a new one is looked at too."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from tearoff.accounts import devices, kept_lists, members
from tearoff.alerts.models import KINDS, Facts
from tearoff.coupons.campaigns import campaigns, pictures
from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions import actions
from tearoff.kit import clock
from tearoff.kit.services import Services
from tearoff.kit.tables.models import Reading
from tearoff.messages import replies
from tearoff.people import optouts
from tearoff.people.keywords import Keyword
from tearoff.people.optout_lists import ImportedOptouts, OptoutLine
from tearoff.web.coupon.samples import STATES
from tearoff.web.dashboard.routes import SCREENS
from tests.api.caller import Caller
from tests.api.v4.client import Client
from tests.cast import Shop, open_shop
from tests.providers.dialects import ACCOUNT, TOKEN
from tests.web.conftest import Coupon, do, prepared_picture
from tests.web.tills import new_key, open_till

Say = Callable[[str], str]
"""What somebody types into a text field, by what a reasonable person would."""


@dataclass
class Filled:
    """`names`: by the path of a screen up to its parameter, what may stand there."""

    shop: Shop
    names: dict[str, list[Any]] = field(default_factory=dict)
    v4: Any = None

    def addresses(self, path: str) -> list[str]:
        """The addresses of a screen, below the account's. Raises `KeyError` for a screen whose
        parameter nobody has given a value here."""
        return [
            filled + query for filled in self._filled(path) for query in QUERIES.get(path, ("",))
        ]

    def _filled(self, path: str) -> list[str]:
        found = re.search(r"\{\w+:\w+\}", path)
        if found is None:
            return [path.rstrip("/") if path != "/" else ""]
        before, after = path[: found.start()], path[found.end() :]
        whole = [f"{before}{name}{after}" for name in self.names[before]]
        return [one for filled in whole for one in self._filled(filled)]


QUERIES = {
    "/campaigns": ("", "?search=nothing+is+called+so", "?state=archived"),
    "/campaigns/{id:int}/coupons": ("", "?q=nobody"),
    "/coupons": (
        "",
        "?search=ann&state=validated&channel=link",
        "?search=x&differs=true",
        "?from=2020-01-01",
        "?channel=sms",
    ),
    "/campaigns/{id:int}/preview": tuple(f"?state={state}" for state in list(STATES)[:2]),
    "/settings/keeping": ("", "?days=7"),
    "/integrations/new": ("?kind=twilio", "?kind=log", "?kind=smpp", "?kind=smtp"),
    "/opt-outs": ("", "?search=0001", "?source=shop&channel=email", "?search=nobody-is-so"),
    "/opt-outs/remove": ("?address=%2B32470000000",),
    "/replies": ("", "?view=open", "?view=unread", "?search=nothing+like+that"),
    "/send": ("", "?campaign={campaign}"),
    "/settings/address": ("", "?check=1"),
    "/audit/export.csv": ("?about=webhook",),
    "/audit": ("", "?about=campaign&from=2026-01-01", "?about=webhook"),
    "/webhooks/{id:int}": ("", "?state=missed"),
    "/webhooks/{id:int}/replay": ("?since=2020-01-01T00:00",),
}
"""A screen that needs a query, or looks otherwise with one."""


def pages(filled: Filled) -> list[str]:
    """Of all screens that are asked for."""
    found = [a for s in SCREENS if s.method == "GET" for a in filled.addresses(s.path)]
    found = [address.replace("{campaign}", str(filled.shop.campaign)) for address in found]
    return list(dict.fromkeys(found))


def plainly(text: str) -> str:
    return text


async def fill(
    services: Services, http: Any, url: str, *, say: Say = plainly, rows: int = 1, address: str = ""
) -> Filled:
    """`rows`: how many there are of everything that stands in a list; `address`: what is typed
    where an address of the web belongs and anything is taken."""
    shop = await open_shop(
        services, account={"country": "BE", "name": say("Bean & Leaf"), "brand": say("Bean")},
        campaign=_campaign(say),
    )  # fmt: skip
    filled = Filled(shop, v4=Client(Caller(http, url, shop)))
    await _campaigns(filled, services, say, rows)
    await _coupons(filled, services, http, url, say, rows)
    await _messages(filled, services, say, rows)
    await _places(filled, services, http, url, say, rows)
    await _providers(filled, services, say, rows)
    await _keys(filled, say, rows)
    await _alerts(filled, services, say, rows)
    await _webhooks(filled, services, say, rows, address)
    await _opted_out(filled, services, say, rows)
    await _replies(filled, services, say, rows)
    await _team(filled, services, say, rows)
    await _sign_ins(filled, services, say)
    await _ok(filled.v4.patch(f"/v4/campaigns/{shop.campaign}", {"scratch": {
        "prizes": [{"key": "cup", "title": {"en": say("A cup")}, "weight": 1, "amount": 50}],
        "blank_weight": 9, "blank_text": {"en": say("Next time!")},
    }}))  # fmt: skip
    filled.names["/campaigns/examples/"] = [
        one["name"] for one in (await _ok(filled.v4.get("/v4/examples")))["data"]
    ][:1]
    return filled


async def _alerts(filled: Filled, services: Services, say: Say, rows: int) -> None:
    """Of every kind, standing, put away and over."""
    now = clock.now()
    facts = Facts(say("Summer"), n=8_000_000, of=10_000_000, at=now, reason=say("No credit"))
    text = msgspec.json.encode(facts).decode()
    for kind in KINDS:
        for n in range(3 * rows):
            away, over = (now if n % 3 == 1 else None), (now if n % 3 == 2 else None)
            await services.db.execute(
                "INSERT INTO alerts (account_id, kind, subject, facts, began_at, put_away_at,"
                " ended_at) VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)",
                filled.shop.account, kind, str(n), text, now - timedelta(hours=1), away, over,
            )  # fmt: skip


async def _ok(asked: Any) -> Any:
    answer = await asked
    assert answer.status < 300, answer.text
    return answer.body


def _campaign(say: Say) -> dict[str, Any]:
    texts = {
        "name": "Two for one", "title": "2-for-1 cappuccino", "subtitle": "All autumn",
        "description": "Bring somebody along.", "terms": "One for each visit.",
        "value": "Second cup free", "brand": "Bean & Leaf",
    }  # fmt: skip
    return {name: say(text) for name, text in texts.items()} | {
        "message_text": say("Your coffee:") + " {link}",
        "limit_sessions": 100_000,
    }


async def _campaigns(filled: Filled, services: Services, say: Say, rows: int) -> None:
    """The shop's own has an imported pool, a form, a scratch card, a picture and another language;
    there is one of every state, and a template."""
    v4, shop, own = filled.v4, filled.shop, f"/v4/campaigns/{filled.shop.campaign}"
    await pictures.put_picture(
        services.db, shop.account, shop.campaign, prepared_picture(), say("Two cups")
    )
    await _ok(v4.patch(own, {
        "code_source": "own", "methods": ["pin", "code"],
        "form": {
            "fields": [{"name": "phone", "required": True, "label": {"en": say("Your number")}}],
            "consents": [{"key": "news", "text": {"en": say("Send me news.")}, "required": True}],
        },
        "texts": {"nl": {"title": say("Twee voor één"), "terms": say("Eén per bezoek.")}},
        "withdrawn_text": say("Back in May."), "limit_text": say("All gone."),
        "tags": [say("drinks").lower().replace(",", "")[:50]],
        "customid": say("autumn")[:50],
    }))  # fmt: skip
    codes = "".join(f"{say('A').replace(',', ';')}-{n}\n" for n in range(4 * rows + 10))
    await _ok(v4.call(
        "POST", f"{own}/codes", data=f"code\n{codes}", extra={"Content-Type": "text/csv"},
    ))  # fmt: skip
    for state in ("draft", "paused"):
        await _ok(v4.post("/v4/campaigns", {"name": say(f"A {state} one"), "status": state}))
    ended = {"name": say("An old one"), "expires_at": "2025-01-01T00:00:00Z", "status": "active"}
    await _ok(v4.post("/v4/campaigns", ended))
    for n in range(rows):
        await _ok(v4.post("/v4/campaigns", {"name": say(f"One more {n}"), "status": "active"}))
        await _ok(v4.post(f"{own}/template", {"name": say(f"For the shops {n}")}))
    filled.names["/campaigns/"] = [shop.campaign]


async def _coupons(
    filled: Filled, services: Services, http: Any, url: str, say: Say, rows: int
) -> None:
    """Ready, opened, used, cancelled and locked ones, of somebody each; three have been asked for
    by robots. The first has a long line of what happened to it."""
    shop, db = filled.shop, services.db
    campaign = await campaigns.campaign(db, shop.account, shop.campaign)
    made = []
    for n in range(max(rows, 4)):
        new = NewSession(
            firstname=say("Ann"), lastname=say("Peeters"), phone=f"+3247000{n:04d}",
            email=f"ann{n}@example.com", customid=say(f"K-{n}")[:50],
            customfields=(say("window seat"), *[None] * 6), utm=(say("flyer"), *[None] * 4),
        )  # fmt: skip
        async with db.transaction() as work:
            issued = await actions.issue_session(work, campaign, new, now=clock.now())
        made.append(Coupon(shop, issued.code, services, http, url))
    await made[1].get(user_agent=say("WhatsApp/2.24"))
    for coupon, kind in zip(made[1:], ("validated", "voided", "locked"), strict=False):
        await do(coupon, kind)
    for _ in range(rows):
        for kind in ("locked", "unlocked"):
            reason = {"reason": say("Seen on a forum")[:200]}
            await _ok(filled.v4.post(f"/v4/sessions/{made[0].code}/{kind}", reason))
    filled.names["/coupons/"] = [coupon.code for coupon in made[:3]]
    shop.more["coupons"] = made


async def _messages(filled: Filled, services: Services, say: Say, rows: int) -> None:
    """One that arrived, and one that the provider refused in its own words."""
    sent = []
    for n in range(max(rows, 2)):
        body = {
            "campaign": filled.shop.campaign, "phone": f"+3247000{5000 + n}",
            "text": say("Two for one:") + " {link}", "firstname": say("Bo"),
        }  # fmt: skip
        sent.append((await _ok(filled.v4.post("/v4/messages", body)))["id"])
    first = filled.shop.more["coupons"][0].code
    for n in range(rows):
        again = {"campaign": filled.shop.campaign, "phone": "+32470000000", "session": first,
                 "text": say(f"Once more {n}:") + " {link}"}  # fmt: skip
        await _ok(filled.v4.post("/v4/messages", again))
    await services.db.execute(
        "UPDATE messages SET state = 'failed', settled_at = now(), reason = 'other',"
        " reason_text = $2 WHERE id = $1",
        sent[1], say("Mailbox full"),
    )  # fmt: skip
    filled.names["/messages/"] = sent[:2]


async def _places(
    filled: Filled, services: Services, http: Any, url: str, say: Say, rows: int
) -> None:
    """A location with hours, a device, an open pairing and a scan that had a conflict."""
    v4, shop, db = filled.v4, filled.shop, services.db
    await _ok(v4.patch(f"/v4/locations/{shop.location}", {
        "name": say("Ghent"), "street": say("Korenmarkt 1"), "city": say("Ghent"), "zip": "9000",
        "country": "BE", "hours": [{"days": [1, 2, 3], "start": "08:00", "end": "18:00"}],
    }))  # fmt: skip
    for n in range(rows):
        await _ok(v4.post("/v4/locations", {"name": say(f"Branch {n}")}))
        await open_till(services, http, url, shop)
    till = await open_till(services, http, url, shop)
    await db.execute("UPDATE devices SET name = $2 WHERE account_id = $1", shop.account, say("Sam"))
    for coupon in shop.more["coupons"][: 2 + rows]:
        await till.check(coupon.code)
        await till.call("redeem", {"key": new_key(), "code": coupon.code})
    pairing = await devices.make_pairing(db, shop.account, shop.location, clock.now())
    filled.names["/locations/"] = [shop.location]
    filled.names[f"/locations/{shop.location}/pairings/"] = [pairing.id]


async def _providers(filled: Filled, services: Services, say: Say, rows: int) -> None:
    """One that works, and one that has failed since an hour."""
    made = []
    for n in range(rows):
        made.append((await _ok(filled.v4.post("/v4/providers", {
            "kind": "twilio", "name": say(f"Twilio {n}")[:100],
            "settings": {
                "account_sid": ACCOUNT, "auth_token": TOKEN, "sender": f"+1201555{1000 + n}",
            },
        })))["id"])  # fmt: skip
    await services.db.execute(
        "UPDATE connections SET last_error = $2, failing_since = now() WHERE id = $1",
        made[0], say("Authenticate"),
    )  # fmt: skip
    filled.names["/integrations/"] = [filled.shop.connection, made[0]]


async def _keys(filled: Filled, say: Say, rows: int) -> None:
    for n in range(rows):
        made = await _ok(
            filled.v4.post("/v4/keys", {"name": say(f"Web shop {n}")[:100], "scopes": ["read"]})
        )
    filled.names["/api/keys/"] = [made["client_id"]]


async def _webhooks(filled: Filled, services: Services, say: Say, rows: int, address: str) -> None:
    """One that works, one that fails since an hour, one that was switched off; a replay of what the
    last one missed. Nobody listens there."""
    v4, db, made = filled.v4, services.db, []
    url = address or "http://127.0.0.1:9/hook"
    for n in range(min(rows + 2, 20)):
        body = {"url": url, "description": say(f"Till {n}")[:200], "events": [
            "coupon_distributed", "coupon_voided"]}  # fmt: skip
        made.append((await _ok(v4.post("/v4/webhooks", body)))["id"])
    event = (await _ok(v4.post(f"/v4/webhooks/{made[0]}/test")))["event"]
    await db.execute(
        "UPDATE hook_endpoints SET failing_since = now() - interval '1 hour' WHERE id = $1", made[1]
    )
    for _ in range(rows):
        replay = await _ok(
            v4.post(f"/v4/webhooks/{made[0]}/replays", {"since": "2020-01-01T00:00:00Z"})
        )
    await _ok(v4.patch(f"/v4/webhooks/{made[2]}", {"active": False}))
    missed = {"campaign": filled.shop.ref, "firstname": say("Ann")}
    await _ok(v4.caller.post("/v3/singleuse/create", missed))
    await db.execute(
        # Tried, whether or not a worker has come to it by now.
        "UPDATE hook_deliveries SET last_answer = $2, last_status = 500, last_head = $2,"
        " tries = greatest(tries, 1), last_at = coalesce(last_at, now()) WHERE endpoint_id = $1",
        made[0], say("Oops"),
    )  # fmt: skip
    filled.names["/webhooks/"] = [made[0], *made[1:3]]
    for id in made[:3]:
        filled.names[f"/webhooks/{id}/deliveries/"] = []
        filled.names[f"/webhooks/{id}/replays/"] = []
    filled.names[f"/webhooks/{made[0]}/deliveries/"] = [event]
    filled.names[f"/webhooks/{made[0]}/replays/"] = [replay["id"]]


async def _opted_out(filled: Filled, services: Services, say: Say, rows: int) -> None:
    """Some by themselves, some by the shop, and two lists: one that waits and one that was put."""
    db, account = services.db, filled.shop.account
    for n in range(max(rows, 2)):
        address = f"+3247000{n:04d}" if n % 2 else f"ann{n}@example.com"
        await _ok(filled.v4.post("/v4/suppressions", {"address": address, "reason": say("Asked")}))
        async with db.transaction() as work:
            await optouts.add(work, account, f"+3247000{n:04d}", source="reply", now=clock.now())
    file = (
        f"phone,{say('name').replace(',', ' ')}\n+32470004001,{say('Bo').replace(',', ' ')}\n?,x\n"
    )
    sealed = kept_lists.seal(services.vault, file.encode())
    words = [await kept_lists.keep(db, account, sealed, clock.now()) for _ in range(2)]
    line = OptoutLine(3, say("nobody"), say("?"))
    done = ImportedOptouts(
        2, 1, 0, 0, 1, [line], [], Reading("csv", "", ",", "", True, "phone", "")
    )
    sealed = kept_lists.seal(services.vault, msgspec.json.encode(done))
    await kept_lists.finish(db, account, words[1], sealed)
    filled.names["/opt-outs/import/"] = words


async def _replies(filled: Filled, services: Services, say: Say, rows: int) -> None:
    """One of each kind that people write, one of whom nobody knows who it was, and what could not
    be read."""
    shop, texts = filled.shop, list(Keyword)
    for n in range(max(rows, len(texts) + 1)):
        phone = None if n == len(texts) else f"+3247000{n:04d}"
        arriving = replies.Arriving(
            shop.account, shop.connection, say("32470001234"), phone, say("8850")[:100],
            say("so, stop?"), texts[n % len(texts)] if phone else Keyword.STOP, "", clock.now(),
        )  # fmt: skip
        await replies.keep(services.db, arriving)
        await services.db.execute(
            "WITH a AS (INSERT INTO arrivals (account_id, connection_id, key, kind, raw,"
            " received_at, handled_at, result) VALUES ($1, $2, $3, 'link', $4, now(), now(),"
            " 'unreadable') RETURNING account_id, id, received_at)"
            " INSERT INTO unread_arrivals SELECT * FROM a",
            shop.account, shop.connection, f"unread {n}", say("from=nobody").encode(),
        )  # fmt: skip


async def _team(filled: Filled, services: Services, say: Say, rows: int) -> None:
    """Somebody who is in, with a second step; somebody whose invitation's mail was refused."""
    made = []
    for n in range(max(rows, 2)):
        made.append((await _ok(filled.v4.post("/v4/members", {
            "email": f"bo{n}.{filled.shop.account}@example.com", "role": "staff",
            "first_name": say("Bo")[:100], "last_name": say("Peeters")[:100],
        })))["id"])  # fmt: skip
    await services.db.execute(
        "UPDATE invitations SET mail_state = 'failed', mail_reason = $2 WHERE member_id = $1",
        made[0], say("User unknown")[:300],
    )  # fmt: skip
    await services.db.execute("UPDATE members SET accepted_at = now() WHERE id = $1", made[1])
    await services.db.execute(
        "UPDATE people SET totp_secret_sealed = 'x'::bytea WHERE id ="
        " (SELECT person_id FROM members WHERE id = $1)",
        made[1],
    )
    filled.names["/team/"] = made[:2]


async def _sign_ins(filled: Filled, services: Services, say: Say) -> None:
    """A provider by which an owner has come in."""
    await _ok(filled.v4.patch("/v4/single-sign-on", {
        "issuer": "https://login.example.com/bean-leaf", "client_id": say("tearoff")[:200],
        "client_secret": "s3cret", "name": say("Bean & Leaf ID")[:60], "role_claim": "groups",
        "roles": {say("managers")[:200]: "manager"},
    }))  # fmt: skip
    account = filled.shop.account
    async with services.db.transaction() as db:
        owner = await members.ensure_owner(db, account)
        await db.execute(
            "INSERT INTO single_sign_on_people (account_id, subject_mark, member_id, owner_at,"
            " last_at) VALUES ($1, 'x', $2, now(), now())",
            account,
            owner.id,
        )


async def own_all(services: Services, person: Any, say: Say = plainly) -> None:
    """As if they had come with their password and not by a link, and had begun a second step: its
    page is there from then on; and have a passkey."""
    await services.db.execute("UPDATE sign_ins SET only_account_id = NULL")
    await services.db.execute(
        "INSERT INTO passkeys (person_id, credential_id, site, public_key, sign_count, user_handle,"
        " transports, name, created_at) SELECT DISTINCT person_id, decode(md5(person_id::text),"
        " 'hex'), 'old.example.com', ''::bytea, 0, ''::bytea, '{}'::text[], $1::text, now()"
        " FROM sign_ins"
        " ON CONFLICT DO NOTHING", say("My phone"),
    )  # fmt: skip
    await person.post("/profile/second-step/start", {})
