"""What the demo prints of its shop is true."""

import msgspec
import pytest
import structlog

from tearoff.accounts import locations
from tearoff.cli import demo


@pytest.fixture
def folder(settings, tmp_path):
    yield msgspec.structs.replace(settings, data=tmp_path)
    structlog.reset_defaults()


async def test_a_pin_that_is_another_one_is_not_made_up(services, folder):
    shop = await demo.prepare(folder)
    assert (await demo.pin_of(folder, shop)).startswith("471108 ")
    (place,) = await locations.listed(services.db, shop.account)
    await services.db.execute("UPDATE locations SET pin_mac = $2, pin_digits = 4 WHERE id = $1",
        place.location.id, services.vault.mark("pin", f"{shop.account}:4711".encode()))  # fmt: skip
    again = await demo.prepare(folder)
    told = await demo.pin_of(folder, again)
    assert again == shop and told.startswith("as it was set earlier")
    assert f"--data {folder.data} --account {shop.account} --pin new" in told
    assert "4711" not in told
