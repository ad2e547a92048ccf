"""Subaccounts, teammates, signing in by link, and who may do it."""

import asyncio
import re
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from tearoff.accounts import members, passwords, sign_ins, subaccounts
from tearoff.kit import clock
from tearoff.web.paper.signed_forms import make_form_token
from tests.api.caller import Caller
from tests.cast import Shop

_N = iter(range(10**6))


def address(name="ann"):
    return f"{name}.{next(_N)}.{id(_N)}@example.com"


async def create(caller, path="/v4/subaccount/create", **values):
    values.setdefault("email", address())
    answer = await caller.post(path, values)
    assert answer.status == 200, answer.text
    return answer.body["subaccount"]


def caller_of(caller, sub):
    shop = Shop(
        account=int(sub["ID"].removeprefix("sub_")), client_id=sub["api_key"],
        client_secret=sub["api_secret"], campaign=0, code="", location=0, connection=None,
    )  # fmt: skip
    return Caller(caller.http, caller.url, shop)


async def test_create_and_get(caller):
    email = address()
    made = await create(
        caller, email=email, password="a long enough one", status="trial", first_name="Ann",
        last_name="Peeters", country="be", company_name="Corner Coffee", expiry_date="2030-12-31",
    )  # fmt: skip
    assert re.fullmatch(r"\d{31}", made["api_key"])
    assert len(made["api_secret"]) == 31
    for path in ("/v4/subaccount", "/v3/subaccount"):
        answer = await caller.post(path, {"subaccount": made["ID"]})
        assert answer.body["subaccount"] == {
            "ID": made["ID"], "email": email, "language": "en", "lastlogin": "",
            "amountlogin": "0", "currency": "EUR", "max_campaigns": "",
            "expiry_date": "2030-12-31", "api_key": made["api_key"], "api_secret": "",
            "has_campaigns": "0", "campaigns": [], "first_name": "Ann", "last_name": "Peeters",
            "company_name": "Corner Coffee", "username": email, "country": "BE",
            "timezone": "Europe/Brussels",
            "status": "trial", "package": "", "blocked": "0", "webhook_endpoint": "",
            "available_campaigns": "", "access_dashboard": True, "access_directory": True,
            "access_campaigns": True, "access_statistics": True, "access_distribution": True,
            "access_validation": True, "access_integrations": True, "access_loyalty": True,
        }  # fmt: skip
    listed = await caller.request("GET", "/v4/subaccount/list", headers=caller.shop.headers)
    assert [each["ID"] for each in listed.body["subaccount"]] == [made["ID"]]
    assert made["api_secret"] not in listed.text


@pytest.mark.parametrize(
    ("values", "codes", "texts"),
    [
        ({}, [200], ["Missing parameter: email"]),
        ({"email": "nobody"}, [305], ["Email address is not valid"]),
        (
            {"email": "a@example.com", "expiry_date": "31/12/2030"}, [303],
            ["Invalid format in parameter: expiry_date. Required format: yyyy-MM-dd"],
        ),
        ({"email": "a@example.com", "status": "vip", "country": "Belgium"}, [302, 302], None),
        ({"email": "a@example.com", "package": "pac_999999"}, [524], None),
        ({"email": "a@example.com", "password": "short"}, [300], None),
    ],
)  # fmt: skip
async def test_create_refusals(caller, values, codes, texts):
    answer = await caller.post("/v4/subaccount/create", values)
    assert answer.codes == codes
    assert texts is None or answer.texts == texts


async def test_an_address_is_used_once_in_a_tenant(caller, other_caller):
    email = address()
    await create(caller, email=email)
    answer = await caller.post("/v4/subaccount/create", {"email": email.upper()})
    assert answer.codes == [304]
    assert answer.texts == ["Email already exists"]
    # Who else is a customer here is nobody's business.
    theirs = await create(other_caller, email=email)
    assert theirs["email"] == email
    second = await create(caller)
    taken = {"subaccount": second["ID"], "email": email}
    assert (await caller.post("/v4/subaccount/update", taken)).codes == [304]
    own = {"subaccount": second["ID"], "email": second["email"].upper()}
    assert (await caller.post("/v4/subaccount/update", own)).status == 200
    answers = await asyncio.gather(
        *(caller.post("/v4/subaccount/create", {"email": "race" + email}) for _ in range(5))
    )
    assert Counter(a.status for a in answers) == {200: 1, 422: 4}


ONE = ("", "/update", "/block", "/unblock", "/reset/url", "/sso")


@pytest.mark.parametrize("path", ONE)
@pytest.mark.parametrize("version", ["v3", "v4"])
async def test_others_subaccounts_do_not_exist(caller, other_caller, path, version):
    made = await create(caller)
    whole = f"/{version}/subaccount{path}"
    for wrong in (made["ID"], "sub_999999", f"sub_{caller.shop.account}"):
        asker = other_caller if wrong == made["ID"] else caller
        answer = await asker.post(whole, {"subaccount": wrong})
        assert (answer.codes, answer.texts) == ([510], ["Subaccount ID not correct."])
    assert (await caller.post(whole)).codes == [200]
    assert (await caller.post(whole, {"subaccount": "x"})).codes == [301]


async def test_a_subaccount_manages_none(caller):
    sub = await create(caller)
    own = caller_of(caller, sub)
    for path in (*ONE, "/list", "/create"):
        answer = await own.post(
            f"/v4/subaccount{path}", {"subaccount": sub["ID"], "email": address()}
        )
        assert answer.status == 403
        assert answer.codes == [102]
        assert answer.texts == [
            "You are trying to use subaccount credentials to manage subaccounts"
        ]
    answer = await own.post("/v3/coupon/create", {"name": "x", "subaccount": "sub_999999"})
    assert answer.codes == [102]


async def test_a_parent_reaches_only_what_the_contract_says(caller):
    sub = await create(caller)
    own = caller_of(caller, sub)
    made = await caller.post("/v3/coupon/create", {"name": "For them", "subaccount": sub["ID"]})
    info = made.body["coupon_info"]
    assert info["subaccount"] == sub["ID"]
    assert (await own.post("/v3/coupon/info", {"campaign": info["ID"]})).status == 200
    for path, more in (
        ("coupon/info", {}), ("campaign/data", {}), ("coupon/delete", {}),
        ("singleuse/create", {}), ("send/sms", {"phone": "+32470001000"}),
    ):  # fmt: skip
        answer = await caller.post(f"/v3/{path}", {"campaign": info["ID"], **more})
        assert answer.codes == [502], path
    code = (await own.post("/v3/singleuse/create", {"campaign": info["ID"]})).body[
        "single_use_code"
    ]
    assert (await caller.post("/v3/couponsession/data", {"couponsession": code})).codes == [505]
    seen = (await caller.post("/v4/subaccount", {"subaccount": sub["ID"]})).body["subaccount"]
    assert seen["has_campaigns"] == "1"
    assert seen["campaigns"] == [
        {"ID": info["ID"], "code": info["code"], "url": info["url"], "status": "active"}
    ]


async def test_blocking_and_ending(caller):
    sub = await create(caller)
    own = caller_of(caller, sub)
    assert (await own.post("/v3/coupon/list")).status == 200
    answer = await caller.post("/v4/subaccount/block", {"subaccount": sub["ID"]})
    assert answer.body["subaccount"]["blocked"] == "1"
    refused = await own.post("/v3/coupon/list")
    assert (refused.status, refused.codes) == (403, [101])
    assert refused.texts == ["Account has expired"]
    await caller.post("/v3/subaccount/unblock", {"subaccount": sub["ID"]})
    assert (await own.post("/v3/coupon/list")).status == 200
    await caller.post(
        "/v4/subaccount/update", {"subaccount": sub["ID"], "expiry_date": "2020-01-01"}
    )
    assert (await own.post("/v3/coupon/list")).codes == [101]
    answer = await caller.post(
        "/v4/subaccount/update",
        {"subaccount": sub["ID"], "expiry_date": "2031-01-01", "company_name": "New",
         "first_name": "Bo", "blocked": "0"},
    )  # fmt: skip
    changed = answer.body["subaccount"]
    assert (changed["company_name"], changed["first_name"]) == ("New", "Bo")
    assert changed["expiry_date"] == "2031-01-01"
    assert (await own.post("/v3/coupon/list")).status == 200


async def test_a_package_limits_campaigns_exactly(caller, services):
    package = await subaccounts.create_package(
        services.db, caller.shop.account, "Small", 3, ("dashboard", "campaigns")
    )
    sub = await create(caller, package=package.ref)
    assert (sub["max_campaigns"], sub["available_campaigns"]) == ("3", "3")
    assert (sub["access_campaigns"], sub["access_statistics"]) == (True, False)
    own = caller_of(caller, sub)
    answers = await asyncio.gather(
        *(own.post("/v3/coupon/create", {"name": f"c{i}"}) for i in range(12))
    )
    assert Counter(a.status for a in answers) == {200: 3, 422: 9}
    assert {tuple(a.codes) for a in answers if a.status == 422} == {(516,)}


# signing in -------------------------------------------------------------------------------


async def visit(caller, url, method="GET", **more):
    path = "/" + url.split("/", 3)[3]
    async with caller.http.request(
        method, caller.url + path, allow_redirects=False, **more
    ) as answer:
        return answer.status, await answer.text(), answer.headers


async def is_in(caller, headers):
    """Whether `/` leads this browser to an account."""
    status, _, told = await visit(caller, "x://x/", headers=headers)
    return status == 303 and told["Location"].startswith("/a/")


async def open_link(caller, url):
    """What a browser sends that was shown the page behind the link."""
    _, text, headers = await visit(caller, url)
    token = re.search(r'name="t" value="([^"]+)"', text)[1]
    return {"data": {"t": token}, "headers": {"Cookie": headers["Set-Cookie"].split(";")[0]}}


async def sign_in(caller, url):
    """The headers of a browser that used the link."""
    status, _, headers = await visit(caller, url, "POST", **await open_link(caller, url))
    assert status == 303
    return {"Cookie": headers["Set-Cookie"].split(";")[0]}


async def test_a_link_signs_in_once_and_only_by_a_post(caller, services):
    sub = await create(caller, company_name="Corner Coffee")
    ticket = (
        await caller.post("/v3/subaccount/sso", {"subaccount": sub["ID"], "page": "statistics"})
    ).body["subaccount"]
    assert ticket["ID"] == sub["ID"]
    assert re.fullmatch(r"[A-Za-z0-9]{49}", ticket["token"])
    assert ticket["url"] == f"https://coupons.example.com/sso/{ticket['token']}"
    for _ in range(3):  # a scanner looks at the link
        status, text, _ = await visit(caller, ticket["url"])
        assert status == 200
        assert "Corner Coffee" in text
        assert "<form" in text
    # Another site's form, sent from the browser of somebody who did not see the page.
    status, text, _ = await visit(caller, ticket["url"], "POST", data={"t": "forged"})
    assert status == 403
    assert "too old" in text
    other = await open_link(caller, ticket["url"])
    mixed = other | {"data": (await open_link(caller, ticket["url"]))["data"]}
    assert (await visit(caller, ticket["url"], "POST", **mixed))[0] == 403
    answers = await asyncio.gather(
        *(visit(caller, ticket["url"], "POST", **other) for _ in range(5))
    )
    assert Counter(status for status, _, _ in answers) == {303: 1, 410: 4}
    headers = next(h for status, _, h in answers if status == 303)
    cookie = headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= set(cookie.split("; "))
    name, _, value = cookie.split(";")[0].partition("=")
    assert name == "__Host-tearoff_sign_in"
    account = sub["ID"].removeprefix("sub_")
    assert headers["Location"] == f"/a/{account}/campaigns"
    assert not await is_in(caller, {"Cookie": f"{name[7:]}={value}"})
    assert await is_in(caller, {"Cookie": f"{name}={value}"})
    stored = await services.db.fetchval(
        "SELECT count(*) FROM sign_ins WHERE encode(token_sha256, 'escape') = $1", value
    )
    assert stored == 0
    seen = (await caller.post("/v4/subaccount", {"subaccount": sub["ID"]})).body["subaccount"]
    assert seen["amountlogin"] == "1"
    assert seen["lastlogin"] != ""
    forged = await visit(caller, "x://x/sign-out", "POST", data={"t": "wrong"},
                         headers={"Cookie": f"{name}={value}"})  # fmt: skip
    assert forged[0] == 403
    token = make_form_token(services, value)
    out = await visit(caller, "x://x/sign-out", "POST", data={"t": token},
                      headers={"Cookie": f"{name}={value}"})  # fmt: skip
    assert out[0] == 303
    assert not await is_in(caller, {"Cookie": f"{name}={value}"})


async def test_a_link_that_is_over(caller, services):
    ticket = (await caller.post("/v3/account/sso")).body["account"]
    await services.db.execute(
        "UPDATE one_time_tokens SET expires_at = now() - interval '1 second'"
        " WHERE account_id = $1", caller.shop.account,
    )  # fmt: skip
    assert (await visit(caller, ticket["url"]))[0] == 410
    assert (await visit(caller, ticket["url"], "POST"))[0] == 410
    assert (await visit(caller, f"x://x/sso/{'a' * 49}"))[0] == 410


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"page": "kitchen"}, [302]),
        ({"page": "update_campaign"}, [200]),
        ({"page": "update_campaign", "campaign": "cam_999999"}, [502]),
        ({"campaign": "?"}, [301]),
    ],
)
async def test_sso_refusals(caller, services, values, codes):
    teammate = await _teammate(caller, services)
    for path, more in (("account", {}), ("teammate", {"teammate": str(teammate)})):
        answer = await caller.post(f"/v3/{path}/sso", {**values, **more})
        assert answer.codes == codes


async def _teammate(caller, services):
    async with services.db.transaction() as db:
        return await members.create_member(
            db, caller.shop.account, members.NewMember(email=address("team"), role="editor")
        )


async def test_teammates(caller, other_caller, services):
    teammate = await _teammate(caller, services)
    answer = await caller.post("/v3/teammate/sso", {"teammate": teammate})
    assert answer.body["teammate"]["ID"] == str(teammate)
    assert (await other_caller.post("/v3/teammate/sso", {"teammate": teammate})).codes == [503]
    assert (await caller.post("/v3/teammate/sso")).codes == [200]
    assert (await caller.post("/v3/teammate/sso", {"teammate": "x"})).codes == [301]


async def test_setting_a_password(caller, services):
    sub = await create(caller)
    answer = await caller.post("/v3/subaccount/reset/url", {"subaccount": sub["ID"]})
    url = answer.body["subaccount"]["url"]
    expires = datetime.fromisoformat(answer.body["subaccount"]["expires_utc"] + "Z")
    lives = expires - clock.now()
    status, text, _ = await visit(caller, url)
    assert status == 200
    assert sub["email"] in text
    for values, words in (
        ({"password": "brief", "again": "brief"}, "8 to 200"),
        ({"password": "x" * 201, "again": "x" * 201}, "8 to 200"),
        ({"password": "password123", "again": "password123"}, "easy to guess"),
        ({"password": "long enough 1", "again": "long enough 2"}, "not the same"),
        ({"password": sub["email"], "again": sub["email"]}, "address"),
    ):
        status, text, _ = await visit(caller, url, "POST", data=values)
        assert status == 422
        assert words in text
        assert text.count('type="password"') == 2
        assert 'type="password" value' not in text
    second = (await caller.post("/v3/subaccount/reset/url", {"subaccount": sub["ID"]})).body
    good = {"password": "a very good one", "again": "a very good one"}
    assert (await visit(caller, url, "POST", data=good))[0] == 200
    stored = await services.db.fetchval(
        "SELECT password_hash FROM people WHERE lower(email) = $1", sub["email"].lower()
    )
    assert stored.startswith("$argon2id$")
    assert (await visit(caller, url, "POST", data=good))[0] == 410
    assert timedelta(minutes=55) < lives <= timedelta(hours=1)
    # Older links set nothing any more.
    old = second["subaccount"]["url"]
    assert (await visit(caller, old, "POST", data=good))[0] == 410


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"company": "Corner"}, "Corner"),
        ({"company": "Corner", "company_name": "Right"}, "Right"),
        ({"username": "corner"}, "corner"),
    ],
)
async def test_a_company_under_its_older_names(caller, given, told):
    made = await create(caller, **given)
    assert made["company_name"] == told


async def test_a_username_that_is_an_address_signs_in(caller):
    email = address()
    made = await caller.post("/v3/subaccount/create", {"username": email})
    assert made.body["subaccount"]["email"] == email
    missing = await caller.post("/v3/subaccount/create", {"company": "Corner"})
    assert missing.texts == ["Missing parameter: email"]


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        ({"country": "FI"}, "Europe/Helsinki"),
        ({"country": "DE"}, "Europe/Berlin"),
        ({"country": "US"}, "Europe/Brussels"),
        ({"country": "US", "timezone": "America/Chicago"}, "America/Chicago"),
        ({}, "Europe/Brussels"),
    ],
)
async def test_a_subaccount_has_the_time_zone_of_its_country(caller, given, zone):
    """Where that has several, its parent's, which the answer says."""
    made = await create(caller, **given)
    assert made["timezone"] == zone
    info = await caller_of(caller, made).post("/v3/account/info", {})
    assert info.body["account"]["timezone"] == zone


@pytest.mark.parametrize("ending", ["password", "sign-out", "removal"])
async def test_what_ends_a_person_ends_every_sign_in_and_link(caller, services, ending):
    """The account's own sign-in too: it is its owner's."""
    db, account = services.db, caller.shop.account
    async with db.transaction() as work:
        for email in (address("second"), address("owner")):
            await members.create_member(work, account, members.NewMember(email=email))
    first = (await members.owner(db, account)).id
    teammate = {"teammate": first}
    urls = [
        (await caller.post("/v3/account/sso")).body["account"]["url"],
        (await caller.post("/v3/teammate/sso", teammate)).body["teammate"]["url"],
    ]
    browsers = [await sign_in(caller, url) for url in urls]
    async with db.transaction() as work:  # as a version before signed the account in
        ticket = sign_ins.Ticket("sso", account, None, "", None, None, clock.now(), None)
        secret = await sign_ins.sign_in(work, ticket, clock.now())
    browsers.append({"Cookie": f"__Host-tearoff_sign_in={secret}"})
    unused = (await caller.post("/v3/teammate/sso", teammate)).body["teammate"]["url"]
    now = clock.now()
    password = await sign_ins.issue_ticket(
        db, "password", account, member_id=first, expires_at=now + sign_ins.RESET_LIVES
    )
    for browser in browsers:
        assert await is_in(caller, browser)
    if ending == "password":
        await members.set_password(db, password, "seven brown horses", now)
    else:
        end = members.sign_out_everywhere if ending == "sign-out" else members.remove_member
        async with db.transaction() as work:
            await end(work, account, first, now)
    for browser in browsers:
        assert not await is_in(caller, browser)
    for url in (unused, f"x://x/password/{password}"):
        assert (await visit(caller, url))[0] == 410


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"password": "password123"}, "very common"),
        ({"password": "CornerCoffee", "company_name": "Corner Coffee"}, "another word"),
    ],
)
async def test_a_password_that_is_easy_to_guess(caller, values, told):
    answer = await caller.post("/v3/subaccount/create", {"email": address("weak"), **values})
    assert answer.codes == [300]
    assert told in answer.texts[0]


async def test_a_costly_password_is_judged_in_no_time():
    """Its signs may stand for many letters: untamed it costs nine seconds of a processor."""
    started = time.process_time()
    passwords.judge("4@8({[<369&#!1/|0$5+7%2" * 8, [])
    assert time.process_time() - started < 2


async def test_an_error_has_no_address_of_memory(caller, services):
    headers = {"x-api-key": caller.shop.client_id, "x-api-secret": caller.shop.client_secret}
    path = f"/v4/campaigns/{caller.shop.campaign}/picture"
    answer = await caller.request("PUT", path, headers=headers, data=b"no picture")
    assert answer.status == 422, answer.text
    assert "PNG" in answer.text
    assert " at 0x" not in answer.text
