"""What the SMSC delivers, in our words: receipts, and texts from people."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from tearoff.providers.base import Arrived, Reply
from tearoff.providers.smpp import pdu, receipts, text

SAME_WITHIN = timedelta(minutes=10)
"""A text that came in again within this time, with no other one of that person between, is a
repetition: its acknowledgement was lost."""
REMEMBERED = 5_000
RAW_LIMIT = 4_000


class Inbox:
    """Reads deliveries. Remembers the last text of each person, because a reply carries no id
    by which a repetition could be told from a second "STOP"."""

    def __init__(self, alphabet: str, id_format: str, now: Callable[[], datetime]) -> None:
        self._alphabet, self._id_format, self._now = alphabet, id_format, now
        self._last: OrderedDict[tuple[str, str], tuple[bytes, str, datetime]] = OrderedDict()

    def read(self, one: pdu.Delivered) -> Arrived:
        """Never raises, whatever was delivered."""
        if one.is_broken:
            raw = one.text.hex()
            return Arrived(_short(f"unreadable:{raw}"), raw[:RAW_LIMIT])
        octets = text.without_header(one.text, one.esm_class)
        words = text.decode(octets, one.data_coding, self._alphabet)
        raw = f"{one.source}>{one.destination} esm_class={one.esm_class:#x} {words}"[:RAW_LIMIT]
        is_receipt = receipts.is_receipt(one)
        if is_receipt and b"stat:" in octets.lower():  # in ASCII, whatever it says it is
            words = octets.decode("latin-1").replace("\0", "")
        if not is_receipt:
            return Arrived(self._key_of_reply(one), raw, reply=_reply(one, words))
        receipt = receipts.read_receipt(one, words, self._id_format)
        said = f"{receipt.provider_id}:{receipt.text}" if receipt.provider_id else words
        return Arrived(_short(f"receipt:{receipt.to}:{said}"), raw, receipt=receipt)

    def _key_of_reply(self, one: pdu.Delivered) -> str:
        now, person = self._now(), (one.source, one.destination)
        known = self._last.get(person)
        content = _content(one)
        if known is not None and known[0] == content and now - known[2] < SAME_WITHIN:
            return known[1]
        key = _short(f"reply:{person}:{content.hex()}:{now:%Y%m%d%H%M}")
        self._last[person] = (content, key, now)
        self._last.move_to_end(person)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        return key


def _reply(one: pdu.Delivered, words: str) -> Reply:
    to = e164(one.destination)
    is_part = text.is_part(one.text, one.esm_class) or one.tlvs.get(pdu.TAG_SAR_TOTAL, b"") > b"\1"
    return Reply(
        e164(one.source), to, words, written=one.source, ton=one.source_ton, is_part=is_part
    )


def e164(address: str) -> str:
    """With `+`, unless it is a short code or a name."""
    is_number = address.isascii() and address.isdigit() and len(address) > 6
    return f"+{address}" if is_number else address


def _content(one: pdu.Delivered) -> bytes:
    """Everything that a repetition has in common with the first, header and tags included: two
    parts of a long text may read alike."""
    digest = hashlib.sha256(bytes((one.esm_class, one.data_coding)) + one.text)
    for tag in sorted(one.tlvs):
        digest.update(tag.to_bytes(2) + one.tlvs[tag])
    return digest.digest()


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]
