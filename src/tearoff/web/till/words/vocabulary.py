"""What the counter's page has words for, and which of them its script needs."""

from __future__ import annotations

from typing import Any

import msgspec

Counted = dict[str, str]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    language: str
    own_name: str
    name: str
    # the page
    place: str
    scan: str
    stop: str
    light: str
    other_camera: str
    frame: str
    type_code: str
    code_hint: str
    check: str
    no_code: str
    recent: str
    nothing_yet: str
    sound: str
    sign_out: str
    sign_out_text: str
    sign_out_sure: str
    sign_out_waits: str
    online: str
    offline: str
    waiting: Counted
    # verdicts
    redeem: str
    cancel: str
    next: str
    again: str
    undo: str
    close: str
    amount: str
    receipt: str
    bad_amount: str
    no_amount: str
    bad_receipt: str
    read: str
    uses_left: Counted
    checking: str
    checking_text: str
    not_checked: str
    not_checked_text: str
    not_kept: str
    trusted: str
    not_trusted: str
    waits: str
    conflicts: str
    conflicts_text: str
    seen: str
    caught_up: Counted
    # the camera
    looking: str
    no_https: str
    refused: str
    no_camera: str
    busy: str
    camera_broken: str
    # getting in
    pair: str
    pair_at: str
    pair_text: str
    your_name: str
    choose_pin: str
    choose_pin_help: str
    begin: str
    bad_name: str
    bad_pin: str
    over: str
    over_text: str
    not_paired: str
    not_paired_text: str
    enter_pin: str
    enter_pin_text: str
    go_on: str
    wrong_pin: str
    tries_left: Counted
    locked: Counted
    too_old: str
    # fields and switches
    sure_amount: str
    decide_first: str
    vibration: str
    language_waits: str
    # rows of the lists
    undo_sure: str
    drop: str
    drop_sure: str
    # without connection
    take: str
    leave: str
    waits_since: str
    used_here: str
    no: str
    # of another place
    strays: Counted
    strays_text: str
    strays_send: str
    strays_foreign: str


_OF_SCRIPT = (
    "no_code", "online", "offline", "waiting", "redeem", "cancel", "next", "again", "undo",
    "close", "bad_amount", "no_amount", "bad_receipt", "read", "uses_left", "checking",
    "checking_text", "not_checked", "not_checked_text", "not_kept", "trusted", "not_trusted",
    "waits", "caught_up", "looking", "no_https", "refused", "no_camera", "busy",
    "camera_broken", "sign_out_waits", "stop", "scan",
    "sure_amount", "decide_first", "undo_sure", "drop", "drop_sure",
    "take", "leave", "waits_since", "used_here", "no", "strays", "strays_foreign",
)  # fmt: skip


def words_of_script(words: Words) -> dict[str, Any]:
    return {name: getattr(words, name) for name in _OF_SCRIPT}
