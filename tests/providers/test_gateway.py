from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jsonschema
import msgspec
import pytest

from tearoff.providers.base import (
    Accepted,
    BadSettings,
    Callback,
    NoAnswer,
    Outcome,
    Reason,
    Receipt,
    ReceiptState,
    Refused,
    Surroundings,
)
from tearoff.providers.gateway import GatewayProvider
from tearoff.providers.gateway_template import fill, find
from tests.providers.contract import (
    CallbackContract,
    Rig,
    Send,
    SignedContract,
    WireContract,
    number,
    outgoing,
)
from tests.providers.dialects import HMAC_SECRET, TOKEN, Infobip, Order, PlainJson, Taken, Vonage
from tests.providers.gateways import INFOBIP, PLAIN, VONAGE
from tests.providers.postbox import Postbox, open_postbox
from tests.providers.specs import description, strict
from tests.providers.standin import StandIn, running_standin
from tests.running import free_port

SURROUNDINGS = Surroundings("unused", allow_loopback=True)
IMPATIENT = Surroundings("unused", allow_loopback=True, answer_within=0.5)
STRANGER = "a token of somebody else"
JSON = {"content-type": "application/json"}
ADDRESS = "https://shop.example.com/callbacks/http/sometoken"


def open_gateway(
    base: str, settings: dict[str, str], around: Surroundings = SURROUNDINGS, **changes: str
) -> GatewayProvider:
    return GatewayProvider(settings | {"url": base + settings["url"]} | changes, around)


@pytest.fixture
async def standin() -> AsyncIterator[StandIn]:
    async with running_standin() as running:
        yield running


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    async with open_postbox() as box:
        yield box


@pytest.fixture
async def rig(standin: StandIn, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    described = request.cls.settings
    wrong = {"password" if "password" in described else "token": STRANGER}
    if "hmac_secret" in described:
        wrong["hmac_secret"] = STRANGER
    rig = Rig(
        open_gateway(standin.url, described),
        lambda to: [taken.order.text for taken in standin.taken_for(to)],
        secrets=(TOKEN, STRANGER, HMAC_SECRET),
        nobody=open_gateway(f"http://127.0.0.1:{free_port()}", described),
        stranger=open_gateway(standin.url, described, **wrong),
        impatient=open_gateway(standin.url, described, IMPATIENT),
    )
    yield rig
    for provider in (rig.provider, rig.nobody, rig.stranger, rig.impatient):
        assert provider is not None
        await provider.close()


@pytest.fixture
def reported(rig: Rig, standin: StandIn, postbox: Postbox) -> Send:
    return lambda message: postbox.reported(standin, rig.provider, message, "http")


class TestPlain(WireContract, SignedContract):
    settings = PLAIN


class TestInfobip(WireContract, CallbackContract):
    settings = INFOBIP


class TestVonage(WireContract, CallbackContract):
    settings = VONAGE


class TestDescriptions:
    """What is sent to Infobip and Vonage, and what the stand-in says in their place, against
    their own descriptions, with nothing allowed that those do not name."""

    async def test_infobip_request(self, standin: StandIn) -> None:
        spec = strict(description("infobip"))
        for url in (None, f"{ADDRESS}?m=4000"):
            body = await sent(standin, INFOBIP, callback_url=url)
            content = spec["paths"]["/sms/3/messages"]["post"]["requestBody"]["content"]
            check(json.loads(body), content["application/json"]["schema"], spec)
        (message,) = json.loads(body)["messages"]
        assert message["destinations"] == [{"to": number("000")[1:]}]
        assert message["webhooks"]["callbackData"] == "4000"

    async def test_infobip_reports(self) -> None:
        spec = strict(description("infobip"))
        taken = Taken("ib-1", Order(number("000"), "text", "Bakery", ADDRESS, "4000"))
        schema = post_schema(spec["webhooks"]["receive-outbound-sms-message-reports-v3"])
        for status in ("sent", "delivered", "failed"):
            check(json.loads(Infobip().receipt(taken, status).body), schema, spec)
        answers = spec["paths"]["/sms/3/messages"]["post"]["responses"]["200"]["content"]
        check(json.loads(Infobip().accept(taken).body), answers["application/json"]["schema"], spec)

    async def test_vonage_request(self, standin: StandIn) -> None:
        spec = strict(description("vonage"))
        schemas = spec["components"]["schemas"]
        body = await sent(standin, VONAGE, callback_url=f"{ADDRESS}?m=4000")
        form = dict(parse_qsl(body.decode()))
        check(form, schemas["NewMessage"], spec)
        assert (form["type"], form["client-ref"]) == ("unicode", "4000")
        plain = await sent(standin, VONAGE, encoding="GSM-7", text="Bon")
        assert dict(parse_qsl(plain.decode()))["type"] == "text"

    async def test_vonage_reports(self) -> None:
        spec = strict(description("vonage"))
        schemas = spec["components"]["schemas"]
        taken = Taken("0A1", Order(number("000"), "text", "Bakery", ADDRESS, "4000"))
        for status in ("sent", "delivered", "failed"):
            check(
                json.loads(Vonage().receipt(taken, status).body), schemas["DeliveryReceipt"], spec
            )
        check(json.loads(Vonage().accept(taken).body), schemas["SMS"], spec)


async def sent(standin: StandIn, settings: dict[str, str], **changes: Any) -> bytes:
    provider = open_gateway(standin.url, settings)
    assert isinstance(await provider.send(outgoing(**changes)), Accepted)
    await provider.close()
    return standin.seen[-1].body


async def target_of(standin: StandIn, **settings: str) -> str:
    """What a gateway with these settings asks for in a request's first line."""
    provider = open_gateway(standin.url, PLAIN, **settings)
    await provider.send(outgoing())
    await provider.close()
    return standin.seen[-1].target


def post_schema(path: dict[str, Any]) -> Any:
    return path["post"]["requestBody"]["content"]["application/json"]["schema"]


def check(value: Any, schema: dict[str, Any], spec: dict[str, Any]) -> None:
    jsonschema.validate(value, {**schema, "components": spec["components"]})


@pytest.mark.parametrize("settings", [PLAIN, INFOBIP, VONAGE])
async def test_replies(postbox: Postbox, standin: StandIn, settings: dict[str, str]) -> None:
    dialect = {id(PLAIN): PlainJson(), id(INFOBIP): Infobip(), id(VONAGE): Vonage()}[id(settings)]
    provider = open_gateway(standin.url, settings)
    await standin.reply(dialect, f"{postbox.url}/c", "+32470000001", "+12015550100", "Stop ✂")
    (callback,) = postbox.kept
    (reply,) = provider.read_replies(callback)
    assert provider.is_genuine(callback)
    assert (reply.sender, reply.to, reply.text) == ("+32470000001", "+12015550100", "Stop ✂")
    assert reply.provider_id
    assert provider.read_receipts(callback) == []


@pytest.mark.parametrize("sender", ["0470001234", "470001234", "BANK", ""])
async def test_a_reply_is_kept_as_it_was_written(sender: str) -> None:
    provider = open_gateway("http://127.0.0.1:9", VONAGE)
    query = urlencode({"msisdn": sender, "to": "8850", "text": "STOP", "messageId": "r1"})
    callback = Callback("GET", f"https://coupons.example.com/c?{query}", {}, b"")
    (reply,) = provider.read_replies(callback)
    assert (reply.written, reply.text) == (sender, "STOP")


LATIN = {"content-type": "application/x-www-form-urlencoded; charset=ISO-8859-1"}
FORM, JSON = (
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "application/json"},
)
PARTS = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"from=0470001234&text=ARR%CAT", FORM),
        (b"from=0470001234&text=ARR%CAT", LATIN),
        (b"from=0470001234&text=ARR%C3%8AT", LATIN),
        ('{"from": "0470001234", "text": "ARRÊT"}'.encode("utf-16-le"), JSON),
        ('\ufeff{"from": "0470001234", "text": "ARRÊT"}'.encode("utf-32"), JSON),
        (
            '{"from": "0470001234", "text": "ARRÊT"}'.encode(),
            {"content-type": "application/json; charset=utf-16"},
        ),
        (b"from=0470001234&text=ARR\xcaT", {}),
        (b"from=0470001234&text=ARR%C3%8AT&city=Li%E8ge", FORM),
        (b"from=0470001234&text=ARR%C3%8AT&city=Li\xe8ge", FORM),
        ("from=0470001234&text=ARRÊT".encode(), JSON),
        ('\ufeff{"from": "0470001234", "text": "ARRÊT"}'.encode(), JSON),
        ('{"from": "0470001234", "text": "ARRÊT"}'.encode("latin-1"), JSON),
        ('{"from": "0470001234", "text": "ARRÊT"}'.encode("utf-16"), JSON),
        (
            '{"from": "0470001234", "text": "ARRÊT"}'.encode("utf-16-be"),
            {"content-type": "application/json; charset=UTF-16BE"},
        ),
        ('{"from": "0470001234", "text": "ARRÊT", "name": "\\ud83d"}'.encode(), JSON),
        ('{"from": "0470001234", "text": "ARRÊT", "name": "a\nb"}'.encode(), JSON),
        ('{"from": "0470001234", "text": ["ARRÊT"]}'.encode(), JSON),
        ('{"from": "0470001234", "text": "ARRÊT"}'.encode(), FORM),
        (
            PARTS % (b"from", b"0470001234") + PARTS % (b"text", b"ARR\xcaT") + b"--b--\r\n",
            {"content-type": "multipart/form-data; boundary=b"},
        ),
    ],
)
async def test_a_reply_is_read_however_a_service_writes_it(
    body: bytes, headers: dict[str, str]
) -> None:
    """What was answered 200 does not come again, and it may be a STOP."""
    settings = PLAIN | {"replies_path": ""}
    provider = open_gateway("http://127.0.0.1:9", settings)
    callback = Callback("POST", "https://coupons.example.com/c", headers, body)
    (reply,) = provider.read_replies(callback)
    assert (reply.written, reply.text) == ("0470001234", "ARRÊT")


@pytest.mark.parametrize("text", ["Arr%EAt", "Arr%C3%AAt", "Arr\xeat"])
async def test_a_reply_in_an_address_is_read_as_one_in_a_form(text: str) -> None:
    provider = open_gateway("http://127.0.0.1:9", PLAIN | {"replies_path": ""})
    url = f"https://coupons.example.com/c?from=0470001234&text={text}"
    for method, body in (("GET", b""), ("POST", b"not a form")):
        (reply,) = provider.read_replies(Callback(method, url, {}, body))
        assert (reply.written, reply.text) == ("0470001234", "Arrêt")


@pytest.mark.parametrize(
    "content_type", ["", "x", "a/b; charset=\0", "a/b; charset=base64", "/;=;"]
)
@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b"\xff\xfe", b"=", b"\0=\xff", b"%", b"{\xff"]
)
async def test_garbage_is_no_reply(body: bytes, content_type: str) -> None:
    settings = PLAIN | {"replies_path": ""}
    provider = open_gateway("http://127.0.0.1:9", settings)
    headers = {"content-type": content_type}
    callback = Callback("POST", "https://coupons.example.com/c", headers, body)
    assert provider.read_replies(callback) == []


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "unicode_escape", "hex"])
async def test_a_charset_of_no_letters_is_none(charset: str) -> None:
    """Some take minutes, and one makes letters of what was signed as others."""
    provider = open_gateway("http://127.0.0.1:9", PLAIN | {"replies_path": ""})
    headers = {"content-type": f"application/x-www-form-urlencoded; charset={charset}"}
    body = b"from=1&text=+AFMAVABPAFA--2n7c" + b"a" * 100_000
    callback = Callback("POST", "https://coupons.example.com/c", headers, body)
    (reply,) = provider.read_replies(callback)
    assert reply.text.startswith(" AFMAVABPAFA--2n7ca")


class TestRefusalsInside:
    """Answers of status 200 that are no yes. Each was given to a service that took nothing."""

    async def judged(self, answer: Any, settings: dict[str, str] = VONAGE) -> Outcome:
        provider = open_gateway("https://api.example.com", settings)
        return provider._judge(answer, "raw", outgoing())

    async def test_every_part_must_be_taken(self) -> None:
        yes, no = {"status": "0", "message-id": "a"}, {"status": "9", "error-text": "broke"}
        whole = await self.judged({"messages": [yes, {**yes, "message-id": "b"}]})
        assert whole == Accepted(("a", "b"), "raw")
        assert isinstance(await self.judged({"messages": [yes, no]}), NoAnswer)
        refusal = await self.judged({"messages": [no, no]})
        assert isinstance(refusal, Refused)
        assert refusal.reason is Reason.NO_CREDIT
        assert refusal.text.endswith("9: broke")

    @pytest.mark.parametrize(
        "answer", [None, {}, [], "OK", {"messages": []}, {"messages": [{}]}, 1]
    )
    async def test_an_answer_that_says_nothing(self, answer: Any) -> None:
        assert isinstance(await self.judged(answer), NoAnswer)

    async def test_an_unknown_code_is_a_refusal_all_the_same(self) -> None:
        refusal = await self.judged({"messages": [{"status": "77"}]})
        assert isinstance(refusal, Refused)
        assert (refusal.reason, refusal.permanent) == (Reason.OTHER, False)

    async def test_without_success_path_the_name_is_the_yes(self) -> None:
        settings = {"url": "/x", "body": '{"to": "{to}"}', "id_path": "data.id",
                    "error_path": "error", "error_words": '{"40300": "opted_out"}'}  # fmt: skip
        assert await self.judged({"data": {"id": 7}}, settings) == Accepted(("7",), "raw")
        refusal = await self.judged({"error": 40300}, settings)
        assert isinstance(refusal, Refused)
        assert refusal.reason is Reason.OPTED_OUT
        assert isinstance(await self.judged({"data": {}}, settings), NoAnswer)

    async def test_a_service_that_never_says_more(self) -> None:
        settings = {"url": "/x", "body": '{"to": "{to}"}'}
        assert await self.judged(None, settings) == Accepted((), "raw")


def test_receipts_of_several_messages_in_one_request() -> None:
    """The number in the address is then not believed."""
    provider = open_gateway("https://api.example.com", INFOBIP)
    item = {"messageId": "a", "status": {"name": "DELIVERED_TO_HANDSET"}, "callbackData": "7"}
    other = {"messageId": "b", "status": {"name": "EXPIRED_EXPIRED"}, "to": "32470000001"}
    body = json.dumps({"results": [item, other, {"messageId": "c"}, None, 3]}).encode()
    first, second = provider.read_receipts(Callback("POST", f"{ADDRESS}?m=99", JSON, body))
    assert (first.message_id, first.state) == (7, ReceiptState.DELIVERED)
    assert (second.message_id, second.provider_id, second.to) == (None, "b", "+32470000001")
    assert (second.state, second.reason) == (ReceiptState.FAILED, Reason.OTHER)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_receipts_as_query_or_form(method: str) -> None:
    provider = open_gateway("https://api.example.com", VONAGE)
    text = "messageId=a&status=delivered&msisdn=32470000001&err-code=0"
    form = {"content-type": "application/x-www-form-urlencoded"}
    callback = (
        Callback("GET", f"{ADDRESS}?m=8&{text}", {}, b"")
        if method == "GET"
        else Callback("POST", f"{ADDRESS}?m=8", form, text.encode())
    )
    assert provider.read_receipts(callback) == [
        Receipt(ReceiptState.DELIVERED, "a", 8, text="delivered", to="+32470000001")
    ]


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("written", ["hex", "HEX", "base64", "prefixed"])
def test_signatures(digest: str, written: str) -> None:
    provider = open_gateway("https://api.example.com", PLAIN, hmac_digest=digest)
    body = b'{"reports": []}'
    made = hmac.new(HMAC_SECRET.encode(), body, getattr(hashlib, digest))
    signature = {
        "hex": made.hexdigest(),
        "HEX": made.hexdigest().upper(),
        "base64": base64.b64encode(made.digest()).decode(),
        "prefixed": f"{digest}={made.hexdigest()}",
    }[written]
    callback = Callback("POST", ADDRESS, {**JSON, "x-signature": signature}, body)
    assert provider.is_genuine(callback)
    assert not provider.is_genuine(msgspec.structs.replace(callback, body=body + b" "))


def test_a_signature_does_not_cover_a_query() -> None:
    """So a callback without a body is not genuine, however well its nothing is signed."""
    signature = hmac.new(HMAC_SECRET.encode(), b"", hashlib.sha256).hexdigest()
    callback = Callback("GET", f"{ADDRESS}?id=a&status=delivered", {"x-signature": signature}, b"")
    assert not open_gateway("https://api.example.com", PLAIN).is_genuine(callback)


async def test_what_there_is_not_is_left_out(standin: StandIn) -> None:
    body = json.loads(await sent(standin, PLAIN))
    assert set(body) == {"to", "text", "from", "ref"}
    (message,) = json.loads(await sent(standin, INFOBIP))["messages"]
    assert message["webhooks"]["delivery"] == {"intermediateReport": True}


async def test_a_text_cannot_break_out_of_its_place(standin: StandIn) -> None:
    text = '{token} {to} ", "to": "+32470009999'
    body = json.loads(await sent(standin, PLAIN, text=text, sender="{token}"))
    assert (body["text"], body["from"], body["to"]) == (text, "{token}", number("000"))


async def test_the_address_is_called_as_it_was_typed(standin: StandIn) -> None:
    typed = "/%7E%41%3B/../sms?sp=%2Frun&sig=a%2Bb%2F%3D%3D&k=%3B%2C%26%25%40%3A"
    assert await target_of(standin, url=standin.url + typed) == typed


async def test_what_is_filled_into_an_address_is_escaped(standin: StandIn) -> None:
    settings = {
        "method": "GET", "body_format": "query", "auth": "none", "token": "a/b+c=&{to}",
        "url": standin.url + "/%7e/{token}?sig=a%2Fb&key={token}",
        "body": json.dumps({"to": "{to_digits}", "text": "{text}"}),
    }  # fmt: skip
    token, to = "a%2Fb%2Bc%3D%26%7Bto%7D", number("000").removeprefix("+")
    beginning, _, text = (await target_of(standin, **settings)).rpartition("&")
    assert beginning == f"/%7e/{token}?sig=a%2Fb&key={token}&to={to}"
    assert parse_qsl(text) == [("text", outgoing().text)]


def test_other_braces_stay() -> None:
    assert fill("{ {to} } {0} {TO} {}", {"to": "1"}) == "{ 1 } {0} {TO} {}"


def test_a_service_that_does_not_sign() -> None:
    provider = open_gateway("https://api.example.com", VONAGE)
    assert provider.is_genuine(Callback("POST", ADDRESS, {}, b""))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", [{"a": [{"b": 1}, {"b": 2}], "c": None}]),
        ("a.0.b", [1]),
        ("a.*.b", [1, 2]),
        ("a.-1.b", []),
        ("a.2.b", []),
        ("a.b", []),
        ("c", [None]),
        ("c.d", []),
        ("x", []),
        ("a.99999999999999999999", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    assert find({"a": [{"b": 1}, {"b": 2}], "c": None}, path) == found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://api.example.com/{to}"),
        ("url", "gopher://x"),
        ("method", "PATCH"),
        ("method", "GET"),
        ("body_format", "xml"),
        ("body", "[]"),
        ("body", "{"),
        ("body", "[" * 100_000),
        ("body", '{"to": "{to}", "x": "{unknown}"}'),
        ("body", '{"text": "{text}"}'),
        ("headers", '{"a b": "c"}'),
        ("headers", '{"a": "b\\r\\nc: d"}'),
        ("headers", '{"a": 1}'),
        ("headers", '{"a": "{to}"}'),
        ("auth", "digest"),
        ("token", ""),
        ("alphabet_words", "one"),
        ("success_values", ""),
        ("success_path", ""),
        ("error_words", '{"1": "bad luck"}'),
        ("error_words", '{"1": ["other"]}'),
        ("receipt_words", '{"x": "opted_out"}'),
        ("provider_replies", "sometimes"),
        ("hmac_secret", ""),
        ("hmac_header", ""),
        ("hmac_digest", "md5"),
    ],
)
def test_settings_that_make_no_sense(field: str, value: str) -> None:
    with pytest.raises(BadSettings) as raised:
        GatewayProvider(PLAIN | {"url": "https://api.example.com"} | {field: value}, SURROUNDINGS)
    assert raised.value.field in (field, "body_format" if field == "method" else field)
    assert len(str(raised.value)) < 400
