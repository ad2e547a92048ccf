"""Public links in somebody else's page."""

import pytest

from tearoff.accounts import actions
from tearoff.errors import Invalid


def ancestors(page):
    policy = page.headers["content-security-policy"]
    return policy.partition("frame-ancestors ")[2]


async def frame_only(coupon, hosts):
    await coupon.services.db.execute(
        "UPDATE accounts SET frame_hosts = $2 WHERE id = $1", coupon.shop.account, hosts
    )


@pytest.mark.parametrize("link", ["{}&web=true", "{}?web=true", "{}?customid=7&web=true"])
async def test_a_public_link_may_be_framed_when_it_asks_to(coupon, link):
    path = link.format(f"/p/{coupon.shop.code}")
    assert ancestors(await coupon.get(path)) == "*"
    await frame_only(coupon, ["shop.example", "*.other.example"])
    assert ancestors(await coupon.get(path)) == "shop.example *.other.example"


@pytest.mark.parametrize("link", ["{}", "{}?web=false", "{}?lang=nl"])
async def test_so_may_one_that_does_not_ask(coupon, link):
    path = link.format(f"/p/{coupon.shop.code}")
    assert ancestors(await coupon.get(path)) == "*"
    await frame_only(coupon, ["shop.example"])
    assert ancestors(await coupon.get(path)) == "shop.example"
    assert ancestors(await coupon.get(path, **{"Sec-Fetch-Dest": "iframe"})) == "shop.example"


async def test_a_page_of_its_own_need_not_ask_who_frames_it(coupon):
    own = await coupon.get(f"/p/{coupon.shop.code}", **{"Sec-Fetch-Dest": "document"})
    assert ancestors(own) == "'none'"


@pytest.mark.parametrize("link", ["{}&web=true", "{}?web=true"])
async def test_a_personal_page_is_never_framed(coupon, link):
    page = await coupon.get(link.format(coupon.path))
    assert page.status == 200
    assert ancestors(page) == "'none'"


async def test_nor_is_a_page_of_the_staff_or_of_trouble(coupon):
    assert ancestors(await coupon.redeem("0000")) == "'none'"
    assert ancestors(await coupon.get("/p/nothing&web=true")) == "'none'"


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("shop.example", ["shop.example"]),
        (
            " *.Shop.example , https://a.example:8443/ ",
            ["*.shop.example", "https://a.example:8443"],
        ),
        ("localhost:8000", ["localhost:8000"]),
    ],
)
def test_hosts_are_read(given, hosts):
    assert actions.read_frame_hosts(given) == hosts


@pytest.mark.parametrize(
    "given", ["", ",", "a b", "*", "'none'", "a.example;script-src *", "http://", "a.example/path"]
)
def test_what_is_no_host_is_refused(given):
    with pytest.raises(Invalid, match="host"):
        actions.read_frame_hosts(given)
