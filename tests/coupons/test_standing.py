"""How a coupon stands is said by Python for one and by the database for many; and `rules.py` says
whether it can be used. All are asked of every combination of what they look at, in one transaction
that is rolled back."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons import rules
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.rules import State
from tearoff.coupons.sessions import finding
from tearoff.coupons.sessions.finding import Wanted
from tearoff.coupons.sessions.standing import STANDINGS, standing_of

AT = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ENDS = (None, AT - TICK, AT, AT + TICK)
BOTH = (False, True)
SCRATCH = '{"scratch": {"prizes": [{"key": "cup", "title": {}, "weight": 1}]}}'

OF_CAMPAIGN = tuple(itertools.product((1, 2), ENDS, ("{}", SCRATCH, '{"scratch": null}')))
OF_SESSION = tuple(itertools.product(
    ((0, None), (1, None), (2, None), (1, AT)), ENDS, BOTH, BOTH, (None, "", "cup"),
    ((None, None), (AT, None), (AT, AT)), BOTH,
))  # fmt: skip


@pytest.fixture
async def every(services, shop):
    """Thousands of coupons, one of each kind in each campaign."""
    async with services.db.connection() as db:
        transaction = db.transaction()
        await transaction.start()
        for n, (uses, ends, options) in enumerate(OF_CAMPAIGN):
            campaign = await db.fetchval(
                "INSERT INTO campaigns (account_id, code, status, name, title, created_at, uses,"
                " expires_at, raw_options) VALUES ($1, $2, 'active', 'x', 'x', now(), $3, $4, $5)"
                " RETURNING id", shop.account, f"every{n}", uses, ends, options,
            )  # fmt: skip
            await db.executemany(
                "INSERT INTO sessions (account_id, campaign_id, code, created_at, uses,"
                " validated_at, expires_at, voided, locked, prize, opened_at, claimed_at,"
                " extended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                [
                    (shop.account, campaign, f"{n:02d}{i:04d}{'x' * 15}", AT + i * TICK, *used, end,
                     voided, locked, prize, *seen, extended)
                    for i, (used, end, voided, locked, prize, seen, extended)
                    in enumerate(OF_SESSION)
                ],
            )  # fmt: skip
        yield db
        await transaction.rollback()


async def all_of(db, account, wanted, limit=4_000):
    found, after = [], None
    while True:
        page = await finding.find(db, account, wanted, AT, after=after, limit=limit)
        found += page.sessions
        after = page.after
        if after is None:
            return found


async def test_the_filter_is_what_each_says(every, shop):
    both = await all_of(every, shop.account, Wanted())
    assert len(both) == len(OF_CAMPAIGN) * len(OF_SESSION)
    said = {one.session.id: standing_of(one.session, one.campaign, AT) for one in both}
    assert set(said.values()) == set(STANDINGS)
    for state in STANDINGS:
        found = [one.session.id for one in await all_of(every, shop.account, Wanted(state=state))]
        assert found == [one.session.id for one in both if said[one.session.id] == state]


async def test_it_is_as_the_rules_say(every, shop):
    """Nothing stands as redeemed, expired or blocked that the rules would let pass, or the other
    way round."""
    for one in await all_of(every, shop.account, Wanted()):
        said = standing_of(one.session, one.campaign, AT)
        ruled = rules.state_of(one.session, one.campaign, AT)
        assert (said == "validated") == (ruled == State.USED)
        if said in ("created", "opened", "claimed"):
            assert ruled in (State.READY, State.UNPLAYED)
        if said == "expired":
            assert ruled == State.EXPIRED
        if said == "locked":
            assert ruled == State.WITHDRAWN
        if said == "voided":
            lost = one.session.has_lost(one.campaign) and not one.session.voided
            assert ruled == State.WITHDRAWN or (lost and ruled in (State.NO_PRIZE, State.EXPIRED))


@pytest.mark.parametrize("few", [0, 5_000])
async def test_stretches_join(services, shop, monkeypatch, few):
    """However short a look is, page behind page gives the whole list, and each is bounded."""
    monkeypatch.setattr(finding, "STRETCH", 7)
    monkeypatch.setattr(finding, "STRETCHES", 2)
    monkeypatch.setattr(finding, "FEW", few)
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)
    for n in range(60):
        await services.db.execute(
            "INSERT INTO sessions (account_id, campaign_id, code, created_at, opened_at, locked)"
            " VALUES ($1, $2, $3, $4, $5, $6)", shop.account, campaign.id,
            f"{n:06d}{'s' * 15}", AT + (n // 2) * TICK, AT if n % 13 == 0 else None, n % 20 == 0,
        )  # fmt: skip
    for wanted, count in (
        (Wanted(), 60), (Wanted(state="opened"), 4), (Wanted(state="locked"), 3),
        (Wanted(campaign_id=campaign.id), 60), (Wanted(since=AT + 5 * TICK), 50),
        (Wanted(until=AT + 5 * TICK, state="created"), 9), (Wanted(channel="sms"), 0),
    ):  # fmt: skip
        for limit in (1, 5, 200):
            found = await all_of(services.db, shop.account, wanted, limit)
            places = [(one.session.created_at, one.session.id) for one in found]
            assert len(found) == count, wanted
            assert places == sorted(places, reverse=True)
