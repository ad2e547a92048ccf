from datetime import UTC, datetime, timedelta

import pytest

from tearoff.kit.times import full_minute

TEN = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "minute"), [(0, 0), (0.000001, 1), (0.5, 1), (59.9, 1), (60, 1), (60.000001, 2)]
)
def test_whoever_comes_at_the_minute_that_is_told_is_not_too_early(after, minute):
    assert full_minute(TEN + timedelta(seconds=after)) == TEN + timedelta(minutes=minute)
