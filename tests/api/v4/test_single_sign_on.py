"""`/v4/single-sign-on`: set up, changed field by field, tried, and made the only way in."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tearoff.accounts import members
from tearoff.accounts.single_sign_on import stored
from tests.api.v4.client import Client
from tests.web.people.identity import running_provider

PATH = "/v4/single-sign-on"
GIVEN = {
    "issuer": "https://login.example.com/x", "client_id": "tearoff", "client_secret": "s3cret",
    "name": "Bean ID", "role_claim": "groups", "roles": {"g": "editor"},
    "default_role": "reader",
}  # fmt: skip


@pytest.fixture
def v4(caller):
    return Client(caller)


@pytest_asyncio.fixture
async def provider():
    async with running_provider() as provider:
        yield provider


async def test_it_is_set_up_once_with_all_that_is_needed(v4):
    empty = (await v4.get(PATH)).body
    assert (empty["issuer"], empty["only"], empty["default_role"]) == (None, False, "invited")
    assert empty["redirect_url"] == f"{empty['sign_in_url']}/back"
    lacking = await v4.patch(PATH, {"issuer": GIVEN["issuer"], "client_id": "x"})
    assert (lacking.status, lacking.body["errors"][0]["field"]) == (422, "client_secret")
    made = await v4.patch(PATH, GIVEN)
    assert made.status == 200, made.text
    assert "s3cret" not in made.text
    assert made.body["redirect_url"] == empty["redirect_url"]
    assert {name: made.body[name] for name in GIVEN if name != "client_secret"} == {
        name: value for name, value in GIVEN.items() if name != "client_secret"
    }


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"scopes": "openid email groups"},
        {"role_claim": None},
        {"roles": {}},
        {"default_role": "invited"},
        {"domains": ["shop.example"]},
        {"client_id": "other"},
        {},
    ],
    ids=str,
)
async def test_a_change_leaves_alone_what_it_does_not_name(v4, caller, services, change):
    """Complaints 5 and 6: the stored secret is the same octets afterwards."""
    before = (await v4.patch(PATH, GIVEN)).body
    sealed = (await stored.provider(services.db, caller.shop.account)).client_secret_sealed
    after = (await v4.patch(PATH, change)).body
    assert (await stored.provider(services.db, caller.shop.account)).client_secret_sealed == sealed
    told = {name: "" if value is None else value for name, value in change.items()}
    assert after == {**before, **told}


async def test_a_stored_secret_goes_to_no_other_issuer(v4):
    await v4.patch(PATH, GIVEN)
    refused = await v4.patch(PATH, {"issuer": "https://evil.example"})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "client_secret")
    assert (await v4.get(PATH)).body["issuer"] == GIVEN["issuer"]
    done = await v4.patch(PATH, {"issuer": "https://b.example", "client_secret": "again"})
    assert done.status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "http://login.example.com"), ("issuer", "login.example.com"),
        ("issuer", "https://"), ("issuer", "https://u:p@login.example.com"),
        ("issuer", "https://login.example.com/?a=b"), ("issuer", "javascript:alert(1)"),
        ("issuer", "https://[::1"), ("roles", {"g": "king"}), ("roles", ["g"]),
        ("domains", ["no domain"]), ("default_role", "owner"), ("client_id", ""), ("issuer", 7),
    ],
    ids=str,
)  # fmt: skip
async def test_what_cannot_be_is_told_at_its_field(v4, field, value):
    refused = await v4.patch(PATH, {**GIVEN, field: value})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, field)
    assert (await v4.get(PATH)).body["issuer"] is None


async def test_the_others_are_closed_once_an_owner_came_in(v4, caller, services):
    """Complaint 2."""
    assert (await v4.put(f"{PATH}/only", {"only": True})).body["code"] == 501
    await v4.patch(PATH, GIVEN)
    refused = await v4.put(f"{PATH}/only", {"only": True})
    assert (refused.status, refused.body["code"]) == (409, 550)
    async with services.db.transaction() as db:
        owner = await members.ensure_owner(db, caller.shop.account)
        await db.execute(
            "INSERT INTO single_sign_on_people (account_id, subject_mark, member_id, owner_at,"
            " last_at) VALUES ($1, 'x', $2, now(), now())",
            caller.shop.account,
            owner.id,
        )
    assert (await v4.put(f"{PATH}/only", {"only": True})).body["only"]
    renewed = (await v4.patch(PATH, {"client_secret": "renewed"})).body
    assert (renewed["only"], renewed["owner_came_in_at"], renewed["people"]) == (False, None, 1)
    moved = (await v4.patch(PATH, {"client_id": "other"})).body
    assert moved["people"] == 0
    assert (await v4.call("DELETE", PATH)).status == 204
    assert (await v4.call("DELETE", PATH)).status == 404


# asking it ----------------------------------------------------------------------------------------


async def tried(v4, issuer):
    answer = await v4.post(f"{PATH}/test", {"issuer": issuer})
    assert answer.status == 200, answer.text
    return answer.body


async def test_a_provider_that_is_fine(v4, provider):
    told = await tried(v4, provider.url)
    assert told["result"] == "ok"
    assert told["signs_in_at"] == f"{provider.url}/authorize?tenant=1"
    assert (await tried(v4, f"{provider.url}/"))["result"] == "ok"
    assert (await v4.get(PATH)).body["issuer"] is None


BROKEN = {
    "away": (503, b""), "nothing there": (404, b"no"), "a redirect": (302, b""),
    "no JSON": b"<html>", "a list": b"[]", "very deep": b"[" * 60_000, "empty": b"",
    "too large": b" " * 200_000, "no UTF-8": b'{"issuer": "\xff"}',
}  # fmt: skip


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
async def test_one_that_is_not_is_said_in_words(v4, provider, answer):
    provider.description_answer = answer
    told = await tried(v4, provider.url)
    assert told["result"] == "failed"
    assert told["reason"].endswith((".", ":"))


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ({"issuer": "https://elsewhere.example"}, "another address"),
        ({"issuer": None}, "not what OpenID Connect"),
        ({"token_endpoint": None}, "not what OpenID Connect"),
        ({"token_endpoint": "http://elsewhere.example/token"}, "https://"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "https://"),
        ({"authorization_endpoint": "https://a b"}, "not what OpenID Connect"),
        ({"authorization_endpoint": "https://a/\r\nSet-Cookie: x=y"}, "not what OpenID Connect"),
        ({"jwks_uri": "https://10.0.0.7/keys"}, "private network"),
        ({"jwks_uri": "https://169.254.169.254/keys"}, "private network"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "client_secret_basic"),
        ({"response_types_supported": ["id_token"]}, "code"),
    ],
    ids=str,
)
async def test_what_it_says_of_itself_is_looked_at(v4, provider, description, told):
    provider.description = description
    answer = await tried(v4, provider.url)
    assert (answer["result"], told in answer["reason"]) == ("failed", True), answer


@pytest.mark.parametrize(
    "keys",
    [b"{}", b'{"keys": []}', b'{"keys": [7, {"kty": "oct", "k": "AAAA"}, {"kty": "RSA"}]}',
     b'{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}', (404, b"")],
    ids=str,
)  # fmt: skip
async def test_without_a_key_that_can_be_used_it_is_told(v4, provider, keys):
    provider.jwks_answer = keys
    answer = await tried(v4, provider.url)
    assert (answer["result"], "key" in answer["reason"]) == ("failed", True)


async def test_nothing_inside_is_asked(v4):
    for issuer in ("https://10.0.0.7", "https://[fd00::7]", "https://169.254.169.254"):
        answer = await tried(v4, issuer)
        assert "private network" in answer["reason"]
