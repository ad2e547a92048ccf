"""What people type into the form before a coupon: numbers, addresses, and how long it may be."""

import json

import pytest

from tests.cast import open_shop
from tests.web.coupon.test_public import amount, begin, newest

FORM = {
    "form": {
        "fields": [
            {"name": "phone", "required": True},
            {"name": "email"},
            {"name": "firstname"},
            {"name": "customfield2", "label": {"en": "Shoe size"}},
        ],
        "unique": "phone",
    }
}


TYPED = (
    "0470 12 34 {}", "(0)470-12.34.{}", "0470\u00a012\u00a034\u00a0{}", "04701234{}",
    "0032 (0)470 12 34 {}", "+32 (0)470/12-34-{}", "٠٤٧٠١٢٣٤{}", "３２４７０１２３４{}",
)  # fmt: skip


@pytest.fixture
def form(make_coupon, services):
    """The public link of a new shop's campaign, with a form before it."""

    async def make(account=None, options=None, kind=None, **values):
        values = {"raw_options": json.dumps(options or FORM), **values}
        shop = await open_shop(services, kind=kind, account=account, campaign=values)
        coupon = await make_coupon(shop)
        return coupon, f"/p/{shop.code}"

    return make


async def test_a_number_is_typed_as_at_home(form):
    coupon, path = await form({"country": "BE"})
    for i, typed in enumerate(TYPED, 10):
        answer = await begin(coupon, path, {"phone": typed.format(i)})
        assert answer.status == 303, typed
        assert (await newest(coupon))["phone"] == f"+324701234{i}"
    twice = await begin(coupon, path, {"phone": "+32 470 12 34 10"})
    assert twice.status == 409
    for typed in ("0470 12 34", "0470 12 34 10 or 11", "0900 12345", "06 12 34 56 78", "call me"):
        wrong = await begin(coupon, path, {"phone": typed, "firstname": "Ann"})
        assert (wrong.status, wrong.text.count('aria-invalid="true"')) == (422, 1), typed
        assert f'value="{typed}"' in wrong.text and 'value="Ann"' in wrong.text


@pytest.mark.parametrize(
    ("account", "zone", "kept"),
    [
        ({"country": "BE"}, "Europe/Paris", "+33600001234"),  # the campaign is somewhere else
        ({"country": "FR"}, "Europe/Brussels", "+33600001234"),
        ({"country": "FR"}, "UTC", "+33600001234"),
        ({"country": None, "timezone": "Europe/Paris"}, "Europe/Paris", "+33600001234"),
        ({"country": None, "timezone": "UTC"}, "UTC", None),
    ],
)
async def test_of_which_country_a_number_is(form, account, zone, kept):
    coupon, path = await form(account, timezone=zone)
    answer = await begin(coupon, path, {"phone": "06 00 00 12 34"})
    assert answer.status == (303 if kept else 422)
    assert (await newest(coupon))["phone"] == kept


async def test_what_looks_like_an_address_only(form):
    coupon, path = await form({"country": "BE"})
    for typed in ("a@b..c", "anna@example，com", "anna，b@example.com", "anna@example.com，",
                  "anna@example.com, bob@example.com", "anna@example.c0m", "anna@ example.com",
                  f"{'a' * 65}@example.com", f"anna@{'x.' * 125}com"):  # fmt: skip
        wrong = await begin(coupon, path, {"phone": "0470 12 34 56", "email": typed})
        assert (wrong.status, wrong.text.count('aria-invalid="true"')) == (422, 1), typed
        assert f'value="{typed}"' in wrong.text
    long = f"{'a' * 60}@{'b' * 60}.example.com"
    assert (await begin(coupon, path, {"phone": "0470 12 34 56", "email": long})).status == 303
    assert (await newest(coupon))["email"] == long


async def test_what_is_too_long_is_said_and_never_cut(form):
    coupon, path = await form({"country": "BE"})
    page = await coupon.get(path)
    for name, most in (("customfield2", 50), ("firstname", 100), ("email", 254)):
        assert f'id="f-{name}" name="{name}"' in page.text
        tag = page.text.partition(f'id="f-{name}"')[2].partition(">")[0]
        assert f'maxlength="{most}"' in tag
    values = {"phone": "0470 12 34 56", "customfield2": "x" * 51, "firstname": "y" * 101}
    wrong = await begin(coupon, path, values)
    assert wrong.status == 422
    assert "Too long: at most 50 characters." in wrong.text
    assert "Too long: at most 100 characters." in wrong.text
    assert f'value="{"x" * 51}"' in wrong.text and f'value="{"y" * 101}"' in wrong.text
    assert await amount(coupon) == 1
    values |= {"customfield2": f" {'é' * 50} ", "firstname": "y" * 100}
    assert (await begin(coupon, path, values)).status == 303
    made = await newest(coupon)
    assert (made["customfields"][1], made["firstname"]) == ("é" * 50, "y" * 100)


async def test_a_free_field_has_fifty_characters_for_programs_too(form):
    coupon, _ = await form()
    headers, fine, over = coupon.shop.headers, "é" * 50, "é" * 51

    headers |= {"x-api-key": coupon.shop.client_id, "x-api-secret": coupon.shop.client_secret}
    update = {"couponsession": coupon.code}
    for method, path, values in (
        ("POST", "/v3/singleuse/create", {"campaign": coupon.shop.ref}),
        ("POST", "/v3/couponsession/update", update),
        ("POST", f"/v4/campaigns/{coupon.shop.campaign}/sessions", {}),
        ("PATCH", f"/v4/sessions/{coupon.code}", {}),
    ):
        for text, is_fine in ((over, False), (fine, True)):
            async with coupon.http.request(
                method, coupon.url + path, json={**values, "customfield2": text}, headers=headers
            ) as answer:
                told = await answer.text()
                assert (answer.status in (200, 201)) is is_fine, (path, told)
                assert is_fine or "customfield2. At most 50 characters." in told
