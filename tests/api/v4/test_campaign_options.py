"""Every option of a campaign over v4: set, merged, emptied, refused."""

import pytest

from tearoff.api.v4.option_fields import LIMITS, OPTIONS
from tests.api.v4.client import as_made, client_of

ALL = {
    "methods": ["button", "webshop"],
    "barcode": "datamatrix",
    "code_source": "fixed",
    "fixed_code": "AUTUMN26",
    "rotating_code": False,
    "webshop_url": "https://shop.example.com/?code={code}",
    "ask_amount": "required",
    "ask_receipt": "optional",
    "hours": [{"days": [1, 2], "start": "22:00", "end": "02:00"}],
    "public_link": False,
    "begins": "pressed",
    "limit_network": 200,
    "reactivates": True,
    "lengthens": False,
    "form": {
        "fields": [{"name": "phone", "required": True, "label": {"nl": "Je nummer"}}],
        "consents": [{"key": "news", "text": {"en": "Send me news."}, "required": True}],
        "unique": "phone",
    },
    "scratch": {
        "prizes": [{"key": "cup", "title": {"en": "A cup"}, "weight": 1, "amount": 50}],
        "blank_weight": 9,
        "blank_text": {"en": "Next time!"},
    },
    "texts": {"nl": {"title": "Twee voor één", "terms": "Eén\nper bezoek."}},
    "withdrawn_text": "Back in May.",
    "limit_text": "All gone.",
    "offers_url": "https://example.com/offers",
    "help_url": "http://example.com/help",
    "privacy_url": "https://example.com/privacy",
    "saves": False,
    "wallet": False,
    "limit_claims": 10,
    "limit_person": 1,
    "limit_day": 5,
    "limit_location": 7,
    "activation_seconds": 900,
    "pause_seconds": 60,
}


@pytest.fixture
def v4(caller):
    return client_of(caller)


async def make(v4, **more):
    answer = await v4.post("/v4/campaigns", {"name": "Autumn", **more})
    assert answer.status == 201, answer.text
    return answer.body


def holds(answer, given):
    """Whether the answer has what was given; it has the defaults inside as well."""
    if isinstance(given, dict):
        return all(holds(answer[name], value) for name, value in given.items())
    if isinstance(given, list):
        return len(answer) == len(given) and all(map(holds, answer, given))
    return answer == given


def test_this_list_is_whole():
    assert set(ALL) == {field.name for field in (*OPTIONS, *LIMITS)}


async def test_all_options_are_set_at_once_and_emptied_again(v4):
    plain = await make(v4)
    made = await make(v4, **ALL)
    assert holds(made, ALL)
    assert (await v4.get(f"/v4/campaigns/{made['id']}")).body == made
    emptied = await v4.patch(f"/v4/campaigns/{made['id']}", dict.fromkeys(ALL))
    assert emptied.status == 200, emptied.text
    assert {n: emptied.body[n] for n in ALL} == {n: plain[n] for n in ALL}


@pytest.mark.parametrize("name", ALL)
async def test_each_option_alone_leaves_the_others(v4, name):
    before = await make(v4, **ALL)
    path = f"/v4/campaigns/{before['id']}"
    nothing = await v4.patch(path, {"title": "Soup"})
    assert as_made(nothing.body) == before | {"title": "Soup"}
    again = await v4.patch(path, {name: ALL[name]})
    assert as_made(again.body) == before | {"title": "Soup"}


async def test_a_copy_has_the_options_and_its_own_changes(v4):
    made = await make(v4, **ALL)
    copied = await v4.post("/v4/campaigns", {"template": made["id"], "lengthens": True})
    assert copied.status == 201, copied.text
    same = {"lengthens", "id", "code", "url", "created_at"}
    assert {n: v for n, v in copied.body.items() if n not in same} == {
        n: v for n, v in made.items() if n not in same
    }
    assert copied.body["lengthens"] is True


def prizes(times=1, **values):
    prize = {"key": "a", "title": {"en": "A"}, "weight": 1, **values}
    return {"scratch": {"prizes": [prize] * times}}


def fixed(barcode, code):
    return {"barcode": barcode, "code_source": "fixed", "fixed_code": code}


WRONG = [
    ({"methods": []}, "methods", 301, "length >= 1"),
    ({"methods": ["pin", "pin"]}, "methods", 300, "once"),
    ({"methods": ["wave"]}, "methods", 302, "methods[0]. Use one of: button, code, pin"),
    ({"methods": ["webshop"]}, "webshop_url", 300, "https://"),
    ({"webshop_url": "javascript:alert(1)"}, "webshop_url", 300, "https://"),
    ({"webshop_url": "http://shop.example.com"}, "webshop_url", 300, "https://"),
    ({"webshop_url": "https://{code}.example.com"}, "webshop_url", 300, "after the host"),
    ({"help_url": "javascript:alert(1)"}, "help_url", 300, "http"),
    ({"privacy_url": "https://"}, "privacy_url", 300, "https://"),
    ({"offers_url": "https://a b"}, "offers_url", 300, "https://"),
    ({"barcode": "qrcode"}, "barcode", 302, "Use one of: aztec, code128"),
    ({"barcode": "ean13"}, "barcode", 300, "code_source"),
    ({"barcode": "itf", "code_source": "session"}, "barcode", 300, "code128"),
    ({"code_source": "fixed"}, "fixed_code", 300, "what the barcode holds"),
    (fixed("ean13", "4006381333932"), "fixed_code", 300, "(ean13). The last digit should be 1."),
    (fixed("itf", "123"), "fixed_code", 300, "(itf). An even number of digits."),
    (fixed("code128", "x" * 30), "fixed_code", 300, "(code128). Too long for bars"),
    ({"code_source": "own", "rotating_code": True}, "rotating_code", 300, "code_source to link"),
    ({"fixed_code": "a\u0000b"}, "fixed_code", 300, "character"),
    ({"fixed_code": "a\nb"}, "fixed_code", 300, "character"),
    ({"rotating_code": "yes"}, "rotating_code", 302, "bool"),
    ({"hours": [{"days": [8], "start": "09:00", "end": "10:00"}]}, "hours", 301, "<= 7"),
    ({"hours": [{"days": [1, 1], "start": "09:00", "end": "10:00"}]}, "hours", 300, "[0].days"),
    ({"hours": [{"days": [1], "start": "24:00", "end": "10:00"}]}, "hours", 301, ".start"),
    ({"hours": [{"days": [1], "start": "9", "end": "10:00"}]}, "hours", 301, ".start"),
    ({"hours": [{"days": [1], "start": "09:00", "end": "09:00"}]}, "hours", 300, "24:00"),
    ({"hours": [{"days": [1], "start": "09:00"}]}, "hours", 301, "missing required field end"),
    ({"form": {}}, "form", 300, "asks something"),
    ({"form": {"fields": [{"name": "shoe"}]}}, "form", 302, "form.fields[0].name. Use one of: "),
    ({"form": {"fields": [{"name": "email"}] * 2}}, "form", 300, "email is there twice"),
    ({"form": {"fields": [{"name": f"customfield{i}"} for i in range(1, 6)]}}, "form", 301, "<= 4"),
    ({"form": {"fields": [{"name": "email"}], "unique": "email"}}, "form", 300, "required"),
    ({"form": {"fields": [{"name": "email", "labels": {}}]}}, "form", 301, "unknown field labels"),
    ({"form": {"consents": [{"key": "a b", "text": {"en": "x"}}]}}, "form", 301, ".key"),
    ({"form": {"consents": [{"key": "a", "text": {}}]}}, "form", 300, "by language"),
    ({"form": {"consents": [{"key": "a", "text": {"xx": "x"}}]}}, "form", 300, "Use: en, nl"),
    ({"scratch": {"prizes": []}}, "scratch", 301, "length >= 1"),
    (prizes(weight=0), "scratch", 300, "above 0"),
    (prizes(title={}), "scratch", 300, "what is won"),
    (prizes(2), "scratch", 300, "twice"),
    (prizes(amount=-1), "scratch", 301, ">= 0"),
    (prizes(weight=10**30), "scratch", 301, ".weight"),
    ({"texts": {"xx": {"title": "x"}}}, "texts", 300, "Use: en, nl, fr, de, es, it, pt, pl, ar"),
    ({"texts": {"nl": {"name": "x"}}}, "texts", 301, "unknown field name"),
    ({"texts": {"nl": {"title": "x" * 201}}}, "texts", 301, "<= 200"),
    ({"texts": {"nl": {"title": "a\nb"}}}, "texts", 300, "texts.nl.title"),
    ({"texts": ["nl"]}, "texts", 301, "Expected object"),
    ({"begins": "later"}, "begins", 302, "pressed, seen"),
    ({"limit_network": -1}, "limit_network", 301, ">= 0"),
    ({"ask_amount": True}, "ask_amount", 301, "no, optional, required"),
    ({"activation_seconds": 59}, "activation_seconds", 300, "from 60 to 72000"),
    ({"activation_seconds": 72_001}, "activation_seconds", 300, "from 60 to 72000"),
    ({"pause_seconds": 0}, "pause_seconds", 300, "from 1"),
    ({"limit_day": -1}, "limit_day", 300, "from 0"),
    ({"code": "own"}, "code", 201, "Unknown parameter"),
    ({"scrach": {}}, "scrach", 201, "Unknown parameter"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "code", "told"), WRONG, ids=lambda x: str(x)[:40])
async def test_what_is_wrong_is_named_with_what_would_be_right(v4, body, field, code, told):
    before = await make(v4)
    for answer in (
        await v4.post("/v4/campaigns", {"name": "x", **body}),
        await v4.patch(f"/v4/campaigns/{before['id']}", body),
    ):
        assert answer.status == 422, answer.text
        (problem,) = answer.body["errors"]
        assert (problem["field"], problem["code"]) == (field, code), problem
        assert told in problem["detail"], problem
    assert (await v4.get(f"/v4/campaigns/{before['id']}")).body == before


async def test_all_rules_are_told_together(v4):
    answer = await v4.post(
        "/v4/campaigns",
        {"name": "x", "barcode": "ean13", "methods": ["webshop"], "help_url": "ftp://x"},
    )
    assert answer.status == 422
    assert {e["field"] for e in answer.body["errors"]} == {"barcode", "webshop_url", "help_url"}


async def test_a_change_must_fit_what_is_there(v4):
    made = await make(v4, code_source="fixed", fixed_code="A1")
    answer = await v4.patch(f"/v4/campaigns/{made['id']}", {"fixed_code": None})
    assert [e["field"] for e in answer.body["errors"]] == ["fixed_code"]
    answer = await v4.patch(f"/v4/campaigns/{made['id']}", {"barcode": "ean13"})
    assert [e["field"] for e in answer.body["errors"]] == ["fixed_code"]


async def test_v3_leaves_the_options(v4, caller):
    made = await make(v4, **ALL)
    body = {"campaign": made["id"], "title": "Soup"}
    assert (await caller.post("/v3/coupon/update", body)).status == 200
    changed = (await v4.get(f"/v4/campaigns/{made['id']}")).body
    assert as_made(changed) == made | {"title": "Soup"}
