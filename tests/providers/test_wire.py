"""What adapters make of a wire that breaks. Each test ends with: asked at most once, and what
is said of the message agrees with what the service did, or is `NoAnswer`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tearoff.providers.base import Accepted, NoAnswer, Outcome, Reason, Refused, Surroundings
from tearoff.providers.exchange import Exchange
from tearoff.providers.gateway import GatewayProvider
from tearoff.providers.twilio import TwilioProvider
from tests.listening import listening
from tests.providers.contract import outgoing
from tests.providers.dialects import ACCOUNT, TOKEN
from tests.providers.wiremock import WireMock, running_wiremock

SURROUNDINGS = Surroundings("unused", allow_loopback=True)
SID = "SM" + "0c" * 16
YES = json.dumps({"sid": SID, "status": "queued"})


@pytest.fixture(scope="module")
async def wiremock() -> AsyncIterator[WireMock]:
    async with running_wiremock() as mock:
        yield mock


def open_twilio(url: str, **surroundings: Any) -> TwilioProvider:
    given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "Bakery", "base_url": url}
    around = Surroundings("unused", **surroundings) if surroundings else SURROUNDINGS
    return TwilioProvider(given, around)


async def send(provider: TwilioProvider | GatewayProvider) -> Outcome:
    try:
        return await provider.send(outgoing())
    finally:
        await provider.close()


def problem(code: int) -> str:
    return json.dumps({"code": code, "message": "No.", "status": 400})


LOST = {
    "reset": {"fault": "CONNECTION_RESET_BY_PEER"},
    "empty": {"fault": "EMPTY_RESPONSE"},
    "random": {"fault": "RANDOM_DATA_THEN_CLOSE"},
    "chunk": {"status": 201, "body": YES, "fault": "MALFORMED_RESPONSE_CHUNK"},
    "no_body": {"status": 201},
    "html": {"status": 200, "body": "<html>It works!</html>"},
    "half_json": {"status": 201, "body": YES[:-9]},
    "no_sid": {"status": 201, "body": '{"status": "queued"}'},
    "wrong_types": {"status": 201, "body": '{"sid": ["x"]}'},
    "list": {"status": 201, "body": "[" * 50_000},
    "huge": {"status": 201, "body": json.dumps({"sid": SID, "body": "x" * 100_000})},
    "error_500": {"status": 500, "body": problem(20500)},
    "error_502": {"status": 502, "body": "<html>Bad gateway</html>"},
    "error_503": {"status": 503},
    "error_504": {"status": 504},
    "error_520": {"status": 520},
    "found_302": {"status": 302, "headers": {"Location": "/found_target"}},
    "other_303": {"status": 303, "headers": {"Location": "/found_target"}},
    "not_modified": {"status": 304},
}


@pytest.mark.parametrize("name", LOST)
async def test_nobody_can_know(wiremock: WireMock, name: str) -> None:
    outcome = await send(open_twilio(await wiremock.answer(name, **LOST[name])))
    assert isinstance(outcome, NoAnswer)
    assert outcome.text.startswith("The ")
    assert len(outcome.raw) <= 2000
    assert await wiremock.count(name) == 1


async def test_slow_is_lost_only_beyond_the_limits(wiremock: WireMock) -> None:
    answers: dict[str, dict[str, Any]] = {
        "late": {"status": 201, "body": YES, "fixedDelayMilliseconds": 1500},
        "silent": {"status": 201, "body": YES, "fixedDelayMilliseconds": 15_000},
        "dribbling": {
            "status": 201,
            "body": YES,
            "chunkedDribbleDelay": {"numberOfChunks": 12, "totalDuration": 18_000},
        },
    }
    urls = [await wiremock.answer(name, **answer) for name, answer in answers.items()]
    outcomes = await asyncio.gather(*(send(open_twilio(url)) for url in urls))
    assert [type(outcome) for outcome in outcomes] == [Accepted, NoAnswer, NoAnswer]
    assert [await wiremock.count(name) for name in answers] == [1, 1, 1]


REFUSED: dict[str, tuple[dict[str, Any], Reason]] = {
    "stop": ({"status": 400, "body": problem(21610)}, Reason.OPTED_OUT),
    "landline": ({"status": 400, "body": problem(21635)}, Reason.LANDLINE),
    "code_wins": ({"status": 403, "body": problem(21408)}, Reason.COUNTRY_OFF),
    "bad_401": ({"status": 401, "body": problem(20003)}, Reason.AUTH),
    "no_credit": ({"status": 402}, Reason.NO_CREDIT),
    "proxy_403": ({"status": 403, "body": "<html>no</html>"}, Reason.AUTH),
    "gone_404": ({"status": 404}, Reason.OTHER),
    "long_413": ({"status": 413}, Reason.TOO_LONG),
    "busy_429": ({"status": 429, "body": "slow down"}, Reason.THROTTLED),
    "unknown_code": ({"status": 400, "body": problem(65000)}, Reason.OTHER),
    "moved_301": ({"status": 301, "headers": {"Location": "/found_target"}}, Reason.PROVIDER_DOWN),
    "moved_308": ({"status": 308, "headers": {"Location": "/found_target"}}, Reason.PROVIDER_DOWN),
    "closed": ({"status": 503, "headers": {"Retry-After": "30"}}, Reason.PROVIDER_DOWN),
    "failed_inside": (
        {"status": 201, "body": json.dumps({"sid": SID, "status": "failed", "error_code": 30034})},
        Reason.BAD_SENDER,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_certainly_not_taken(wiremock: WireMock, name: str) -> None:
    answer, reason = REFUSED[name]
    outcome = await send(open_twilio(await wiremock.answer(name, **answer)))
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert await wiremock.count(name) == 1


async def test_redirects_are_not_followed(wiremock: WireMock) -> None:
    await wiremock.answer("target", status=201, body=YES)
    for status in (301, 302, 303, 307, 308):
        headers = {"Location": f"{wiremock.url}/target/x"}
        url = await wiremock.answer(f"redirect_{status}", status=status, headers=headers)
        assert not isinstance(await send(open_twilio(url)), Accepted)
    assert await wiremock.count("target") == 0


async def test_when_to_try_again(wiremock: WireMock) -> None:
    in_a_minute = datetime.now(UTC) + timedelta(seconds=60)
    told = {
        "7": 7.0,
        f"{in_a_minute:%a, %d %b %Y %H:%M:%S GMT}": 60.0,
        "soon": None,
        "9" * 400: 86400,
    }
    for turn, (header, seconds) in enumerate(told.items()):
        headers = {"Retry-After": header}
        url = await wiremock.answer(f"wait_{turn}", status=429, headers=headers)
        outcome = await send(open_twilio(url))
        assert isinstance(outcome, Refused)
        assert outcome.retry_after == (seconds and pytest.approx(seconds, abs=5))


async def test_the_second_try_is_the_callers(wiremock: WireMock) -> None:
    url = await wiremock.answer_in_turn(
        "turns", {"status": 429, "headers": {"Retry-After": "1"}}, {"status": 201, "body": YES}
    )
    provider = open_twilio(url)
    outcomes = [await provider.send(outgoing()) for _ in range(2)]
    assert [type(outcome) for outcome in outcomes] == [Refused, Accepted]
    assert await wiremock.count("turns") == 2
    await provider.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
@pytest.mark.parametrize("fault", ["CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE"])
async def test_a_broken_request_is_not_repeated(
    wiremock: WireMock, method: str, fault: str
) -> None:
    """The HTTP client repeats a GET or PUT by itself; nobody wants a second text."""
    name = f"{method}_{fault}"
    settings = {
        "url": await wiremock.answer(name, fault=fault),
        "method": method,
        "body_format": "query" if method == "GET" else "form",
        "body": '{"to": "{to}", "text": "{text}"}',
    }
    provider = GatewayProvider(settings, SURROUNDINGS)
    assert isinstance(await send(provider), NoAnswer)
    assert await wiremock.count(name) == 1


async def test_a_name_that_nobody_has() -> None:
    outcome = await send(open_twilio("http://nobody.invalid"))
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.PROVIDER_DOWN


async def test_a_private_address_is_refused(wiremock: WireMock) -> None:
    url = await wiremock.answer("private", status=201, body=YES)
    outcome = await send(open_twilio(url, allow_loopback=False))
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.PROVIDER_DOWN
    assert "private" in outcome.text
    assert await wiremock.count("private") == 0
    allowed = open_twilio(url, allow_loopback=False, allowed_hosts=("127.0.0.1",))
    assert isinstance(await send(allowed), Accepted)


async def test_a_port_that_never_answers_the_call() -> None:
    """No connection within 3 seconds: nothing was sent."""
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        outcome = await send(open_twilio(f"http://127.0.0.1:{full.getsockname()[1]}"))
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.PROVIDER_DOWN


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    asked = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.Response(status=201, text=YES)

    async with listening(web.ServerRunner(web.Server(answer)), own_certificate(tmp_path)) as port:
        outcome = await send(open_twilio(f"https://127.0.0.1:{port}"))
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.PROVIDER_DOWN
    assert asked == []


def own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    keyed = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "own.pem"
    file.write_bytes(keyed + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_an_idle_connection_that_was_closed() -> None:
    """The service hangs up on idle connections. Nothing is repeated, nothing is claimed."""
    asked = 0

    async def answer(request: web.BaseRequest) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=201, text=YES)

    async with listening(web.ServerRunner(web.Server(answer, keepalive_timeout=0.05))) as port:
        provider = open_twilio(f"http://127.0.0.1:{port}")
        for _ in range(8):
            before = asked
            outcome = await provider.send(outgoing())
            assert asked - before <= 1
            is_taken = isinstance(outcome, Accepted) and asked > before
            assert is_taken or isinstance(outcome, NoAnswer)
            await asyncio.sleep(0.049)
        await provider.close()


def test_secrets_are_hidden_in_every_form() -> None:
    exchange = Exchange(SURROUNDINGS, ("p w/d+&", "p w", ""))
    forms = ("p w/d+&", "p%20w/d%2B%26", "p%20w%2Fd%2B%26", "p+w%2Fd%2B%26")
    for form in forms:
        assert exchange.hide(f"before {form} behind") == "before *** behind"
        assert exchange.hide(form.encode()) == "***"
        assert exchange.hide(ValueError(form)) == "ValueError: ***"
    assert exchange.hide(b"\xff") == "\ufffd"
    assert len(exchange.hide("x" * 5000)) == 2000
