"""Every endpoint of the v3 dialect × {right, each error of its list, each body form, each
credential style, another tenant's id}: generated from `table.py` and the endpoints themselves."""

import json
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tearoff.api.v3.routes import ENDPOINTS
from tests.api.caller import Caller
from tests.api.table import Maker, another_caller, case_of
from tests.api.test_send_email import open_mail_shop
from tests.providers.postoffice import open_post_office

ALL = [pytest.param(e, id=e.path) for e in ENDPOINTS]
READS = [pytest.param(e, id=e.path) for e in ENDPOINTS if not e.writes]
ERRORS = [pytest.param(e, code, id=f"{e.path}-{code}") for e in ENDPOINTS for code in e.errors]
CREDENTIALS = ("X-Client", "x-api", "body")


@pytest_asyncio.fixture(scope="module")
async def post_office():
    async with open_post_office() as opened:
        yield opened


@pytest_asyncio.fixture
async def caller(http, server, services, post_office):
    """A shop with all that a call can need."""
    shop = await open_mail_shop(services, post_office, kind="log")
    return Caller(http, server.url, shop)


def shape(value):
    """The keys of an answer, all the way down; of a list, those of its first item."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def differences(got, expected, where=""):
    """Keys that the example has and the answer has not, or the reverse. A list without items
    says nothing of its items, and null nothing of an object."""
    if isinstance(expected, dict) and isinstance(got, dict):
        found = [f"{where}.{key}" for key in got.keys() ^ expected.keys()]
        for key in got.keys() & expected.keys():
            found += differences(got[key], expected[key], f"{where}.{key}")
        return found
    if isinstance(expected, list) and isinstance(got, list) and expected and got:
        return differences(got[0], expected[0], f"{where}[]")
    return []


async def right_values(caller, services, endpoint):
    return await Maker(caller, services).values(case_of(endpoint.path).right)


@pytest.mark.parametrize("endpoint", ALL)
async def test_the_right_call(caller, services, endpoint):
    values = await right_values(caller, services, endpoint)
    answer = await caller.post(endpoint.path, values)
    if case_of(endpoint.path).refused:
        assert answer.codes == [case_of(endpoint.path).refused]
        return
    assert answer.status == 200, answer.text
    assert answer.body["status"] == {"status": "OK"}
    assert endpoint.example, "an endpoint shows an example"
    assert differences(shape(answer.body), shape(endpoint.example)) == []
    assert "\\/" not in answer.text
    assert answer.text == json.dumps(
        json.loads(answer.text), separators=(",", ":"), ensure_ascii=False
    )


@pytest.mark.parametrize("endpoint", ALL)
async def test_a_form_says_the_same(caller, services, endpoint):
    values = await right_values(caller, services, endpoint)
    form = urlencode({k: str(v) for k, v in values.items()})
    answer = await caller.post(
        endpoint.path, data=form, extra={"Content-Type": "application/x-www-form-urlencoded"}
    )
    if case_of(endpoint.path).refused:
        assert answer.codes == [case_of(endpoint.path).refused]
        return
    assert answer.status == 200, answer.text
    assert differences(shape(answer.body), shape(endpoint.example)) == []


@pytest.mark.parametrize("endpoint", READS)
async def test_reads_answer_get(caller, services, endpoint):
    values = await right_values(caller, services, endpoint)
    query = urlencode({k: str(v) for k, v in values.items()})
    answer = await caller.request("GET", f"{endpoint.path}?{query}", headers=caller.shop.headers)
    assert answer.status == 200, answer.text
    credentials = {"client_id": caller.shop.client_id, "client_secret": caller.shop.client_secret}
    bare = await caller.request("GET", f"{endpoint.path}?{urlencode(credentials)}")
    assert bare.status == 401


@pytest.mark.parametrize("endpoint", ALL)
async def test_nothing_at_all(caller, endpoint):
    answer = await caller.post(endpoint.path, data=b"")
    nothing = {p.name: None for p in endpoint.parameters}
    needed = [
        p.name
        for p in endpoint.parameters
        if p.required or (p.also is not None and p.also(nothing) is not None)
    ]
    if needed:
        assert answer.status == 422
        assert answer.codes == [200] * len(needed)
        assert answer.texts == [f"Missing parameter: {name}" for name in needed]
    else:
        assert answer.status in (200, 422), answer.text


@pytest.mark.parametrize("style", CREDENTIALS)
@pytest.mark.parametrize("endpoint", ALL)
async def test_each_credential_style(caller, services, endpoint, style):
    values = await right_values(caller, services, endpoint)
    shop = caller.shop
    for secret, status in ((shop.client_secret, 200), (f"{shop.client_secret}x", 401)):
        headers, body = {}, dict(values)
        if style == "X-Client":
            headers = {"X-CLIENT-ID": shop.client_id, "x-client-Secret": secret}
        elif style == "x-api":
            headers = {"x-api-key": shop.client_id, "x-api-secret": secret}
        else:
            body |= {"client_id": shop.client_id, "client_secret": secret}
        if status == 401:
            answer = await caller.post(endpoint.path, body, headers=headers)
            assert answer.status == 401
            assert answer.body["status"]["errors"]["error_code"] == 1000
            assert answer.body["errors"] == answer.body["status"]["errors"]
        else:
            answer = await caller.post(endpoint.path, body, headers=headers)
            refused = case_of(endpoint.path).refused
            assert answer.status == (422 if refused else 200), answer.text
            assert not refused or answer.codes == [refused]


@pytest.mark.parametrize(("endpoint", "code"), ERRORS)
async def test_each_error(caller, services, endpoint, code):
    case = case_of(endpoint.path)
    if code in case.errors:
        wrong = case.wrong(code)
        asker = await another_caller(wrong.who, caller, services)
        values = await Maker(caller, services).values(case.right | wrong.over)
        if wrong.who == "unplugged":
            await services.db.execute(
                "UPDATE connections SET active = false WHERE account_id = $1", caller.shop.account
            )
        if wrong.who == "bare" and "campaign" in values:
            values["campaign"] = asker.shop.ref
    else:
        asker, values = caller, _automatic(endpoint, code)
    answer = await asker.post(endpoint.path, values)
    assert answer.status == (403 if code in (101, 102) else 422), answer.text
    assert code in answer.codes
    assert answer.body["status"]["status"] == "failed"
    assert answer.body["status"]["message"] == answer.texts[0]
    assert answer.body["errors"] == answer.body["status"]["errors"]
    assert len(answer.texts) == len(answer.codes)


def _automatic(endpoint, code):
    """A missing parameter and an impossible character need no row in the table."""
    if code == 200:
        return {}
    assert code == 301, f"tests/api/table.py has no call of {endpoint.path} for error {code}"
    first = next(p for p in endpoint.parameters if p.required)
    return {first.name: "?!"}


@pytest.mark.parametrize("endpoint", ALL)
async def test_an_expired_account(caller, services, endpoint):
    values = await right_values(caller, services, endpoint)
    await services.db.execute(
        "UPDATE accounts SET expires_at = now() WHERE id = $1", caller.shop.account
    )
    answer = await caller.post(endpoint.path, values)
    assert answer.status == 403
    assert (answer.codes, answer.texts) == ([101], ["Account has expired"])


@pytest.mark.parametrize("endpoint", ALL)
async def test_another_tenant(caller, other_caller, services, endpoint):
    case = case_of(endpoint.path)
    values = await right_values(caller, services, endpoint)
    answer = await other_caller.post(endpoint.path, values)
    if case.foreign is not None:
        assert answer.status == 422, answer.text
        assert case.foreign in answer.codes
    for secret in (f"/p/{caller.shop.code}", caller.shop.ref, str(caller.shop.client_id)):
        assert secret not in answer.text


def test_the_table_has_every_endpoint():
    for endpoint in ENDPOINTS:
        case_of(endpoint.path)
