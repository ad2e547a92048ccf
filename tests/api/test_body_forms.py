"""Bodies as the programs of the field send them, byte for byte."""

from urllib.parse import urlencode

import pytest
from yarl import URL

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PHP = "------------------------d74496d66958873e"
REQUESTS = "4f1e3b6bd9dd4f0f8f5ec3c1cda7a1d2"


def multipart(boundary, *fields, more="", name="utf-8"):
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{more}\r\n\r\n{value}\r\n'
        for field, value in fields
    )
    return ("".join(parts) + f"--{boundary}--\r\n").encode(name)


async def post(caller, path, body, kind):
    return await caller.post(path, data=body, extra={"Content-Type": kind})


HOOK = [("url", "http://127.0.0.1:9/hook")]
LISTS = {
    "one text": (urlencode([*HOOK, ("events", "coupon_opened,coupon_claimed")]), FORM),
    "jQuery": (urlencode([*HOOK, ("events[]", "coupon_opened"), ("events[]", "coupon_claimed")]),
               f"{FORM}; charset=UTF-8"),
    "PHP http_build_query": (
        urlencode([*HOOK, ("events[0]", "coupon_opened"), ("events[1]", "coupon_claimed")]), FORM),
    "Python requests": (
        urlencode([*HOOK, ("events", "coupon_opened"), ("events", "coupon_claimed")]), FORM),
    "JSON": ('{"url":"http://127.0.0.1:9/hook","events":["coupon_opened","coupon_claimed"]}', JSON),
    "PHP array": (
        multipart(PHP, *HOOK, ("events[0]", "coupon_opened"), ("events[1]", "coupon_claimed")),
        f"multipart/form-data; boundary={PHP}"),
    "requests with files": (
        multipart(REQUESTS, *HOOK, ("events", "coupon_opened"), ("events", "coupon_claimed"),
                  more='; filename="x"'),
        f"multipart/form-data; boundary={REQUESTS}"),
    "VBA without a form's type": (
        urlencode([*HOOK, ("events", "coupon_opened"), ("events", "coupon_claimed")]),
        "text/plain;charset=UTF-8"),
    "a type without its boundary": (
        multipart(PHP, *HOOK, ("events[]", "coupon_opened"), ("events[]", "coupon_claimed")),
        "multipart/form-data"),
}  # fmt: skip


@pytest.mark.parametrize("form", LISTS)
async def test_every_value_of_a_list_arrives(caller, form):
    body, kind = LISTS[form]
    made = await post(caller, "/v3/webhook/create", body, kind)
    assert made.status == 200, made.text
    assert sorted(made.body["webhook"]["events"]) == ["coupon_claimed", "coupon_opened"]


REFUSED = {
    "two for one": (urlencode([("phone", "+32470001001"), ("phone", "+32470001002")]), FORM, 422),
    "an object": (urlencode([("phone[a]", "+32470001001")]), FORM, 422),
    "a list in a list": (urlencode([("phone[0][0]", "+32470001001")]), FORM, 422),
    "a charset of nobody": ("phone=%2B32470001001", f"{FORM}; charset=x-klingon", 400),
    "a part that is cut": (b'--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n+3',
                           "multipart/form-data; boundary=x", 400),
    "no boundary at all": (b"phone=1", "multipart/form-data", 400),
    "bytes that are no text": (multipart("x", ("phone", "é"), name="latin-1"),
                               "multipart/form-data; boundary=x", 400),
    "too many fields": ("&".join(f"a{i}=1" for i in range(2_500)), FORM, 400),
    "too many parts": (multipart("x", *((f"a{i}", "1") for i in range(2_500))),
                       "multipart/form-data; boundary=x", 400),
}  # fmt: skip


@pytest.mark.parametrize("form", REFUSED)
async def test_what_cannot_be_read_is_refused(caller, form):
    body, kind, status = REFUSED[form]
    if isinstance(body, str):
        body = f"campaign={caller.shop.ref}&{body}"
    answer = await post(caller, "/v3/send/sms", body, kind)
    assert answer.status == status, answer.text


NAMES = {
    "form": ("firstname=Ren%E9e", f"{FORM}; charset=ISO-8859-1"),
    "raw": ("firstname=Renée".encode("latin-1"), f"{FORM};charset=iso-8859-1"),
    "windows": ("firstname=Renée".encode("cp1252"), f'{FORM}; charset="windows-1252"'),
    "json": ('{"firstname":"Renée"}'.encode("latin-1"), f"{JSON}; charset=ISO-8859-1"),
    "part": (multipart("x", ("firstname", "Renée"), name="latin-1"),
             "multipart/form-data; boundary=x; charset=ISO-8859-1"),
    "part says": (
        b'--x\r\nContent-Disposition: form-data; name="firstname"\r\nContent-Type: text/plain;'
        b" charset=ISO-8859-1\r\n\r\nRen\xe9e\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    "utf-8": ("firstname=Renée".encode(), FORM),
    "a mark first": (b'\xef\xbb\xbf{"firstname":"Ren\xc3\xa9e"}', FORM),
}  # fmt: skip


@pytest.mark.parametrize("form", NAMES)
async def test_letters_of_a_declared_charset(caller, form):
    body, kind = NAMES[form]
    campaign = caller.shop.ref
    if body[:2] == b"--":
        body = multipart("x", ("campaign", campaign)).removesuffix(b"--x--\r\n") + body
    elif isinstance(body, bytes):
        glue = f'"campaign":"{campaign}",' if b"{" in body else f"campaign={campaign}&"
        body = body.replace(b"{", b"{" + glue.encode()) if b"{" in body else glue.encode() + body
    else:
        body = f"campaign={campaign}&{body}"
    made = await post(caller, "/v3/singleuse/create", body, kind)
    assert made.status == 200, made.text
    shown = await caller.post(
        "/v3/couponsession/data", {"couponsession": made.body["single_use_code"]}
    )
    assert shown.body["data"]["customer"]["firstname"] == "Renée"


@pytest.mark.parametrize("plus", ["+", "%2B"])
async def test_a_plus_in_an_address(caller, plus):
    body = f"campaign={caller.shop.ref}&email=ann{plus}news@example.com"
    made = await post(caller, "/v3/singleuse/create", body, FORM)
    assert made.status == 200, made.text
    path = f"/v3/couponsession/search?email=ann{plus}news@example.com"
    found = await caller.request(
        "GET", URL(caller.url + path, encoded=True).raw_path_qs, headers=caller.shop.headers
    )
    assert found.body["amount_of_results"] == 1, found.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"phone":32470000031.0}', JSON),
        ('{"phone":3.2470000031e10}', JSON),
        ('{"phone":"32470000031.0"}', JSON),
        ("phone=32470000031.0", FORM),
        ("phone=+32470000031", FORM),
    ],
)
async def test_a_number_from_a_spreadsheet(caller, body, kind):
    campaign = caller.shop.ref
    body = body.replace("{", f'{{"campaign":"{campaign}",') if kind == JSON else f"campaign={campaign}&{body}"  # fmt: skip  # noqa: E501
    answer = await post(caller, "/v3/send/sms", body, kind)
    assert (answer.status, answer.body.get("phone")) == (200, "32470000031"), answer.text


async def test_sessions_of_a_form(caller):
    codes = [
        (await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})).body[
            "single_use_code"
        ]
        for _ in range(2)
    ]
    body = urlencode([("operation", "claimed"), *(("couponsessions", code) for code in codes)])
    answer = await post(caller, "/v3/couponsession/updatemultiple", body, FORM)
    assert [row["session"] for row in answer.body["data"]] == codes


async def test_a_list_of_nothing_is_missing(caller):
    answer = await post(
        caller, "/v3/couponsession/updatemultiple", "operation=claimed&couponsessions[]=", FORM
    )
    assert (answer.status, answer.texts) == (422, ["Missing parameter: couponsessions"])


@pytest.mark.parametrize("stray", ["%", "%z", "%4"])
async def test_percent_signs_that_encode_nothing_are_few(caller, stray):
    """Reading one costs as much as reading a thousand letters, before anybody has said who they
    are. `50% off` in a form that was written by hand is text."""
    body = f"campaign={caller.shop.ref}&phone=%2B32470001001&body=50% off, 100%"
    assert (await post(caller, "/v3/send/sms", body, FORM)).status == 200
    many = await post(caller, "/v3/send/sms", "body=" + stray * 2_001, FORM)
    assert (many.status, many.codes) == (400, [400])
    assert "% signs" in many.texts[0]
