"""What the demo prints of its shop is true."""

import msgspec
import pytest

from tearoff.accounts import locations
from tearoff.cli import demo
from tearoff.providers.log import OUTBOX, Written
from tests.logs import reset_logs


@pytest.fixture
def folder(settings, tmp_path):
    yield msgspec.structs.replace(settings, data=tmp_path)
    reset_logs()


async def test_a_pin_that_is_another_one_is_not_made_up(services, folder):
    shop = await demo.prepare(folder)
    assert (await demo.door_of(folder, shop)).pin.startswith("471108 ")
    (place,) = await locations.listed(services.db, shop.account)
    await services.db.execute("UPDATE locations SET pin_mac = $2, pin_digits = 4 WHERE id = $1",
        place.location.id, services.vault.mark("pin", f"{shop.account}:4711".encode()))  # fmt: skip
    again = await demo.prepare(folder)
    told = (await demo.door_of(folder, again)).pin
    assert again == shop and told.startswith("as it was set earlier")
    named = f"--account {shop.account} --location loc_{place.location.id}"
    assert f"--data {folder.data} {named} --pin new" in told
    assert "4711" not in told


async def test_the_place_is_named_when_there_are_more(services, folder):
    """A command that is printed works, whatever whoever tries things out has made meanwhile."""
    shop = await demo.prepare(folder)
    (place,) = await locations.listed(services.db, shop.account)
    async with services.db.transaction() as db:
        await locations.create(
            db, services.vault, shop.account, locations.Changes(name="Bean & Leaf, Bruges")
        )
    told = await demo.door_of(folder, shop)
    assert told.place == f"--account {shop.account} --location loc_{place.location.id}"


def test_a_coupon_that_was_sent_is_opened_at_the_address_of_today(server, folder, capsys):
    text = "Your coupon: http://127.0.0.1:8000/p/bcdfgh/ac6s7u3g8a25ja7x9qg87"
    sent = Written("1", demo.PHONE, "BeanLeaf", text, 1, "2027-01-31T12:00:00Z")
    (folder.data / OUTBOX).write_bytes(msgspec.json.encode(sent) + b"\n")
    shop = demo.Shop(100_001, "id", "secret", "cam_100001", "bcdfgh")
    demo.greet(
        msgspec.structs.replace(folder, public_url=server.url), shop, demo.Door(demo.PIN, "")
    )
    told = capsys.readouterr().out
    assert f"      {text}\n" in told
    assert f"Open the coupon:   {server.url}/p/bcdfgh/ac6s7u3g8a25ja7x9qg87\n" in told
