"""Two server processes on one database: one winner, one message."""

import asyncio

from tests.api.caller import Caller
from tests.cast import open_shop


async def test_two_hundred_validations_on_two_servers(http, server, journey_server, services):
    shop = await open_shop(services)
    callers = [Caller(http, url, shop) for url in (server.url, journey_server.url)]
    made = await callers[0].post("/v3/singleuse/create", {"campaign": shop.ref})
    code = made.body["single_use_code"]
    values = {"couponsession": code, "operation": "validated"}
    answers = await asyncio.gather(
        *(callers[i % 2].post("/v3/couponsession/update", values) for i in range(200))
    )
    assert sorted(a.status for a in answers) == [200] + [422] * 199
    assert all(a.codes == [506] for a in answers if a.status == 422)
    sends = await asyncio.gather(*(callers[i % 2].send("+32470009001") for i in range(20)))
    assert sum(a.status == 200 for a in sends) >= 1
    n = await services.db.fetchval(
        "SELECT count(*) FROM session_events e JOIN sessions s ON s.id = e.session_id"
        " WHERE s.code = $1 AND e.kind = 'validated'",
        code,
    )
    assert n == 1
