"""Settings, Sign-in: the account's own provider."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tearoff.accounts.single_sign_on import stored
from tests.web.dashboard.conftest import text_of
from tests.web.people.identity import running_provider

PATH = "/settings/sign-in"
SECRET = "client_secret.secret"
GIVEN = {
    "issuer": "https://login.example.com/x", "client_id": "tearoff", SECRET: "s3cret of the client",
    "name": "Bean ID", "role_claim": "groups", "roles": "makers = editor\na = b = Manager",
    "default_role": "reader", "scopes": "openid email",
}  # fmt: skip


@pytest_asyncio.fixture
async def provider():
    async with running_provider() as provider:
        yield provider


async def secret_of(services, shop):
    known = await stored.provider(services.db, shop.account)
    return services.vault.open(known.client_secret_sealed).decode() if known else None


async def test_what_is_saved_is_shown_but_for_the_secret(shop, sign_in, services):
    """Complaint 5: it says since when it is stored, and no text in its field can be saved."""
    person = await sign_in(shop)
    done = await person.post(PATH, GIVEN)
    assert done.status == 303, text_of(done)
    page = await person.get(PATH)
    assert "makers = editor\na = b = manager" in page.text
    assert "s3cret of the client" not in page.text
    assert "Stored since" in page.text
    again = {**GIVEN, SECRET: "", "name": "Other"}
    assert (await person.post(PATH, again)).status == 303
    assert await secret_of(services, shop) == "s3cret of the client"


async def test_the_test_asks_and_stores_nothing(shop, sign_in, services, provider):
    """Without script too: what was typed is there again, the secret with it, unseen."""
    person = await sign_in(shop)
    given = {**GIVEN, "issuer": provider.url}
    page = await person.post(f"{PATH}/try", given)
    assert "The provider answers." in page.text
    assert f'value="{provider.url}"' in page.text
    assert "s3cret of the client" not in page.text
    assert "It was typed just now" in page.text
    assert await secret_of(services, shop) is None
    sealed = page.text.partition('name="typed.secret" value="')[2].partition('"')[0]
    done = await person.post(PATH, {**given, SECRET: "", "typed.secret": sealed})
    assert done.status == 303
    assert await secret_of(services, shop) == "s3cret of the client"
    part = await person.post(f"{PATH}/try", given, hx_request="true")
    assert part.text.strip().startswith("<p") or "<html" not in part.text


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ((404, b""), "nothing describes how to sign in"),
        ((503, b""), "The provider does not answer."),
        (b"<html>", "is not what OpenID Connect asks for"),
        (b'{"issuer": "https://<b>x"}', "calls itself by another address"),
    ],
)
async def test_what_is_wrong_is_said(shop, sign_in, provider, description, told):
    person = await sign_in(shop)
    provider.description_answer = description
    page = await person.post(f"{PATH}/try", {**GIVEN, "issuer": provider.url})
    assert told in page.text
    assert "<b>x" not in page.text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("issuer", "http://x.example", "begin with https://"),
        ("issuer", "", "This is needed."),
        (SECRET, "", "This is needed."),
        ("roles", "makers = king", "Write each line as: value = role."),
        ("roles", "makers", "Write each line as: value = role."),
        ("default_role", "owner", "Use one of"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field(shop, sign_in, services, field, value, told):
    person = await sign_in(shop)
    page = await person.post(PATH, {**GIVEN, field: value})
    assert page.status == 422
    assert told in page.text
    assert f'id="w-{field}"' in page.text
    assert await secret_of(services, shop) is None


async def test_owners_alone(shop, sign_in):
    """Whoever names the provider comes in as anybody."""
    manager = await sign_in(shop, "manager")
    assert (await manager.get(PATH)).status == 403
    assert (await manager.post(PATH, GIVEN, page="/profile")).status == 403
    assert PATH not in (await manager.get("/settings")).text
    assert PATH in (await (await sign_in(shop)).get("/settings")).text


async def test_the_others_are_not_closed_before_an_owner_came_in(shop, sign_in, services):
    """Complaint 2: not from an old page either."""
    person = await sign_in(shop)
    assert (await person.post(f"{PATH}/only", {"sure": "1"})).status == 404
    await person.post(PATH, GIVEN)
    assert (await person.post(f"{PATH}/only", {})).status == 303
    refused = await person.post(f"{PATH}/only", {"sure": "1"})
    assert (refused.status, "once before the others are closed" in refused.text) == (409, True)
    assert not (await stored.provider(services.db, shop.account)).is_only
    removed = await person.post(f"{PATH}/remove", {})
    assert removed.status == 303
    assert await stored.provider(services.db, shop.account) is None
    assert (await person.post(f"{PATH}/remove", {})).status == 303


async def test_another_provider_says_that_passwords_are_good_again(shop, sign_in, services):
    person = await sign_in(shop)
    await person.post(PATH, GIVEN)
    await services.db.execute("UPDATE single_sign_on SET is_only = true")
    assert "tearoff single-sign-on open" in (await person.get(PATH)).text
    done = await person.post(PATH, {**GIVEN, "client_id": "other"})
    page = await person.get(done.headers["location"])
    assert "Passwords are good again until an owner has come in" in page.text
