"""What may stand in a text: `send/sms`, and the campaign's own text at its three doors."""

import pytest

from tearoff.providers.log import read_outbox
from tests.cast import open_shop
from tests.test_cli import tearoff  # noqa: F401 (a fixture)


def texts_to(settings, phone):
    return [m.text for m in read_outbox(settings.data, 100_000) if m.to == phone]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Hi {frist_name}", "{frist_name} is no field. Did you mean {first_name}?"),
        ("{ Lnk } here", "{Lnk} is no field. Did you mean {link}?"),
        ("{zzz}", "{zzz} is no field. There are {link}, {first_name}, {last_name}, {email},"),
        ("Hi {first_name}", "{first_name} is empty for this receiver."),
        ("Hi { FIRST_NAME}", "{first_name} is empty for this receiver."),
    ],
)
async def test_a_word_that_is_no_field_is_named(caller, services, body, told):
    answer = await caller.send("+32470006100", body=body)
    assert (answer.status, answer.codes) == (422, [301])
    assert answer.texts[0].startswith(f"Invalid character in parameter: body. {told}")
    made = "SELECT count(*) FROM sessions WHERE account_id = $1"
    assert await services.db.fetchval(made, caller.shop.account) == 0


async def test_braces_that_are_no_word_are_text_and_fields_are_read_in_any_case(caller, settings):
    body = "{50% off} {} {a b} { First_Name }: {LINK}"
    answer = await caller.send("+32470006101", body=body, firstname="Ann")
    assert answer.body["message"] == body
    url = answer.body["single_use_url"]
    assert texts_to(settings, "+32470006101") == [f"{{50% off}} {{}} {{a b}} Ann: {url}"]


@pytest.mark.parametrize(
    ("campaign", "told"),
    [
        ({"message_text": ""}, "Bean & Leaf: 2-for-1 cappuccino"),
        ({"message_text": " \n "}, "Bean & Leaf: 2-for-1 cappuccino"),
        ({"message_text": "", "brand": ""}, "2-for-1 cappuccino"),
        ({"message_text": "", "title": "", "value": ""}, "Bean & Leaf: Two for one"),
    ],
)
async def test_without_any_text_brand_and_title_are_sent(
    caller, services, settings, campaign, told
):
    caller.shop = await open_shop(services, campaign=campaign)
    answer = await caller.send("+32470006102", body="")
    assert answer.body["message"] == told
    assert texts_to(settings, "+32470006102")[-1] == f"{told} {answer.body['single_use_url']}"


async def test_what_was_kept_before_goes_out_as_before(caller, services, settings):
    text = "Hi {Name}, { link } {first_name}"
    await services.db.execute(
        "UPDATE campaigns SET message_text = $2 WHERE id = $1", caller.shop.campaign, text
    )
    answer = await caller.send("+32470006103", firstname="Ann")
    url = answer.body["single_use_url"]
    assert texts_to(settings, "+32470006103") == [f"Hi {{Name}}, {{ link }} Ann {url}"]
    again = {"campaign": caller.shop.ref, "message_text": text, "title": "New"}
    assert (await caller.post("/v3/coupon/update", again)).status == 200
    assert (await caller.post("/v3/coupon/create", {"template": caller.shop.ref})).status == 200


async def test_a_campaigns_text_is_looked_at_when_it_is_kept(caller, tearoff):  # noqa: F811
    bad, told = "Hi {firstname}", "{firstname} is no field. Did you mean {first_name}?"
    for path, more in (("create", {"name": "C"}), ("update", {"campaign": caller.shop.ref})):
        answer = await caller.post(f"/v3/coupon/{path}", {**more, "message_text": bad})
        assert answer.texts == [f"Invalid character in parameter: message_text. {told}"]
    for method, path in (("POST", "campaigns"), ("PATCH", f"campaigns/{caller.shop.campaign}")):
        answer = await caller.request(
            method, f"/v4/{path}", headers=caller.shop.headers,
            json={"name": "C", "message_text": bad},
        )  # fmt: skip
        assert (answer.status, answer.body["errors"]) == (
            422, [{"field": "message_text", "code": 301, "detail": told}],
        )  # fmt: skip
    account = ("--account", str(caller.shop.account))
    words = ("--name", "C", "--title", "T", "--message", bad)
    done = tearoff("campaign", "create", *account, *words, code=1)
    assert f"--message-text: {told}" in done.stderr
    words = ("--campaign", caller.shop.ref, "--message-text", bad)
    assert told in tearoff("campaign", "set", *account, *words, code=1).stderr
    good = {"campaign": caller.shop.ref, "message_text": "{ First_Name }, {50% off}"}
    assert (await caller.post("/v3/coupon/update", good)).status == 200
    sent = await caller.send("+32470006104", firstname="Ann")
    assert sent.body["message"] == "{first_name}, {50% off}"


async def test_doctor_lists_what_was_kept_before(services, shop, tearoff):  # noqa: F811
    await services.db.execute(
        "UPDATE campaigns SET message_text = $2 WHERE id = $1", shop.campaign, "{code} and {link}"
    )
    told = tearoff("doctor", "--json", code=1).stdout
    assert f'"campaign {shop.campaign}"' in told
    assert "its message text says {code} as it stands" in told
