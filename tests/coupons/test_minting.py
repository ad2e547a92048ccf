import re
from collections import Counter
from datetime import UTC, datetime

from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.sessions.minting import mint
from tearoff.kit.codes import CODE_ALPHABET, SPOKEN_ALPHABET, session_code
from tests.cast import open_shop
from tests.databases import own_services, rows_read

FORM = re.compile(f"[{SPOKEN_ALPHABET}]{{6}}[{CODE_ALPHABET}]{{15}}")


async def test_mints_so_many_different_codes(services, shop):
    found = await campaign(services.db, shop.account, shop.campaign)
    async with services.db.transaction() as db:
        await mint(db, found, 20_000, datetime.now(UTC))
    rows = await services.db.fetch("SELECT code FROM sessions WHERE campaign_id = $1", found.id)
    codes = [row["code"] for row in rows]
    assert len(codes) == len(set(codes)) == 20_000
    assert all(FORM.fullmatch(code) for code in codes)
    for position in range(21):
        letters = Counter(code[position] for code in codes)
        alphabet = SPOKEN_ALPHABET if position < 6 else CODE_ALPHABET
        assert set(letters) == set(alphabet)
        assert max(letters.values()) < 20_000 / len(alphabet) * 2


async def test_a_failure_leaves_nothing(services, shop):
    found = await campaign(services.db, shop.account, shop.campaign)
    try:
        async with services.db.transaction() as db:
            await mint(db, found, 100, datetime.now(UTC))
            raise RuntimeError
    except RuntimeError:
        pass
    n = await services.db.fetchval("SELECT count(*) FROM sessions WHERE campaign_id = $1", found.id)
    assert n == 0


def test_single_codes_have_the_same_form():
    assert all(FORM.fullmatch(session_code()) for _ in range(1_000))


async def test_a_plan_made_when_the_table_was_small_does_no_harm(cluster, settings, worker_id):
    """The first large order of a new installation: never a look through the whole table."""
    async with own_services(cluster, settings, f"tearoff_minting_{worker_id}", size=1) as own:
        shop = await open_shop(own, kind=None)
        found = await campaign(own.db, shop.account, shop.campaign)
        async with own.db.transaction() as work:
            await mint(work, found, 5, datetime.now(UTC))
        await own.db.execute("VACUUM ANALYZE sessions")
        async with own.db.transaction() as work:
            for _ in range(3):
                await mint(work, found, 1_000, datetime.now(UTC))
            assert await rows_read(work, "sessions") < 1_000
