"""Whether something may be done with a coupon is decided twice: by `coupons/rules.py`, which tells
why not, and in the moment in which it is done, by the guard of the UPDATE in
`coupons/sessions/updates.py`. Here both are asked of every state that a coupon can be in.

Thousands of coupons are made in one transaction, each statement runs once over all of them, and
all of it is rolled back."""

import itertools
import json
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tearoff.coupons import rules
from tearoff.coupons.models import Doer
from tearoff.coupons.sessions import actions, limits, queries, reservations, updates
from tearoff.coupons.sessions.updates import CHANGES, Use

AT = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
"""The moment that is judged for: a Wednesday."""
HEARD = AT + timedelta(hours=1)
"""When we hear of it. A reservation is judged for this one."""
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
PAUSE = timedelta(seconds=600)
MOMENTS = (None, AT - TICK, AT, AT + TICK)
BOTH = (False, True)
USES = ((0, None), (1, None), (2, None), (1, AT - DAY), (2, AT - DAY))
"""How often it was used, and since when it is used up; also where the campaign's uses were made
more or fewer since."""
HOLDS = (
    (None, None), ("mine", HEARD), ("mine", HEARD + TICK),
    ("other", HEARD - TICK), ("other", HEARD), ("other", HEARD + TICK),
)  # fmt: skip
LIMITS = ("limit_claims", "limit_validations", "limit_day", "limit_location", "limit_person")

OF_CAMPAIGN = {
    "status": ("active",), "starts_at": (None,), "ends_at": (None,), "allowed": (1,),
    "activation": (None,), "pause": (None,), "options": ("{}",), "place": ("here",),
    **dict.fromkeys(LIMITS, (None,)),
}  # fmt: skip
OF_SESSION = {
    "expires_at": (None,), "voided": (False,), "locked": (False,), "used_at": (None,),
    "claimed_at": (None,), "active_until": (None,), "lengthened": (False,), "opened_at": (None,),
    "prize": (None,), "extended": (False,),
}  # fmt: skip
PLAIN = OF_CAMPAIGN | OF_SESSION | {"used": ((0, None),), "hold": ((None, None),)}
"""A coupon that nothing was done with. Below, worlds: every combination of the values named."""

LIFE = PLAIN | {
    "status": ("active", "paused", "archived", "draft"), "starts_at": MOMENTS, "ends_at": MOMENTS,
    "expires_at": MOMENTS, "voided": BOTH, "locked": BOTH, "allowed": (1, 2), "used": USES,
}  # fmt: skip
WINDOWS = PLAIN | {
    "activation": (None, 600), "active_until": MOMENTS, "claimed_at": (None, AT - DAY),
    "lengthened": BOTH, "pause": (None, 600),
    "used_at": (None, AT - PAUSE - TICK, AT - PAUSE, AT - PAUSE + TICK),
    "allowed": (2,), "used": ((0, None), (1, None), (2, AT - DAY)), "expires_at": (None, AT),
}  # fmt: skip
HELD = PLAIN | {
    "hold": HOLDS, "activation": (None, 600), "active_until": (None, AT, AT + DAY),
    "status": ("active", "paused"), "voided": BOTH, "locked": BOTH, "expires_at": (None, AT),
    "place": ("anywhere", "here", "elsewhere"), "allowed": (2,), "used": ((0, None), (1, None)),
}  # fmt: skip
LIMITED = PLAIN | dict.fromkeys(LIMITS, (None, 0, 5)) | {"voided": BOTH}
TOGETHER = PLAIN | {
    "status": ("active", "paused"), "starts_at": (None, AT + TICK), "ends_at": (None, AT),
    "expires_at": (None, AT), "voided": BOTH, "locked": BOTH, "allowed": (2,),
    "used": ((0, None), (1, None), (2, AT - DAY)), "activation": (None, 600),
    "active_until": (None, AT, AT + DAY), "pause": (None, 600), "used_at": (None, AT - TICK),
    "hold": ((None, None), ("other", HEARD + TICK)),
}  # fmt: skip
EXTENDED = PLAIN | {
    "extended": BOTH, "ends_at": MOMENTS, "expires_at": MOMENTS, "starts_at": MOMENTS,
    "status": ("active", "paused"), "voided": BOTH, "used": USES, "hold": HOLDS[:3],
}  # fmt: skip
WORLDS = {
    "extended": EXTENDED, "life": LIFE, "windows": WINDOWS, "held": HELD, "limited": LIMITED,
    "together": TOGETHER,
}  # fmt: skip

CHANGED = PLAIN | {
    "opened_at": (None, AT - DAY), "claimed_at": (None, AT - DAY), "activation": (None, 600),
    "active_until": (None, AT, AT + TICK), "lengthened": BOTH, "voided": BOTH, "locked": BOTH,
    "used": ((0, None), (1, None), (1, AT - DAY)), "allowed": (1, 2), "expires_at": (None, AT),
    "ends_at": (None, AT), "options": ("{}", '{"reactivates": true}', '{"lengthens": false}'),
}  # fmt: skip

WEEKS = (
    [],
    [{"days": [3], "start": "11:00", "end": "13:00"}],  # just opened
    [{"days": [3], "start": "09:00", "end": "11:00"}],  # just closed, open again in a week
)
SCRATCHES = (None, {"prizes": [{"key": "cup", "title": {"en": "Cup"}, "weight": 1}]})
PLAYED = PLAIN | {
    "options": tuple(
        json.dumps({"hours": hours} | ({"scratch": scratch} if scratch else {}))
        for hours in WEEKS
        for scratch in SCRATCHES
    ),
    "prize": (None, "", "cup"), "activation": (None, 600), "active_until": (None, AT, AT + DAY),
    "expires_at": (None, AT, AT + DAY),
}  # fmt: skip
"""Expires with the last closing time before it, too."""

FIRST = 10**15
"""Ids from here on are nobody else's."""


@pytest.mark.parametrize("world", WORLDS)
async def test_a_use_and_a_reservation(services, shop, world):
    async with every_case(services, shop, WORLDS[world]) as cases:
        for asked in ASKED:
            use = Use(
                doer=Doer(location_id=shop.location if asked["at_place"] else None),
                now=HEARD, as_of=AT, if_uses=asked["if_uses"], reservation=asked["reservation"],
            )  # fmt: skip
            won = await cases.won_by(
                updates.validate, cases.campaigns, cases.sessions, use, is_counted=asked["counted"]
            )
            cases.check(won, asked, lambda *case, a=asked: is_used(a, *case))
        won = await cases.won_by(
            updates.reserve, cases.sessions, reservation="new", until=HEARD + DAY, holder="till",
            now=AT,
        )  # fmt: skip
        cases.check(won, {"asked": "reserve"}, is_reserved)


ASKED = [
    {"if_uses": if_uses, "reservation": reservation, "at_place": at_place, "counted": counted}
    for if_uses, reservation, at_place, counted in (
        (None, None, True, True),
        (None, None, False, False),
        (1, None, False, True),
        (None, "mine", True, True),
    )
]
"""Tied to how many uses; by whose reservation; whether a place is told; whether the use is counted
in the limits."""


def is_used(asked, session, campaign, made):
    if asked["reservation"] is None:
        is_free = not session.is_reserved(HEARD)
    else:
        is_free = session.reservation == asked["reservation"] and session.is_reserved(HEARD)
    return (
        rules.why_not_usable(session, campaign, AT) is None
        and is_free
        and asked["if_uses"] in (None, session.uses)
        and not (asked["at_place"] and made["place"] == "elsewhere")
        and (asked["counted"] or not limits.has_use_limits(campaign))
    )


def is_reserved(session, campaign, made):
    return rules.why_not_usable(session, campaign, AT) is None and not session.is_reserved(AT)


async def test_hours_and_scratch_cards(services, shop):
    """The updates do not know them: whoever uses or reserves a coupon asks the rules as well."""
    async with every_case(services, shop, PLAYED) as cases:
        told = {"use": use_one, "reserve": reserve_one}
        for name, do in told.items():
            for both in cases.found:
                wanted = rules.why_not_usable(both.session, both.campaign, AT)
                refusal = await cases.refusal_of(do, both)
                assert type(refusal) is type(wanted), (name, cases.told(both.session))


async def use_one(db, both):
    await actions.validate(db, both, doer=Doer(), now=HEARD, as_of=AT)


async def reserve_one(db, both):
    await reservations.reserve(db, both, seconds=60, holder="till", now=AT)


async def test_a_change(services, shop):
    """What the rules allow is done. What they refuse for the coupon's own sake is not done, also
    where it came to be so after the rules were asked: such a change does not hold the coupon first.
    What they refuse for the campaign's sake is asked once."""
    async with every_case(services, shop, CHANGED) as cases:
        for kind in CHANGES:
            won = await cases.won_by(updates.change, cases.sessions, kind, Doer(), AT)
            asked = {"change": kind}
            cases.check(won, asked, lambda *case, k=kind: is_changed(k, *case))


def is_changed(kind, session, campaign, made):
    if IS_SO[kind](session):
        return False
    if rules.why_not_changed(kind, session, campaign, AT) is None:
        return True
    harmless = replace(
        campaign, status="active", expires_at=None, uses=99, activation_seconds=None,
        raw_options='{"reactivates": true}',
    )  # fmt: skip
    return None if rules.why_not_changed(kind, session, harmless, AT) is None else False


IS_SO = {
    "opened": lambda session: session.opened_at is not None,
    "claimed": lambda session: session.claimed_at is not None,
    "reactivated": lambda session: session.is_active(AT),
    "lengthened": lambda session: session.lengthened or not session.is_active(AT),
    "unclaimed": lambda session: session.claimed_at is None or session.validated_at is not None,
    "unvalidated": lambda session: session.uses == 0,
    "voided": lambda session: session.voided,
    "unvoided": lambda session: not session.voided,
    "locked": lambda session: session.locked,
    "unlocked": lambda session: not session.locked,
}
"""Where there is nothing to change, which is said and is no error."""


class Many:
    """A handle under which a statement about one session is one about many, where a list of ids is
    given in its place. What it does is undone at once; `won` are those that it did it to."""

    def __init__(self, db):
        self.db, self.won = db, None

    async def fetchrow(self, query, *args):
        for number, value in enumerate(args, 1):
            if isinstance(value, list):
                query, n = re.subn(rf"\bid = \${number}\b", f"id = ANY(${number})", query)
                assert n == 1
        async with undone(self.db):
            self.won = {row["id"] for row in await self.db.fetch(query, *args)}


class Cases:
    """Coupons in every state of a world, with what each was made of."""

    def __init__(self, db, account, made, found):
        self.db, self.account, self.made, self.found = db, account, made, found
        self.sessions = [both.session.id for both in found]
        self.campaigns = sorted({both.campaign.id for both in found})

    async def won_by(self, update, *args, **named):
        """The sessions that this function of `updates` changes."""
        many = Many(self.db)
        await update(many, self.account, *args, **named)
        return many.won

    async def refusal_of(self, do, both):
        async with undone(self.db):
            try:
                await do(self.db, both)
            except rules.CannotUse as error:
                return error

    def check(self, won, asked, expected):
        """That the update does what it should, and only that. `expected` gives None where either
        is right."""
        wanted = [
            expected(both.session, both.campaign, self.made[both.session.id]) for both in self.found
        ]
        assert False in wanted
        wrong = [
            {"update": "refuses" if want else "does it"} | asked | self.told(both.session)
            for both, want in zip(self.found, wanted, strict=True)
            if want is not None and want is not (both.session.id in won)
        ]
        some = "\n".join(str(one) for one in wrong[:4])
        assert not wrong, f"{len(wrong)} of {len(wanted)}, such as:\n{some}"

    def told(self, session):
        made = self.made[session.id]
        return {name: str(value) for name, value in made.items() if (value,) != PLAIN[name]}


@asynccontextmanager
async def undone(db):
    transaction = db.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


@asynccontextmanager
async def every_case(services, shop, world):
    async with services.db.connection() as db, undone(db):
        made = await make_all(db, shop, world)
        yield Cases(
            db, shop.account, made, await queries.sessions_of_ids(db, shop.account, list(made))
        )


async def make_all(db, shop, world):
    """What each is made of, by the ids of the sessions."""
    campaigns, sessions, made = {}, [], {}
    for id, values in enumerate(itertools.product(*world.values()), FIRST):
        one = made[id] = dict(zip(world, values, strict=True))
        own = tuple(one[name] for name in OF_CAMPAIGN)
        campaign, _ = campaigns.setdefault(own, (FIRST + len(campaigns), one))
        sessions.append(session_row(id, shop.account, campaign, one))
    await copy(db, "campaigns", [campaign_row(shop.account, *one) for one in campaigns.values()])
    await copy(db, "sessions", sessions)
    other = await db.fetchval(
        "INSERT INTO locations (account_id, name) VALUES ($1, 'Elsewhere') RETURNING id",
        shop.account,
    )
    places = {"here": shop.location, "elsewhere": other}
    rows = [
        {"campaign_id": id, "location_id": places[one["place"]]}
        for id, one in campaigns.values()
        if one["place"] in places
    ]
    await copy(db, "campaign_locations", rows)
    return made


def campaign_row(account, id, one):
    return {
        "id": id, "account_id": account, "code": f"every{id}", "name": "Every state",
        "status": one["status"], "starts_at": one["starts_at"], "expires_at": one["ends_at"],
        "uses": one["allowed"], "activation_seconds": one["activation"],
        "pause_seconds": one["pause"], "raw_options": one["options"],
        **{limit: one[limit] for limit in LIMITS},
    }  # fmt: skip


def session_row(id, account, campaign, one):
    (uses, validated_at), (reservation, reserved_until) = one["used"], one["hold"]
    return {
        "id": id, "account_id": account, "campaign_id": campaign,
        "code": f"{id - FIRST:06}{'x' * 15}", "created_at": AT - 9 * DAY, "uses": uses,
        "validated_at": validated_at, "reservation": reservation, "reserved_until": reserved_until,
        **{name: one[name] for name in OF_SESSION},
    }  # fmt: skip


async def copy(db, table, rows):
    records = [tuple(row.values()) for row in rows]
    await db.copy_records_to_table(table, columns=list(rows[0]), records=records)
