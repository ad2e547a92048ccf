from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import jsonschema
import pytest
from twilio.request_validator import RequestValidator

from tearoff.providers import twilio
from tearoff.providers.base import (
    Accepted,
    BadSettings,
    Callback,
    Reason,
    ReceiptState,
    Surroundings,
)
from tearoff.providers.twilio import TwilioProvider
from tests.providers.contract import (
    TEXT,
    Rig,
    Send,
    SignedContract,
    WireContract,
    number,
    outgoing,
)
from tests.providers.dialects import ACCOUNT, TOKEN, Twilio
from tests.providers.postbox import Postbox, open_postbox
from tests.providers.specs import description
from tests.providers.standin import StandIn, running_standin
from tests.running import free_port

SENDER = "+12015550100"
URL = "https://shop.example.com/callbacks/twilio/sometoken"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}


SURROUNDINGS = Surroundings("unused", allow_loopback=True)
IMPATIENT = Surroundings("unused", allow_loopback=True, answer_within=0.5)


def open_twilio(url: str, around: Surroundings = SURROUNDINGS, **settings: str) -> TwilioProvider:
    given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": SENDER, "base_url": url}
    return TwilioProvider(given | settings, around)


@pytest.fixture
async def standin() -> AsyncIterator[StandIn]:
    async with running_standin() as running:
        yield running


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    async with open_postbox() as box:
        yield box


@pytest.fixture
async def rig(standin: StandIn) -> AsyncIterator[Rig]:
    stranger = "the auth token of somebody else"
    rig = Rig(
        open_twilio(standin.url),
        lambda to: [taken.order.text for taken in standin.taken_for(to)],
        secrets=(TOKEN, stranger, b64encode(f"{ACCOUNT}:{stranger}".encode()).decode()),
        nobody=open_twilio(f"http://127.0.0.1:{free_port()}"),
        stranger=open_twilio(standin.url, auth_token=stranger),
        impatient=open_twilio(standin.url, IMPATIENT),
    )
    yield rig
    for provider in (rig.provider, rig.nobody, rig.stranger, rig.impatient):
        assert provider is not None
        await provider.close()


class TestTwilio(WireContract, SignedContract):
    @pytest.fixture
    def reported(self, rig: Rig, standin: StandIn, postbox: Postbox) -> Send:
        return lambda message: postbox.reported(standin, rig.provider, message, "twilio")


async def sent_form(standin: StandIn, provider: TwilioProvider, **changes: Any) -> dict[str, str]:
    outcome = await provider.send(outgoing(**changes))
    await provider.close()
    assert isinstance(outcome, Accepted)
    return dict(parse_qsl(standin.seen[-1].body.decode()))


async def test_what_is_sent(standin: StandIn) -> None:
    callback = "https://shop.example.com/callbacks/twilio/sometoken?m=4000"
    form = await sent_form(standin, open_twilio(standin.url), callback_url=callback)
    assert form == {"To": number("000"), "Body": TEXT, "From": SENDER, "StatusCallback": callback}


async def test_a_messaging_service_picks_the_sender(standin: StandIn) -> None:
    service = "MG" + "0b" * 16
    settings = {"sender": "", "messaging_service_sid": service, "validity_seconds": "3600"}
    form = await sent_form(standin, open_twilio(standin.url, **settings))
    assert (form["MessagingServiceSid"], form["ValidityPeriod"]) == (service, "3600")
    assert "From" not in form


async def test_the_message_names_its_sender(standin: StandIn) -> None:
    form = await sent_form(standin, open_twilio(standin.url), sender="Bakery")
    assert form["From"] == "Bakery"


@pytest.mark.parametrize("with_service", [False, True])
async def test_requests_fit_the_description(standin: StandIn, with_service: bool) -> None:
    """Twilio's own description of the call, with nothing allowed that it does not name."""
    spec = description("twilio")
    settings = {"messaging_service_sid": "MG" + "0b" * 16, "validity_seconds": "60"}
    provider = open_twilio(standin.url, **(settings if with_service else {}))
    form: dict[str, Any] = await sent_form(standin, provider, callback_url=URL + "?m=4000")
    path = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
    content = spec["paths"][path]["post"]["requestBody"]["content"]
    schema = content["application/x-www-form-urlencoded"]["schema"]
    if "ValidityPeriod" in form:
        form["ValidityPeriod"] = int(form["ValidityPeriod"])
    jsonschema.validate(form, {**schema, "additionalProperties": False, **parts_of(spec)})
    assert standin.seen[-1].path == path.replace("{AccountSid}", ACCOUNT)
    assert standin.seen[-1].headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_look_ups_fit_the_description(standin: StandIn) -> None:
    spec = description("twilio")
    path = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
    described = spec["paths"][path]["get"]["parameters"]
    known = {parameter["name"] for parameter in described if parameter["in"] == "query"}
    assert {"To", "DateSent>", "PageSize"} <= known


async def test_the_standin_answers_as_described(standin: StandIn, rig: Rig) -> None:
    """So that what is learnt from it holds for Twilio too."""
    spec = description("twilio")
    await rig.provider.send(outgoing())
    (taken,) = standin.taken_for(number("000"))
    shown = {name: value for name, value in Twilio().show(taken).items() if value is not None}
    schema = spec["components"]["schemas"]["api.v2010.account.message"]
    jsonschema.validate(shown, {**schema, "additionalProperties": False, **parts_of(spec)})


def parts_of(spec: dict[str, Any]) -> dict[str, Any]:
    """What the references in a part of a description point to."""
    return {"components": spec["components"]}


class TestLookUp:
    async def test_by_its_name(self, standin: StandIn, rig: Rig) -> None:
        outcome = await rig.provider.send(outgoing())
        assert isinstance(outcome, Accepted)
        (name,) = outcome.provider_ids
        standin.ledger[name].status.append("delivered")
        found = await rig.provider.look_up(outgoing(), name, datetime.now(UTC))
        assert found is not None
        assert (found.state, found.provider_id, found.message_id) == (
            ReceiptState.DELIVERED, name, 4000,
        )  # fmt: skip

    async def test_why_it_failed(self, standin: StandIn, rig: Rig) -> None:
        await rig.provider.send(outgoing())
        (taken,) = standin.taken_for(number("000"))
        taken.status.append("undelivered")
        taken.error.append(30034)
        found = await rig.provider.look_up(outgoing(), taken.id, datetime.now(UTC))
        assert found is not None
        assert (found.state, found.reason) == (ReceiptState.FAILED, Reason.BAD_SENDER)
        assert found.text.endswith("(Twilio 30034)")

    async def test_after_a_lost_answer(self, standin: StandIn, rig: Rig) -> None:
        now = datetime.now(UTC)
        await rig.provider.send(outgoing("901"))
        standin.taken_for(number("901"))[0].status.append("sent")
        found = await rig.provider.look_up(outgoing("901"), "", now)
        assert found is not None
        assert found.state is ReceiptState.SENT
        assert found.provider_id in standin.ledger

    async def test_another_text_is_not_ours(self, rig: Rig) -> None:
        await rig.provider.send(outgoing("901", text="another text"))
        assert await rig.provider.look_up(outgoing("901"), "", datetime.now(UTC)) is None

    async def test_two_equal_ones_say_nothing(self, rig: Rig) -> None:
        for _ in range(2):
            await rig.provider.send(outgoing("901"))
        assert await rig.provider.look_up(outgoing("901"), "", datetime.now(UTC)) is None

    @pytest.mark.parametrize("hours", [-2, 2])
    async def test_an_equal_one_of_another_time_is_not_ours(self, rig: Rig, hours: int) -> None:
        await rig.provider.send(outgoing("901"))
        at = datetime.now(UTC) + timedelta(hours=hours)
        assert await rig.provider.look_up(outgoing("901"), "", at) is None


class TestCheck:
    async def test_wrong_credentials(self, rig: Rig) -> None:
        assert rig.stranger is not None
        assert "credentials" in await rig.stranger.check()

    async def test_nobody_there(self, rig: Rig) -> None:
        assert rig.nobody is not None
        assert "could not be reached" in await rig.nobody.check()


async def test_replies(standin: StandIn, postbox: Postbox) -> None:
    provider = open_twilio(standin.url)
    url = postbox.url + "/callbacks/twilio/sometoken"
    for text in ("Stop", "stop please", "Where is my bread? ✂"):
        await standin.reply(Twilio(), url, "+32470000001", SENDER, text)
    assert all(provider.is_genuine(callback) for callback in postbox.kept)
    replies = [reply for callback in postbox.kept for reply in provider.read_replies(callback)]
    assert [(r.sender, r.to, r.provider_handled) for r in replies] == [
        ("+32470000001", SENDER, True),
        ("+32470000001", SENDER, False),
        ("+32470000001", SENDER, False),
    ]
    assert replies[2].text == "Where is my bread? ✂"
    assert not any(provider.read_receipts(callback) for callback in postbox.kept)
    quiet = open_twilio(standin.url, provider_replies="false")
    assert not quiet.read_replies(postbox.kept[0])[0].provider_handled


def test_twilio_says_that_it_answered() -> None:
    fields = {"From": "+32470000001", "To": SENDER, "Body": "arrêt", "OptOutType": "STOP"}
    callback = Callback("POST", URL, FORM, urlencode(fields).encode())
    (reply,) = open_twilio("https://api.twilio.com").read_replies(callback)
    assert reply.provider_handled


class TestSignature:
    """Against the validator that Twilio publishes."""

    validator = RequestValidator(TOKEN)
    fields: ClassVar = {
        "MessageSid": "SM1",
        "MessageStatus": "sent",
        "Body": "é & ü =",
        "Empty": "",
    }

    def callback(self, url: str, signature: str, **changes: Any) -> Callback:
        values: dict[str, Any] = {
            "method": "POST",
            "url": url,
            "headers": {**FORM, "x-twilio-signature": signature},
            "body": urlencode(self.fields).encode(),
        }
        return Callback(**(values | changes))

    @pytest.mark.parametrize(
        "url",
        [
            URL,
            f"{URL}?m=12",
            "https://shop.example.com:8443/c?m=1",
            "https://shop.example.com:443/c",
            "http://shop.example.com/c?a=b&c=%20d",
            "https://[2001:db8::1]/c",
        ],
    )
    def test_form(self, url: str) -> None:
        provider = open_twilio("https://api.twilio.com")
        signature = self.validator.compute_signature(url, self.fields)
        assert self.validator.validate(url, self.fields, signature)
        assert provider.is_genuine(self.callback(url, signature))
        assert not provider.is_genuine(self.callback(url + "&m=13", signature))
        assert not provider.is_genuine(self.callback(url, signature, body=b"MessageSid=SM2"))

    @pytest.mark.parametrize(
        "signed", ["https://shop.example.com:443/c", "https://shop.example.com/c"]
    )
    @pytest.mark.parametrize(
        "seen", ["https://shop.example.com:443/c", "https://shop.example.com/c"]
    )
    def test_the_usual_port_may_be_there_or_not(self, signed: str, seen: str) -> None:
        signature = self.validator.compute_signature(signed, self.fields)
        assert open_twilio("https://api.twilio.com").is_genuine(self.callback(seen, signature))

    def test_json(self) -> None:
        provider = open_twilio("https://api.twilio.com")
        body = json.dumps({"MessageSid": "SM1", "MessageStatus": "delivered"})
        url = f"{URL}?m=7&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
        signature = self.validator.compute_signature(url, {})
        assert self.validator.validate(url, body, signature)
        headers = {"content-type": "application/json", "x-twilio-signature": signature}
        callback = self.callback(url, signature, body=body.encode(), headers=headers)
        assert provider.is_genuine(callback)
        (receipt,) = provider.read_receipts(callback)
        assert (receipt.message_id, receipt.state) == (7, ReceiptState.DELIVERED)
        changed = self.callback(url, signature, body=body.encode() + b" ", headers=headers)
        assert not provider.is_genuine(changed)

    def test_a_body_without_its_digest_is_not_covered(self) -> None:
        signature = self.validator.compute_signature(URL, {})
        headers = {"content-type": "application/json", "x-twilio-signature": signature}
        callback = self.callback(URL, signature, body=b'{"MessageSid": "SM1"}', headers=headers)
        assert not open_twilio("https://api.twilio.com").is_genuine(callback)


def test_words_of_receipts() -> None:
    provider = open_twilio("https://api.twilio.com")
    for code, reason in {30003: Reason.UNREACHABLE, 30007: Reason.FILTERED, 21610: Reason.OPTED_OUT,
                         30036: Reason.EXPIRED, 99999: Reason.OTHER}.items():  # fmt: skip
        fields: ClassVar = {
            "MessageSid": "SM1",
            "MessageStatus": "undelivered",
            "ErrorCode": str(code),
        }
        callback = Callback("POST", f"{URL}?m=5", FORM, urlencode(fields).encode())
        (receipt,) = provider.read_receipts(callback)
        assert (receipt.reason, receipt.message_id) == (reason, 5)
        assert str(code) in receipt.text


def test_every_status_of_the_description_is_known() -> None:
    spec = description("twilio")
    described = set(spec["components"]["schemas"]["message_enum_status"]["enum"])
    assert described - {"receiving", "received"} == set(twilio.STATES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_sid", "AC12"),
        ("account_sid", "AC" + "g" * 32),
        ("messaging_service_sid", "MG12"),
        ("validity_seconds", "0"),
        ("validity_seconds", "36001"),
        ("validity_seconds", "9" * 5000),
        ("provider_replies", "maybe"),
        ("base_url", "ftp://example.com"),
        ("base_url", "https://user:secret@example.com"),
        ("base_url", "example.com"),
    ],
)
def test_settings_that_make_no_sense(name: str, value: str) -> None:
    with pytest.raises(BadSettings) as raised:
        open_twilio(**({"url": "https://api.twilio.com", name: value} if name != "base_url"
                       else {"url": value}))  # fmt: skip
    assert raised.value.field == name
    assert "secret" not in str(raised.value)
