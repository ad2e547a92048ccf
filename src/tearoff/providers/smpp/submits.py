"""A message as submit_sm, one for each part, and what the answer to one means."""

from __future__ import annotations

from tearoff.providers.base import Accepted, Outcome, Outgoing, Reason, refused
from tearoff.providers.smpp import pdu, receipts, text
from tearoff.providers.smpp.settings import SmppSettings, is_number, problem_of_sender

INTERNATIONAL, SHORT_CODE, NAME, NONE = (1, 1), (3, 0), (5, 0), (0, 0)
"""Type of number and numbering plan."""
LONGEST_SHORT_CODE = 6


class BadSender(ValueError):
    """The sender of this message cannot be written; says why."""


def bodies(message: Outgoing, settings: SmppSettings, reference: int) -> list[bytes]:
    """The body of each submit_sm, in the order of the parts. Raises `BadSender`."""
    sender = settings.sender if message.sender is None else message.sender.strip()
    if problem := problem_of_sender(sender):
        raise BadSender(problem)
    parts = message.parts or (message.text,)
    pieces = text.pieces(parts, message.encoding, settings.alphabet, settings.long, reference)
    return [_body(message, settings, sender, piece) for piece in pieces]


def outcome(answer: pdu.Pdu, settings: SmppSettings) -> Outcome:
    """Status 0 is "taken"; any other one, and a generic_nack, certainly is not."""
    if answer.status == pdu.OK and answer.command != pdu.GENERIC_NACK:
        given = pdu.decode_message_id(answer.body)
        kept = receipts.answered_id(given, settings.id_format)
        return Accepted((kept,) if kept else (), raw=given[:200])
    reason = receipts.REFUSALS.get(answer.status, Reason.OTHER)
    said = f"command_status 0x{answer.status:08X}"
    detail = f"(SMPP status 0x{answer.status:X})" if reason is Reason.OTHER else ""
    return refused(reason, raw=said, detail=detail)


def is_throttled(answer: pdu.Pdu) -> bool:
    return answer.status in (pdu.THROTTLED, pdu.QUEUE_FULL)


def _body(message: Outgoing, settings: SmppSettings, sender: str, piece: text.Piece) -> bytes:
    esm_class, coding, octets, tlvs = piece
    source_ton, source_npi = _kind_of(sender, settings)
    ton, npi = INTERNATIONAL
    submit = pdu.Submit(
        source=sender.removeprefix("+"),
        source_ton=source_ton,
        source_npi=source_npi,
        destination=message.to.removeprefix("+"),
        destination_ton=ton,
        destination_npi=npi,
        esm_class=esm_class,
        data_coding=coding,
        short_message=octets,
        validity=relative_time(settings.validity_minutes),
        tlvs=tlvs,
    )
    return pdu.encode_submit(submit)


def _kind_of(sender: str, settings: SmppSettings) -> tuple[int, int]:
    ton, npi = _kind_by_form(sender)
    return (
        ton if settings.source_ton is None else settings.source_ton,
        npi if settings.source_npi is None else settings.source_npi,
    )


def _kind_by_form(sender: str) -> tuple[int, int]:
    if not sender:
        return NONE
    if not is_number(sender):
        return NAME
    is_short = len(sender) <= LONGEST_SHORT_CODE and not sender.startswith("+")
    return SHORT_CODE if is_short else INTERNATIONAL


def relative_time(minutes: int | None) -> str:
    """`YYMMDDhhmmss000R`, less than 31 days; "" for None."""
    if minutes is None:
        return ""
    days, rest = divmod(minutes, 24 * 60)
    return f"0000{days:02d}{rest // 60:02d}{rest % 60:02d}00000R"
