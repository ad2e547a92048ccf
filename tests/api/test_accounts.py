"""`account/info` and `account/usage`."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.caller import Caller
from tests.api.test_sessions import code_of, update
from tests.cast import open_shop

USED = ["sent", "delivered", "failed", "opened", "claimed", "validated", "segments", "cost"]


async def test_info(caller):
    answer = await caller.post("/v3/account/info")
    account = answer.body["account"]
    assert account["ID"] == str(caller.shop.account)
    assert account["company_name"] == "Bean & Leaf"
    assert account["timezone"] == "Europe/Brussels"
    assert account["integrations"] == [{"ID": str(caller.shop.connection), "kind": "log"}]
    assert list(account["usage_this_month"]) == USED
    assert caller.shop.client_secret not in answer.text


async def test_usage_counts_what_happened(caller):
    assert (await caller.send("+32470001501")).status == 200
    assert (await caller.send("+32470001502", body="x" * 200)).status == 200
    code = await code_of(caller)
    await update(caller, code, "validated")
    answer = (await caller.post("/v3/account/usage")).body
    assert len(answer["data"]) == 30
    assert answer["total"]["sent"] == 2
    assert answer["total"]["segments"] == 3
    assert [answer["total"][n] for n in ("opened", "claimed", "validated")] == [1, 1, 1]
    assert answer["data"][-1] == {"date": answer["end_date"], **answer["total"]}
    alone = await caller.post("/v3/account/usage", {"campaign": caller.shop.ref})
    assert alone.body["total"] == answer["total"]
    yesterday = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d")
    before = await caller.post(
        "/v3/account/usage", {"start_date": "2026-01-01", "end_date": yesterday}
    )
    assert before.body["total"]["sent"] == 0
    assert before.body["data"][0]["date"] == "2026-01-01"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_days_are_the_accounts_own(http, server, services, zone):
    """Zones +14 and -11: the same moment is on different days."""
    shop = await open_shop(services, account={"timezone": zone})
    caller = Caller(http, server.url, shop)
    code = await code_of(caller)
    await update(caller, code, "claimed")
    at = datetime(2026, 3, 31, 10, 30, tzinfo=UTC)
    await services.db.execute(
        "UPDATE session_events SET at = $2 WHERE campaign_id = $1", shop.campaign, at
    )
    answer = await caller.post(
        "/v3/account/usage", {"start_date": "2026-03-29", "end_date": "2026-04-02"}
    )
    days = {row["date"]: row["claimed"] for row in answer.body["data"]}
    own = "2026-04-01" if zone.endswith("Kiritimati") else "2026-03-30"
    assert days[own] == 1
    assert sum(days.values()) == 1


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"start_date": "2026-02-01", "end_date": "2026-01-01"}, [300]),
        ({"start_date": "2020-01-01"}, [300]),
        ({"start_date": "soon"}, [303]),
        ({"campaign": "cam_999999"}, [502]),
    ],
)
async def test_usage_refusals(caller, values, codes):
    assert (await caller.post("/v3/account/usage", values)).codes == codes


async def test_usage_of_others_is_not_seen(caller, other_caller):
    await caller.send("+32470001601")
    assert (await other_caller.post("/v3/account/usage")).body["total"]["sent"] == 0
    answer = await other_caller.post("/v3/account/usage", {"campaign": caller.shop.ref})
    assert answer.codes == [502]
