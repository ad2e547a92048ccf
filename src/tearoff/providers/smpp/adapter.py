"""`smpp`: the adapter that the rest of Tearoff sees."""

from __future__ import annotations

import asyncio
import hashlib
import random
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from tearoff.kit.http import resolve_public
from tearoff.providers.base import (
    Accepted,
    Arrived,
    BadSettings,
    Callback,
    Field,
    NoAnswer,
    Outcome,
    Outgoing,
    Reason,
    Receipt,
    Reply,
    Surroundings,
    Take,
    refused,
)
from tearoff.providers.smpp import pdu, receipts, text
from tearoff.providers.smpp.link import Address, BindRefused, Link
from tearoff.providers.smpp.session import LinkLost, NoResponse, NotBound

TIME_LIMIT = 10.0
"""Seconds in which a throttled message is tried again; it was certainly not taken."""

_NUMBERS = {
    "port": (1, 65_535), "window": (1, 1_000), "rate": (1, 100_000),
    "validity_minutes": (1, 100_000), "source_ton": (0, 6), "source_npi": (0, 18),
    "enquire_seconds": (1, 3_600), "answer_seconds": (1, 60), "max_binds": (1, 64),
}  # fmt: skip
_CHOICES = {"alphabet": text.ALPHABETS, "long": text.LONG, "id_format": receipts.ID_FORMATS}


class SmppProvider:
    kind: ClassVar[str] = "smpp"
    fields: ClassVar[Sequence[Field]] = (
        Field("host", "name or address of the SMSC", required=True),
        Field("port", "port of the SMSC", default="2775"),
        Field("system_id", "login, at most 15 characters by the standard", required=True),
        Field("password", "at most 8 characters by the standard; longer ones are sent as they are",
              required=True, secret=True),
        Field("system_type", "often empty"),
        Field("sender", "number, short code, or up to 11 letters and digits"),
        Field("tls", "true: over TLS", default="false"),
        Field("tls_ca_file", "file of the certificate authority, if not a public one"),
        Field("tls_cert_file", "file of our certificate, if the SMSC asks for one"),
        Field("tls_key_file", "file of its key"),
        Field("window", "messages under way at the same time", default="10"),
        Field("rate", "messages a second of your contract; empty: no limit"),
        Field("max_binds", "links that the SMSC allows, over all processes", default="1"),
        Field("alphabet", "how the SMSC reads plain text: gsm, latin1 or ucs2", default="gsm"),
        Field("long", "how long texts are tied together: udh, sar or payload", default="udh"),
        Field("id_format", "ids in receipts: as_is, hex_to_decimal, decimal_to_hex",
              default="as_is"),
        Field("validity_minutes", "give up delivering after so long; empty: the SMSC's own"),
        Field("source_ton", "type of number of the sender; empty: by its form"),
        Field("source_npi", "numbering plan of the sender; empty: by its form"),
        Field("enquire_seconds", "silence after which the link is tested", default="30"),
        Field("answer_seconds", "seconds to wait for an answer", default="10"),
    )  # fmt: skip

    def __init__(self, settings: Mapping[str, str], surroundings: Surroundings) -> None:
        self._settings = {
            f.name: settings.get(f.name, "").strip() or f.default for f in self.fields
        }
        self._check_settings()
        self._surroundings = surroundings
        self._take: Take | None = None
        self._link: Link | None = None
        self._reference = random.randrange(256)  # noqa: S311 (ties parts together, no secret)

    # Provider ----------------------------------------------------------------------------

    async def send(self, message: Outgoing) -> Outcome:
        """Send all parts; accepted when all are."""
        pieces = text.pieces(
            message.parts or (message.text,), message.encoding, self._settings["alphabet"],
            self._settings["long"], self._next_reference(),
        )  # fmt: skip
        bodies = [self._body(message, piece) for piece in pieces]
        first = await self._submit(bodies[0])
        if not isinstance(first, Accepted) or len(bodies) == 1:
            return first
        rest = await asyncio.gather(*(self._submit(body) for body in bodies[1:]))
        if all(isinstance(one, Accepted) for one in rest):
            ids = [one.provider_ids[0] for one in (first, *rest) if isinstance(one, Accepted)]
            return Accepted(tuple(ids), first.raw)
        failed = next(one for one in rest if not isinstance(one, Accepted))
        return NoAnswer(f"Only some parts of the message were accepted. {failed.text}", failed.raw)

    async def look_up(
        self, message: Outgoing, provider_id: str, sent_at: datetime
    ) -> Receipt | None:
        return None

    def is_genuine(self, callback: Callback) -> bool:
        return False

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        return []

    def read_replies(self, callback: Callback) -> list[Reply]:
        return []

    async def check(self) -> str:
        """Bind and unbind once."""
        link = self._make_link()
        try:
            session = await link.open_session()
        except BindRefused as error:
            return f"The SMSC does not accept the login: {error}."
        except (OSError, LinkLost, NoResponse) as error:
            return f"The SMSC cannot be reached: {error}."
        await session.unbind()
        return ""

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    # Linked ------------------------------------------------------------------------------

    def listen(self, take: Take) -> None:
        self._take = take

    async def start(self) -> None:
        self._open().start()

    # sending -----------------------------------------------------------------------------

    async def _submit(self, body: bytes) -> Outcome:
        link = self._open()
        loop = asyncio.get_running_loop()
        give_up = loop.time() + TIME_LIMIT
        while True:
            try:
                answer = await link.submit(body)
            except BindRefused as error:
                return refused(Reason.AUTH, raw=str(error))
            except NotBound as error:
                return refused(Reason.PROVIDER_DOWN, raw=str(error))
            except (LinkLost, NoResponse) as error:
                return NoAnswer("The SMS provider took the message but did not answer.", str(error))
            if answer.status not in (pdu.THROTTLED, pdu.QUEUE_FULL):
                return _outcome(answer)
            link.pace.slow_down(int(self._settings["window"]))
            if loop.time() > give_up:
                return refused(Reason.THROTTLED, raw=_raw(answer), after=5)

    def _body(self, message: Outgoing, piece: text.Piece) -> bytes:
        esm_class, coding, octets, tlvs = piece
        sender = message.sender or self._settings["sender"]
        source, ton, npi = self._source(sender)
        return pdu.encode_submit(
            pdu.Submit(
                source=source,
                source_ton=ton,
                source_npi=npi,
                destination=message.to.removeprefix("+"),
                destination_ton=1,
                destination_npi=1,
                esm_class=esm_class,
                data_coding=coding,
                short_message=octets,
                validity=self._validity(),
                tlvs=tlvs,
            )
        )

    def _source(self, sender: str) -> tuple[str, int, int]:
        """Address, type of number, numbering plan: international, short code or name."""
        bare = sender.removeprefix("+")
        ton, npi = (5, 0) if not bare.isdigit() else (3, 0) if len(bare) <= 6 else (1, 1)
        ton = int(self._settings["source_ton"] or ton)
        npi = int(self._settings["source_npi"] or npi)
        return (bare[:11] if ton == 5 else bare[:20]), ton, npi

    def _validity(self) -> str:
        """Relative time, `YYMMDDhhmmss000R`."""
        given = self._settings["validity_minutes"]
        if not given:
            return ""
        days, minutes = divmod(int(given), 24 * 60)
        return f"0000{min(days, 31):02d}{minutes // 60:02d}{minutes % 60:02d}00000R"

    def _next_reference(self) -> int:
        self._reference = (self._reference + 1) % 256
        return self._reference

    # receiving ---------------------------------------------------------------------------

    async def _on_delivered(self, delivered: Sequence[pdu.Delivered]) -> None:
        if self._take is None:
            raise RuntimeError("nobody stores what arrives")
        if delivered:
            await self._take([self._arrived(one) for one in delivered])

    def _arrived(self, one: pdu.Delivered) -> Arrived:
        octets = text.without_header(one.text, one.esm_class)
        words = text.decode(octets, one.data_coding, self._settings["alphabet"])
        raw = f"{one.source}>{one.destination} {one.esm_class:#x} {words}"
        if receipts.is_receipt(one.esm_class):
            receipt = receipts.read_receipt(one, words, self._settings["id_format"])
            key = f"receipt:{receipt.provider_id}:{receipt.text}:{receipt.to}"
            return Arrived(_short(key), raw, receipt=receipt)
        reply = Reply(_e164(one.source), _e164(one.destination), words)
        minute = int(asyncio.get_running_loop().time() // 60)
        return Arrived(_short(f"reply:{minute}:{raw}"), raw, reply=reply)

    # opening -----------------------------------------------------------------------------

    def _open(self) -> Link:
        if self._link is None:
            self._link = self._make_link()
        return self._link

    def _make_link(self) -> Link:
        s = self._settings
        return Link(
            pdu.Bind(s["system_id"], s["password"], s["system_type"]),
            self._resolve,
            self._on_delivered,
            tls=self._tls_context(),
            server_name=s["host"],
            window=int(s["window"]),
            rate=float(s["rate"]) if s["rate"] else None,
            enquire=float(s["enquire_seconds"]),
            answer_within=float(s["answer_seconds"]),
        )

    async def _resolve(self) -> list[Address]:
        found = await resolve_public(
            self._settings["host"],
            int(self._settings["port"]),
            allowed_hosts=self._surroundings.allowed_hosts,
            allow_loopback=self._surroundings.allow_loopback,
        )
        return [(str(info[4][0]), int(info[4][1])) for info in found]

    def _tls_context(self) -> ssl.SSLContext | None:
        s = self._settings
        if not _is_true(s["tls"]):
            return None
        try:
            context = ssl.create_default_context(cafile=s["tls_ca_file"] or None)
            if s["tls_cert_file"]:
                context.load_cert_chain(s["tls_cert_file"], s["tls_key_file"] or None)
        except (OSError, ssl.SSLError) as error:
            raise BadSettings("tls_ca_file", f"cannot be used: {error}") from None
        return context

    def _check_settings(self) -> None:
        for name, (low, high) in _NUMBERS.items():
            given = self._settings[name]
            if given and not (given.isascii() and given.isdigit() and low <= int(given) <= high):
                raise BadSettings(name, f"use a whole number from {low} to {high}.")
        for name, words in _CHOICES.items():
            if self._settings[name] not in words:
                raise BadSettings(name, f"use one of {', '.join(words)}.")
        self._tls_context()


def _outcome(answer: pdu.Pdu) -> Outcome:
    if answer.status == pdu.OK and answer.command != pdu.GENERIC_NACK:
        given = pdu.decode_message_id(answer.body)
        return Accepted((receipts.normal_id(given, "as_is"),), raw=given)
    reason = receipts.REFUSALS.get(answer.status, Reason.OTHER)
    return refused(reason, raw=_raw(answer))


def _raw(answer: pdu.Pdu) -> str:
    return f"command_status 0x{answer.status:08X}"


def _e164(address: str) -> str:
    return f"+{address}" if address.isdigit() and len(address) > 6 else address


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _is_true(text: str) -> bool:
    return text.lower() in ("1", "true", "yes", "on")
