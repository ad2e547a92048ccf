"""Replies: who wrote them, what they mean, and that none is lost."""

import asyncio

import msgspec
import pytest

from tearoff.cli.findings_replies import of_replies, of_reports, of_twins
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions.actions import issue_session
from tearoff.distribution.events import tell
from tearoff.kit import clock
from tearoff.kit.phone import phone_key
from tearoff.messages import arrivals, connections, queries, replies, reply_pages
from tearoff.people import optouts
from tearoff.people import queries as people
from tearoff.providers.base import Arrived, Receipt, ReceiptState, Reply
from tests.running import PATIENCE

counted = iter(range(1_000_000))


async def arrive(services, shop, **what):
    """Store it as a standing link does, and read it now. Gives what came of it."""
    id_ = await store(services, shop, **what)
    return await read(services, id_, lambda result: result)


async def store(services, shop, **what):
    """As a standing link does. Gives the arrival's id."""
    key = f"k{next(counted)}"
    arrived = Arrived(key=key, raw="", **what)
    connection = await connections.connection(services.db, shop.connection)
    async with services.db.transaction() as db:
        await arrivals.store(db, connection, "link", [arrivals.of_link(arrived)], clock.now())
    return await services.db.fetchval(
        "SELECT id FROM arrivals WHERE connection_id = $1 AND key = $2", shop.connection, key
    )


async def read(services, id_, is_done):
    """As the worker does, for the last time (that of the tests' server may be faster; then its
    reading counts)."""
    job = msgspec.json.encode(arrivals.ToRead([id_], len(arrivals.WAITS)))
    async with asyncio.timeout(PATIENCE):
        while True:
            await arrivals.read_arrivals(services, job, tell=tell)
            if is_done(result := await result_of(services, id_)):
                return result
            await asyncio.sleep(0.05)


async def result_of(services, id_):
    return await services.db.fetchval("SELECT result FROM arrivals WHERE id = $1", id_)


async def in_country(services, shop, *, connection=None, account=None):
    await services.db.execute(
        "UPDATE connections SET country = $2 WHERE id = $1", shop.connection, connection
    )
    await services.db.execute(
        "UPDATE accounts SET country = $2 WHERE id = $1", shop.account, account
    )


@pytest.mark.parametrize(
    ("sender", "ton", "connection", "account", "e164"),
    [
        ("32470001000", 1, None, None, "+32470001000"),
        ("0032470001001", 0, None, None, "+32470001001"),
        ("0470001002", 2, "BE", None, "+32470001002"),
        ("0470001003", 0, None, "BE", "+32470001003"),
        ("470001004", 2, None, "BE", "+32470001004"),
        ("0470001005", 0, "BE", "FR", "+32470001005"),
        ("5215512345678", 1, None, None, "+525512345678"),
        ("541123456789", 1, None, None, "+5491123456789"),
        ("551187654321", 0, None, None, "+5511987654321"),
    ],
)
async def test_stop_reaches_the_list_however_the_sender_is_written(
    services, shop, sender, ton, connection, account, e164
):
    await in_country(services, shop, connection=connection, account=account)
    reply = Reply(sender=sender, to="8850", text="Stop please", written=sender, ton=ton)
    assert await arrive(services, shop, reply=reply) == "reply_stop"
    assert await optouts.is_opted_out(services.db, shop.account, e164)
    (kept,) = await reply_pages.page(services.db, shop.account, reply_pages.Asked(), None, 10)
    assert (kept.sender, kept.keyword, kept.state) == (sender, "stop", "done")
    assert phone_key(kept.phone) == phone_key(e164)
    start = Reply(sender=sender, to="8850", text="START", written=sender, ton=ton)
    assert await arrive(services, shop, reply=start) == "reply_start"
    assert not await optouts.is_opted_out(services.db, shop.account, e164)


async def test_digits_of_two_countries_are_whom_the_account_knows(services, shop):
    await in_country(services, shop, account="US")
    found = await campaigns.campaign(services.db, shop.account, shop.campaign)
    async with services.db.transaction() as db:
        egyptian = NewSession(phone="+2015550123")
        await issue_session(db, found, egyptian, now=clock.now())
    reply = Reply(sender="2015550123", to="8850", text="STOP", written="2015550123")
    await arrive(services, shop, reply=reply)
    assert await optouts.is_opted_out(services.db, shop.account, "+2015550123")
    assert not await optouts.is_opted_out(services.db, shop.account, "+12015550123")


@pytest.mark.parametrize("sender", ["BANK", "36111", "0470001234", ""])
async def test_what_cannot_be_read_is_kept_and_open(services, shop, sender):
    reply = Reply(sender=sender, to="8850", text="STOP\0", written=sender)
    assert await arrive(services, shop, reply=reply) == "reply_from_no_number"
    (kept,) = await reply_pages.page(
        services.db, shop.account, reply_pages.Asked(state="open"), None, 10
    )
    assert (kept.sender, kept.phone, kept.text, kept.keyword) == (sender, None, "STOP", "stop")


async def test_neither_receipt_nor_reply_is_counted(services, shop):
    assert await arrive(services, shop) == "unreadable"


async def test_words_that_the_database_cannot_keep_stop_nothing(services, shop):
    reply = Reply(sender="+32470001010", to="88\x0050", text="ST\0OP")
    assert await arrive(services, shop, reply=reply) == "reply_stop"
    assert await optouts.is_opted_out(services.db, shop.account, "+32470001010")


@pytest.mark.parametrize(
    ("answered", "reported"),
    [
        ("beb0afe1-570a", "BEB0AFE1-570A"),
        ("BEB0AFE1-570A", "beb0afe1-570a"),
        ("SAR-234-1eedf843-2-1", "SAR-234-1EEDF843-2-1"),
        ("aB3dE", "ab3de"),
    ],
)
@pytest.mark.parametrize("parts", [1, 2])
async def test_an_id_in_other_letter_case_fits(services, shop, answered, reported, parts):
    ids = [answered, f"{answered}x"][:parts]
    message_id = await accepted(services, shop, ids)
    for name in [reported, f"{reported}x"][:parts]:
        receipt = Receipt(state=ReceiptState.DELIVERED, provider_id=name)
        await arrive(services, shop, receipt=receipt)
    message = await queries.message(services.db, message_id)
    assert message.state == "delivered"


@pytest.mark.parametrize("parts", [1, 2])
async def test_the_exact_id_comes_first(services, shop, parts):
    one = await accepted(services, shop, ["aB1", "aB2"][:parts])
    other = await accepted(services, shop, ["Ab1", "Ab2"][:parts])
    for name in ["aB1", "aB2"][:parts]:
        await arrive(
            services, shop, receipt=Receipt(state=ReceiptState.DELIVERED, provider_id=name)
        )
    assert (await queries.message(services.db, one)).state == "delivered"
    assert (await queries.message(services.db, other)).state == "accepted"


async def accepted(services, shop, ids):
    message_id = await services.db.fetchval(
        "INSERT INTO messages (account_id, connection_id, recipient, text, encoding, segments,"
        " state, created_at) VALUES ($1, $2, '+32470001000', 'long', 'GSM-7', 1, 'submitting',"
        " now()) RETURNING id",
        shop.account,
        shop.connection,
    )
    await queries.accept(services.db, message_id, ids, "", clock.now(), find_by_id=True)
    return message_id


async def test_a_receipt_of_a_lost_answer_names_the_number_nationally(services, shop):
    await in_country(services, shop, connection="BE")
    message_id = await services.db.fetchval(
        "INSERT INTO messages (account_id, connection_id, recipient, text, encoding, segments,"
        " state, created_at) VALUES ($1, $2, '+32470001099', 'x', 'GSM-7', 1, 'submitting',"
        " now()) RETURNING id",
        shop.account,
        shop.connection,
    )
    await queries.leave_unknown(services.db, message_id, "lost", "", clock.now())
    receipt = Receipt(state=ReceiptState.DELIVERED, provider_id="never seen", to="0470001099")
    assert await arrive(services, shop, receipt=receipt) == "delivered"


async def test_old_replies_go_and_open_ones_stay(services, shop):
    for text in ("hello", "so, stop?"):
        await arrive(services, shop, reply=Reply(sender="+32470001011", to="8850", text=text))
    await services.db.execute(
        "UPDATE replies SET received_at = now() - interval '100 days' WHERE account_id = $1",
        shop.account,
    )
    await replies.sweep(services.db, clock.now())
    left = await reply_pages.page(services.db, shop.account, reply_pages.Asked(), None, 10)
    assert [one.text for one in left] == ["so, stop?"]


async def test_the_operator_is_told_of_what_waits_and_of_twins(services, shop):
    await arrive(services, shop, reply=Reply(sender="+32470001012", to="8850", text="so, stop?"))
    ids = [
        await services.db.fetchval(
            "INSERT INTO contacts (account_id, phone) VALUES ($1, $2) RETURNING id",
            shop.account,
            phone,
        )
        for phone in ("+541123456700", "+5491123456700", "+541123456701")
    ]
    assert (shop.account, 1) in await reply_pages.count_open(services.db, 1_000)
    found = [t for t in await people.twins(services.db, 1_000) if t[0] == shop.account]
    assert found == [(shop.account, ids[0], ids[1])]
    told = [f.text for f in await of_replies(services) + await of_twins(services)]
    assert told


async def test_stop_counts_from_the_moment_in_which_it_is_acknowledged(services, shop):
    """No worker needs to run: the service is told when it is done, not that it will be."""
    number = "+32470001777"
    for words, expected in (("STOP", True), ("START", False), ("Stop!", True)):
        await store(services, shop, reply=Reply(number, "36111", words))
        assert await optouts.is_opted_out(services.db, shop.account, number) is expected


async def say(services, shop, words, *, key="", id_="", sender="+32470001781"):
    """A report with this key, as its service repeats it."""
    connection = await connections.connection(services.db, shop.connection)
    reply = Reply(sender, "36111", words, id_)
    arrived = Arrived(key=key or words, raw="", reply=reply)
    async with services.db.transaction() as db:
        await arrivals.store(db, connection, "link", [arrivals.of_link(arrived)], clock.now())
    return await optouts.is_opted_out(services.db, shop.account, sender)


async def texts_of(services, shop):
    return [
        one.text
        for one in await reply_pages.page(services.db, shop.account, reply_pages.Asked(), None, 20)
    ][::-1]


async def test_the_same_word_written_again_counts_again(services, shop):
    """A service that gives no id reports the second STOP in the very words of the first."""
    assert [await say(services, shop, w) for w in ("STOP", "START", "STOP")] == [True, False, True]
    assert await texts_of(services, shop) == ["STOP", "START", "STOP"]
    assert await say(services, shop, "STOP")  # its answer was lost: a repetition
    assert len(await texts_of(services, shop)) == 3
    await services.db.execute(
        "UPDATE replies SET received_at = now() - interval '11 minutes' WHERE account_id = $1",
        shop.account,
    )
    assert await say(services, shop, "STOP")
    assert len(await texts_of(services, shop)) == 4


async def test_what_has_an_id_counts_once_however_it_is_told(services, shop):
    """An old STOP that a service tells once more, with its counter of tries, undoes no START."""
    said = [("STOP", "1", "a"), ("START", "2", "b"), ("STOP", "3", "a"), ("STOP", "1", "a")]
    told = [await say(services, shop, words, key=key, id_=id_) for words, key, id_ in said]
    assert told == [True, False, False, False]
    assert await texts_of(services, shop) == ["STOP", "START"]
    # Another person's message may have the same id.
    assert await say(services, shop, "STOP", key="5", id_="a", sender="+32470001782")


async def test_many_at_once_of_few_people(services, shop):
    """In whatever order they come: one for each person and id, and none waits in a ring."""
    people = [f"+3247000179{n}" for n in range(5)]

    async def batch(turn):
        connection = await connections.connection(services.db, shop.connection)
        lot = [
            arrivals.of_link(
                Arrived(
                    key=f"{turn}-{who}",
                    raw="",
                    reply=Reply(who, "36111", f"STOP {turn % 3}", f"{who}{turn % 3}"),
                )
            )
            for who in (people if turn % 2 else people[::-1])
        ]
        async with services.db.transaction() as db:
            await arrivals.store(db, connection, "link", lot, clock.now())

    await asyncio.gather(*(batch(turn) for turn in range(24)))
    assert (
        len(await reply_pages.page(services.db, shop.account, reply_pages.Asked(), None, 100)) == 15
    )


async def test_replies_beside_receipts_are_taken_in_once(services, shop):
    """One report with both: the receipt waits for its message, the STOP for nothing."""
    reply = Reply("+32470001778", "36111", "STOP")
    receipt = Receipt(state=ReceiptState.DELIVERED, provider_id="of-nobody")
    id_ = await store(services, shop, reply=reply, receipt=receipt)
    assert await optouts.is_opted_out(services.db, shop.account, reply.sender)
    await read(services, id_, lambda result: result == "unmatched,reply_stop")
    found = await reply_pages.page(services.db, shop.account, reply_pages.Asked(), None, 10)
    assert [one.text for one in found] == ["STOP"]


async def test_a_reply_that_cannot_be_taken_in_now_is_kept(services, shop):
    """What breaks while it is read is neither lost nor sent back to the service."""
    reply = Reply("+32470001779", "36111", "STOP")
    await services.db.execute(
        f"ALTER TABLE replies ADD CONSTRAINT broken CHECK (connection_id <> {shop.connection})"
    )
    try:
        id_ = await store(services, shop, reply=reply)
        assert not await optouts.is_opted_out(services.db, shop.account, reply.sender)
    finally:
        await services.db.execute("ALTER TABLE replies DROP CONSTRAINT broken")
    await read(services, id_, lambda result: result == "reply_stop")
    assert await optouts.is_opted_out(services.db, shop.account, reply.sender)


@pytest.mark.parametrize(
    ("words", "keyword", "is_out"), [("ciao", "stop", True), ("STOP", "start", False)]
)
async def test_what_the_service_has_decided_holds(services, shop, words, keyword, is_out):
    """It refuses the next text, or lets it through, whatever we would have read."""
    reply = Reply("+32470001783", "36111", words, keyword=keyword)
    assert await arrive(services, shop, reply=reply) == f"reply_{keyword}"
    assert await optouts.is_opted_out(services.db, shop.account, reply.sender) is is_out


@pytest.mark.parametrize(
    ("words", "keyword"),
    [("stop", "maybe_stop"), ("and stop it", "maybe_stop"), ("START", "none"), ("hello", "none")],
)
async def test_one_part_of_a_longer_text_decides_nothing(services, shop, words, keyword):
    """ "…please never ever " and then "stop": a person reads it."""
    reply = Reply("+32470001780", "36111", words, is_part=True)
    assert await arrive(services, shop, reply=reply) == f"reply_{keyword}"
    assert not await optouts.is_opted_out(services.db, shop.account, reply.sender)
    (found,) = await reply_pages.page(services.db, shop.account, reply_pages.Asked(), None, 10)
    assert found.state == ("open" if keyword == "maybe_stop" else "done")


async def test_the_doctor_tells_of_reports_that_cannot_be_read(services, shop):
    assert await arrive(services, shop) == "unreadable"
    found = {one.what: one.text for one in await of_reports(services)}
    assert found[f"provider {shop.connection}"].startswith("1 reports of a week")


async def test_one_report_that_breaks_keeps_back_no_other(services, shop):
    """What no check foresaw, in the middle of a lot, for the last time."""
    ids = [
        await store(services, shop, receipt=Receipt(ReceiptState.DELIVERED, provider_id=name))
        for name in ("a\0b", "broken", "fine")
    ]
    await services.db.execute("UPDATE arrivals SET raw = 'no JSON' WHERE id = $1", ids[1])
    job = msgspec.json.encode(arrivals.ToRead(ids, len(arrivals.WAITS)))
    async with asyncio.timeout(PATIENCE):
        while None in (told := [await result_of(services, one) for one in ids]):
            await arrivals.read_arrivals(services, job, tell=tell)
            await asyncio.sleep(0.05)
    assert told == ["unmatched", "broken", "unmatched"]
