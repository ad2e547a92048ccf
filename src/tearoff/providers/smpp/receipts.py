"""Reading delivery receipts and refusals: the SMSC's words in ours.

Receipts come as TLVs or as text (appendix B of the specification); operators vary case and
spacing, and write ids in hex on one way and decimal on the other.
"""

from __future__ import annotations

import re

from tearoff.providers.base import Reason, Receipt, ReceiptState
from tearoff.providers.smpp import pdu

STATES = {
    "DELIVRD": ReceiptState.DELIVERED,
    "EXPIRED": ReceiptState.FAILED,
    "DELETED": ReceiptState.FAILED,
    "UNDELIV": ReceiptState.FAILED,
    "REJECTD": ReceiptState.FAILED,
    "ACCEPTD": ReceiptState.SENT,
    "ENROUTE": ReceiptState.SENT,
    "UNKNOWN": ReceiptState.UNKNOWN,
}
NUMBERED = {
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD",
    7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip
FAILURES = {
    "EXPIRED": Reason.EXPIRED,
    "UNDELIV": Reason.UNREACHABLE,
    "REJECTD": Reason.FILTERED,
    "DELETED": Reason.OTHER,
}

REFUSALS = {
    0x01: Reason.TOO_LONG,
    0x0A: Reason.BAD_SENDER,
    0x0B: Reason.INVALID_NUMBER,
    0x14: Reason.THROTTLED,
    0x45: Reason.OTHER,
    0x58: Reason.THROTTLED,
    0x05: Reason.AUTH,
    0x0D: Reason.AUTH,
    0x0E: Reason.AUTH,
    0x0F: Reason.AUTH,
}
"""command_status of submit_sm_resp and bind responses."""

ID_FORMATS = ("as_is", "hex_to_decimal", "decimal_to_hex")

_FIELD = re.compile(r"(id|stat|err)\s*:\s*([^\s]+)", re.IGNORECASE)


def is_receipt(esm_class: int) -> bool:
    return esm_class & 0x3C == 0x04


def read_receipt(delivered: pdu.Delivered, text: str, id_format: str) -> Receipt:
    """A receipt in our words. An unknown state is `ReceiptState.UNKNOWN`."""
    fields = {name.lower(): value for name, value in _FIELD.findall(text)}
    word = _state_word(delivered, fields)
    state = STATES.get(word, ReceiptState.UNKNOWN)
    error = _error(delivered, fields)
    reason = FAILURES.get(word, Reason.OTHER) if state is ReceiptState.FAILED else None
    return Receipt(
        state=state,
        provider_id=normal_id(_id(delivered, fields), id_format),
        reason=reason,
        text=f"{word} {error}".strip(),
        to=delivered.source,
    )


def normal_id(provider_id: str, id_format: str) -> str:
    """The id as the answer to the submit has it. `id_format` says what the receipt does to it;
    leading zeros never matter."""
    try:
        if id_format == "hex_to_decimal":
            return str(int(provider_id, 16))
        if id_format == "decimal_to_hex":
            return f"{int(provider_id):x}"
    except ValueError:
        return provider_id
    return provider_id.lstrip("0") or provider_id


def _state_word(delivered: pdu.Delivered, fields: dict[str, str]) -> str:
    numbered = delivered.tlvs.get(pdu.TAG_MESSAGE_STATE, b"")
    if numbered:
        return NUMBERED.get(numbered[0], "UNKNOWN")
    return fields.get("stat", "UNKNOWN").upper()[:7]


def _id(delivered: pdu.Delivered, fields: dict[str, str]) -> str:
    tagged = delivered.tlvs.get(pdu.TAG_RECEIPTED_ID, b"").rstrip(b"\0")
    return tagged.decode("latin-1") if tagged else fields.get("id", "")


def _error(delivered: pdu.Delivered, fields: dict[str, str]) -> str:
    network = delivered.tlvs.get(pdu.TAG_NETWORK_ERROR, b"")
    if len(network) == 3:
        return f"error {int.from_bytes(network[1:])}"
    error = fields.get("err", "")
    return f"error {error}" if error.strip("0") else ""
