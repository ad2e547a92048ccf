"""A shop's own codes, tags and people, however they are written: every place that compares takes
every spelling for the same, and what only looks the same uses nobody's coupon."""

import unicodedata

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from tearoff.kit.visible import as_seen
from tests.api.caller import Caller
from tests.api.test_many import load
from tests.cast import open_shop
from tests.web.tills import open_till

HIDDEN = "\u200b\u00ad\ufeff\u2060\u200e\ufe0f"
KEYS = [
    ("SAVE10", "save10"),
    ("save-10", "save10"),
    ("Save 10.", "save10"),
    ("SA\u200bVE\u00a010\u00ad", "save10"),
    ("ＳＡＶＥ１０", "save10"),
    ("SAVE\u201110", "save10"),
    ("CAFE\u0301", "café"),
    ("CAFÉ", "café"),
    ("(01)09506000134352(10)AbC", "010950600013435210abc"),
    ("0012345678905", "012345678905"),
    ("012345678905", "012345678905"),
    ("0109506000134352", "9506000134352"),
    ("09506000134352", "9506000134352"),
    ("00123", "00123"),
    ("ΣΑΒΕ", "σαβε"),
    ("СКИДКА", "скидка"),
]


def key_of(code):
    """What `own_code_key` is to give, in other words."""
    seen = "".join(
        c for c in as_seen(code) if c not in "()-. \u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00b7"
    )
    low = "".join(c.lower() if len(c.lower()) == 1 else c for c in seen)
    if low.isascii() and low.isdigit():
        if len(low) == 16 and low.startswith("01"):
            low = low[2:]
        if len(low) in (13, 14):
            low = low[len(low) - 12 :] if not low[: len(low) - 12].strip("0") else low
        if len(low) == 14 and low[0] == "0":
            low = low[1:]
    return low


async def keys_of(services, codes):
    rows = await services.db.fetch(
        "SELECT own_code_key(code) AS key FROM unnest($1::text[]) WITH ORDINALITY AS u (code, n)"
        " ORDER BY n",
        codes,
    )
    return [row["key"] for row in rows]


async def test_keys(services):
    assert await keys_of(services, [code for code, _ in KEYS]) == [key for _, key in KEYS]


LETTERS = st.characters(
    codec="utf-8", max_codepoint=0x24F, categories=("Lu", "Ll", "Nd", "Pd", "Zs", "Ps", "Pe", "Cf")
)
CODES = st.text(
    st.one_of(LETTERS, st.sampled_from(HIDDEN + "\u0301\u0308ＡΣσж-(). 0123456789ﬁ½")),
    min_size=1, max_size=20,
) | st.from_regex(r"(01)?0{0,3}[0-9]{12,14}", fullmatch=True)  # fmt: skip


@settings(max_examples=30)
@given(codes=st.lists(CODES, min_size=30, max_size=60))
async def test_the_key_is_what_is_said_of_it(services, codes):
    codes = [code for code in codes if "\x00" not in code]
    keys = await keys_of(services, codes)
    assert keys == [key_of(code) for code in codes]
    assert await keys_of(services, [as_seen(code) for code in codes]) == keys
    decomposed = [unicodedata.normalize("NFD", code) for code in codes]
    assert await keys_of(services, decomposed) == keys
    assert await keys_of(services, [HIDDEN.join(code) for code in codes]) == keys


@pytest_asyncio.fixture
async def shop_and_till(services, http, server):
    shop = await open_shop(services)
    return Caller(http, server.url, shop), await open_till(services, http, server.url, shop)


SPELLINGS = {
    "code": ("SAVE-10É", ["save 10é", "SAVE\u200b-10E\u0301", "\u00a0save10É\u00ad", "ｓave‑10é"]),
    "email": ("Ann@Straße.example", ["ann@xn--strae-oqa.example", "a\u200bnn@straße.example",
              "\uff21nn@STRAßE.example", " ann@stra\u00adße.example\u00a0"]),
    "customid": ("Kunde 7é", ["Kunde 7é ", "\ufeffKunde\u00a07e\u0301", "Kunde  7\u200bé"]),
}  # fmt: skip


async def made(caller, **values):
    answer = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref, **values})
    assert answer.status == 200, answer.text
    return answer.body


async def test_every_place_takes_every_spelling(shop_and_till, services):
    """The places are: search by its own parameter and by any, of the account and of a campaign;
    the check for duplicates; the counter; an import that meets it; the opt-out list and the send
    by mail; the contacts of a group."""
    caller, till = shop_and_till
    code, email, tag = (SPELLINGS[what][0] for what in ("code", "email", "customid"))
    one = await made(caller, customvalcode=code, email=email, customid=tag)
    session = one["single_use_code"]
    for spelling in SPELLINGS["code"][1]:
        assert await found(caller, "customvalcode", spelling) == [session], ascii(spelling)
        told = await till.check(spelling)
        assert (told["verdict"], told["code"]) == ("good", session[:6]), ascii(spelling)
        done = await load(services, caller.shop, f"{spelling}\n")
        is_same = as_seen(spelling) == code
        assert (done.imported, done.twins) == (0 if is_same else 1, 0 if is_same else 1)
    for what in ("email", "customid"):
        for spelling in SPELLINGS[what][1]:
            assert await found(caller, what, spelling) == [session], ascii(spelling)
            again = await made(caller, **{what: spelling, "duplicate_check": what})
            assert again["single_use_code"] == session, ascii(spelling)
    await caller.post("/v3/emailtool/optout/add", {"email": email})
    for spelling in SPELLINGS["email"][1]:
        added = await caller.post("/v3/emailtool/optout/add", {"email": spelling})
        assert added.body["email"].lower() == "ann@xn--strae-oqa.example"
    listed = await caller.post("/v3/emailtool/optout/list")
    assert [row["email"] for row in listed.body["optout"]] == ["ann@xn--strae-oqa.example"]


async def found(caller, way, spelling):
    """The sessions that searches find, all four of which agree."""
    answers = [
        await caller.post(path, {**more, name: spelling})
        for name in (way, "search")
        for path, more in (
            ("/v3/couponsession/search", {}),
            ("/v3/campaign/search", {"campaign": caller.shop.ref}),
        )
    ]
    results = {tuple(row["session"] for row in answer.body["data"]) for answer in answers}
    assert len(results) == 1, [answer.text for answer in answers]
    return list(results.pop())


async def test_a_scan_that_fits_twins_uses_nobodys(shop_and_till):
    caller, till = shop_and_till
    first = await made(caller, customvalcode="SAVE-10")
    second = await made(caller, customvalcode="save10")
    for _ in range(12):  # nobody is locked out for it
        told = await till.redeem("Save10")
        assert (told["verdict"], told["reason"], told["read"]) == ("no", "ambiguous", "Save10")
        assert "exactly" in told["text"]
    for spelling, whose in (("save10", second), ("SAVE-10", first)):
        told = await till.redeem(spelling)
        assert (told["verdict"], told["code"]) == ("used", whose["single_use_code"][:6])


async def test_a_short_code_that_is_also_anothers_own_code(shop_and_till):
    caller, till = shop_and_till
    mine = (await made(caller))["single_use_code"]
    short = mine[:6]
    other = await made(caller, customvalcode=short.upper())
    assert (await till.check(f"{short[:3]}-{short[3:]}"))["reason"] == "ambiguous"
    assert (await till.check(short))["code"] == short
    assert (await till.redeem(short.upper()))["code"] == other["single_use_code"][:6]


async def test_twins_are_told_at_import(shop_and_till, services):
    caller, _ = shop_and_till
    await made(caller, customvalcode="GIVEN-1")
    done = await load(services, caller.shop, "AUTUMN1\nautumn-1\nSPRING\ngiven1\nAUTUMN1\u200b\n")
    assert (done.imported, done.left_out, done.twins) == (4, 1, 3)
    assert [(one.line, one.code) for one in done.twin_lines] == [
        (1, "AUTUMN1"), (2, "autumn-1"), (4, "given1"),
    ]  # fmt: skip
    assert [(one.line, one.why) for one in done.lines] == [(5, "twice in this list")]
    later = await load(services, caller.shop, "Spring\n")
    assert (later.imported, later.twins) == (1, 1)


@pytest.mark.parametrize(
    "given",
    ["mailto:ann@example.com", '"ann"@example.com', "'ann@example.com'", "a@b@example.com",
     "an n@example.com", "<ann@example.com>"],
)  # fmt: skip
async def test_what_is_no_address_is_refused(shop_and_till, given):
    caller, _ = shop_and_till
    for path in ("/v3/singleuse/create", "/v3/emailtool/optout/add"):
        answer = await caller.post(path, {"campaign": caller.shop.ref, "email": given})
        assert answer.codes == [305]
        assert answer.texts == ["Email address is not valid"]


async def test_a_tag_of_which_nothing_is_seen_is_refused(shop_and_till):
    caller, _ = shop_and_till
    values = {"campaign": caller.shop.ref, "customid": "\u200b\u00ad"}
    assert (await caller.post("/v3/singleuse/create", values)).codes == [301]
