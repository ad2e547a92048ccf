"""What the demo prints of its shop is true."""

import msgspec
import pytest
import structlog

from tearoff.accounts import locations
from tearoff.cli import demo
from tearoff.providers.log import OUTBOX, Written


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


def test_a_coupon_that_was_sent_is_opened_at_the_address_of_today(server, folder, capsys):
    text = "Your coupon: http://127.0.0.1:8000/p/bcdfgh/ac6s7u3g8a25ja7x9qg87"
    sent = Written("1", demo.PHONE, "BeanLeaf", text, 1, "2027-01-31T12:00:00Z")
    (folder.data / OUTBOX).write_bytes(msgspec.json.encode(sent) + b"\n")
    shop = demo.Shop(100_001, "id", "secret", "cam_100001", "bcdfgh")
    demo.greet(msgspec.structs.replace(folder, public_url=server.url), shop, demo.PIN)
    told = capsys.readouterr().out
    assert f"      {text}\n" in told
    assert f"Open the coupon:   {server.url}/p/bcdfgh/ac6s7u3g8a25ja7x9qg87\n" in told
