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
    0: "ENROUTE", 7: "UNKNOWN", 8: "REJECTD", 9: "DELETED",
}  # fmt: skip
SPELLINGS = {
    "DELIV": "DELIVRD", "EXPIR": "EXPIRED", "DELET": "DELETED", "UNDEL": "UNDELIV",
    "REJEC": "REJECTD", "ACCEP": "ACCEPTD", "ENROU": "ENROUTE", "BUFFE": "ENROUTE",
    "BUFFR": "ENROUTE", "ACKED": "ENROUTE", "SCHED": "ENROUTE", "SKIPP": "DELETED",
    "FAILE": "UNDELIV",
}  # fmt: skip
"""First five letters of what operators write, and the word of the specification."""
FAILURES = {
    "EXPIRED": Reason.EXPIRED,
    "UNDELIV": Reason.UNREACHABLE,
    "REJECTD": Reason.FILTERED,
    "DELETED": Reason.OTHER,
}

REFUSALS = {
    0x01: Reason.TOO_LONG,
    0x05: Reason.AUTH,
    0x0A: Reason.BAD_SENDER,
    0x0B: Reason.INVALID_NUMBER,
    0x0D: Reason.AUTH,
    0x0E: Reason.AUTH,
    0x0F: Reason.AUTH,
    0x14: Reason.THROTTLED,
    0x48: Reason.BAD_SENDER,
    0x49: Reason.BAD_SENDER,
    0x50: Reason.INVALID_NUMBER,
    0x51: Reason.INVALID_NUMBER,
    0x53: Reason.AUTH,
    0x58: Reason.THROTTLED,
}
"""command_status of submit_sm_resp and bind responses; every other one is `Reason.OTHER`."""

ID_FORMATS = ("as_is", "hex_to_decimal", "decimal_to_hex")
LONGEST_ID = 64
"""By the specification; what is longer is cut, on both ways alike."""

RECEIPT, INTERMEDIATE = 0x04, 0x20
"""Message types in bits 5 to 2 of esm_class."""

_LABEL = re.compile(
    r"\b(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)\s*:\s*", re.IGNORECASE
)


def is_receipt(delivered: pdu.Delivered) -> bool:
    """Whether this is the SMSC's word and no person's. Only what a person cannot write counts:
    the message type and the tags (which count whatever the type says), never the text."""
    kind, tags = delivered.esm_class & 0x3C, delivered.tlvs.keys()
    is_tagged = not tags.isdisjoint((pdu.TAG_RECEIPTED_ID, pdu.TAG_MESSAGE_STATE))
    return kind in (RECEIPT, INTERMEDIATE) or is_tagged


def read_receipt(delivered: pdu.Delivered, text: str, id_format: str) -> Receipt:
    """A receipt in our words. An unknown state is `ReceiptState.UNKNOWN`."""
    fields = _fields(text)
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
    """The id of a receipt as the answer to the submit has it (`answered_id`). `id_format` says
    what must be done to it: turned from hex to decimal, or from decimal to hex."""
    try:
        if id_format == "hex_to_decimal":
            return str(int(provider_id[:LONGEST_ID], 16))
        if id_format == "decimal_to_hex":
            return f"{int(provider_id[:LONGEST_ID]):x}"
    except ValueError:
        pass
    return answered_id(provider_id, id_format)


def answered_id(provider_id: str, id_format: str) -> str:
    """The id of an answer to a submit, in the one spelling that is kept: without padding, and
    small letters where it is hex."""
    spelled = provider_id.lower() if id_format == "decimal_to_hex" else provider_id
    return (spelled.lstrip("0") or spelled)[:LONGEST_ID]


def _fields(text: str) -> dict[str, str]:
    """The first of each `label:value`. The text of the message itself comes last and is left
    out, since a person wrote it."""
    fields: dict[str, str] = {}
    labels = list(_LABEL.finditer(text))
    for at, label in enumerate(labels):
        name = label[1].lower()
        if name == "text":
            break
        end = labels[at + 1].start() if at + 1 < len(labels) else len(text)
        value = text[label.end() : end].split()
        fields.setdefault(name, value[0] if value else "")
    return fields


def _state_word(delivered: pdu.Delivered, fields: dict[str, str]) -> str:
    numbered = delivered.tlvs.get(pdu.TAG_MESSAGE_STATE, b"")
    if numbered:
        return NUMBERED.get(numbered[0], "UNKNOWN")
    word = fields.get("stat", "").upper()
    return SPELLINGS.get(word[:5], word[:7] or "UNKNOWN")


def _id(delivered: pdu.Delivered, fields: dict[str, str]) -> str:
    tagged = delivered.tlvs.get(pdu.TAG_RECEIPTED_ID, b"").partition(b"\0")[0]
    return tagged.decode("latin-1") if tagged else fields.get("id", "")


def _error(delivered: pdu.Delivered, fields: dict[str, str]) -> str:
    network = delivered.tlvs.get(pdu.TAG_NETWORK_ERROR, b"")
    if len(network) == 3:
        return f"error {int.from_bytes(network[1:])}"
    error = fields.get("err", "")[:10]
    return f"error {error}" if error.strip("0") else ""
