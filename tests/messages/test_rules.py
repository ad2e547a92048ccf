from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.kit.phone import parse_phone
from tearoff.messages.rules import LADDER, country_allowed, in_quiet_hours, next_state
from tearoff.providers.base import ReceiptState

receipts = st.lists(st.sampled_from(list(ReceiptState)), max_size=12)
starts = st.sampled_from(["submitting", "unknown", "accepted"])


def climb(state, given_receipts):
    for receipt in given_receipts:
        new = next_state(state, receipt)
        if new is not None:
            assert LADDER[new] > LADDER[state]
            state = new
    return state


@given(starts, receipts, st.randoms(use_true_random=False))
def test_the_order_of_receipts_does_not_matter(start, given_receipts, random):
    end = climb(start, given_receipts)
    shuffled = given_receipts * 2
    random.shuffle(shuffled)
    assert climb(start, shuffled) == end
    names = [start, *(r.value for r in given_receipts if r is not ReceiptState.UNKNOWN)]
    assert end == max(names, key=LADDER.__getitem__)


def test_delivered_after_failed_is_kept_and_never_the_other_way():
    assert next_state("failed", ReceiptState.DELIVERED) == "delivered"
    assert next_state("delivered", ReceiptState.FAILED) is None


@pytest.mark.parametrize(
    ("number", "home", "allowed", "is_allowed"),
    [
        ("+32470001234", "BE", None, True),
        ("+33600001234", "BE", None, False),
        ("+33600001234", None, None, True),
        ("+33600001234", "BE", {"BE", "FR"}, True),
        ("+32470001234", "BE", {"FR"}, False),
        ("+12015550123", "US", None, True),
        ("+447911123456", "GB", None, True),
        ("+881612345678", None, None, False),
        ("+18765550123", "US", None, False),
    ],
)
def test_countries(number, home, allowed, is_allowed):
    allowed = None if allowed is None else frozenset(allowed)
    phone = parse_phone(number)
    assert country_allowed(phone, home_country=home, allowed=allowed) is is_allowed


@pytest.mark.parametrize(
    ("hour", "zones", "is_quiet"),
    [
        (12, ["Europe/Brussels"], False),
        (21, ["Europe/Brussels"], True),
        (6, ["Europe/Brussels"], True),
        (12, ["America/New_York"], True),
        (17, ["America/New_York", "America/Los_Angeles"], False),
        (15, ["America/New_York", "America/Los_Angeles"], True),
        (23, [], True),
    ],
)
def test_quiet_hours_are_the_receivers(hour, zones, is_quiet):
    now = datetime(2026, 11, 23, hour, 0, tzinfo=UTC)
    assert in_quiet_hours(now, zones, time(22), time(8)) is is_quiet
