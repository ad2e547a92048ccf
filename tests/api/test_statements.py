"""Lists cost the same number of statements, whatever they hold."""

import pytest
import pytest_asyncio

from tearoff.accounts import queries as accounts
from tearoff.api.call import Call
from tearoff.api.deps import open_doors
from tearoff.api.v3.reading import read_parameters
from tearoff.api.v3.routes import ENDPOINTS
from tearoff.coupons.campaigns import folders
from tearoff.kit import clock
from tests.api.caller import Caller
from tests.api.table import Maker, case_of
from tests.cast import open_shop

# The lists of emailtool are those of smstool, with another connection.
READS = [
    pytest.param(e, id=e.path)
    for e in ENDPOINTS
    if not e.writes and not e.path.startswith("/v3/emailtool/")
]


class Counting:
    """A database handle that counts what goes through it."""

    def __init__(self, db):
        self._db, self.statements = db, 0

    def __getattr__(self, name):
        self.statements += 1
        return getattr(self._db, name)


async def fill(caller, services, n):
    maker = Maker(caller, services)
    for i in range(n):
        session = await maker.session("")
        await maker.post(
            "couponsession/update",
            {"couponsession": session, "operation": "validated", "customid": "everybody",
             "redeem_location": caller.shop.location},
        )  # fmt: skip
        await maker.post("coupon/create", {"name": f"c{i}"})
        await maker.subaccount("")
        await folders.create_folder(services.db, caller.shop.account, "f")
        await folders.create_category(services.db, caller.shop.account, "c")
        group = await maker.smsgroup("")
        for j in range(3):
            phone = f"+3247000{n:02d}{i:02d}"[:-1] + str(j)
            await maker.post("smstool/addcontact", {"smsgroup": group, "phone": phone})
        if i < 5:
            await maker.webhook("")


async def cost(endpoint, services, caller):
    """How many statements the read takes."""
    values = await Maker(caller, services).values(case_of(endpoint.path).right)
    if "search" in values:
        values["search"] = "everybody"
    found = await accounts.caller(services.db, caller.shop.client_id)
    counting = Counting(services.db)
    given = read_parameters(endpoint.parameters, values)
    call = Call(open_doors(services), found, given, clock.now())
    await endpoint.act(call, counting)
    return counting.statements


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(http, server, services):
    """A shop with a lot of everything, for all reads."""
    caller = Caller(http, server.url, await open_shop(services))
    await fill(caller, services, 13)
    return caller


@pytest.mark.parametrize("endpoint", READS)
async def test_a_read_costs_the_same_whatever_there_is(caller, full, services, endpoint):
    await fill(caller, services, 1)
    few, many = [await cost(endpoint, services, shop) for shop in (caller, full)]
    assert many == few <= 9
