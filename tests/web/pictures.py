"""`make pictures`: every state of the coupon's page and every verdict of the counter, as pictures
in docs/pictures/, and the page docs/screens.md that shows them. Each is made by the real server
in a real browser; each test below is one picture."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Page, expect

from tearoff.accounts import devices
from tearoff.kit import clock
from tests.web.browsing import in_browser
from tests.web.conftest import PICTURE, do, in_days
from tests.web.coupon.test_scenes import act
from tests.web.scenes import ARABIC, LINKS, PERSON, SCENES, Scene
from tests.web.till.test_browser import OFFLINE, trust, type_code, verdict_is
from tests.web.till.test_camera import CAMERA, hold

pytestmark = in_browser

DOCS = Path(__file__).parents[2] / "docs"
QUALITY = 60

LOOKS = {
    "ready-dark": ("In the dark", {"scheme": "dark"}),
    "ready-arabic": ("In Arabic", {"language": "ar"}),
    "ready-small": ("On the narrowest phone", {"width": 320}),
    "ready-desktop": ("On a desktop", {"width": 1366}),
}

TILL = {
    "idle": "Ready",
    "scanning": "Scanning",
    "good": "Good, not yet redeemed",
    "redeemed": "Redeemed now",
    "already-used": "Already used",
    "expired": "Expired",
    "unknown": "Not one of our coupons",
    "wait": "Too many tries",
    "unchecked": "Without connection",
    "waiting": "Scans that wait",
    "conflict": "A conflict, when the connection is back",
    "arabic": "In Arabic, in the dark",
    "desktop": "On a PC with a hand scanner",
    "pair": "Pairing a device",
    "pin": "The PIN of the device",
}


@pytest.fixture
def scale() -> float:
    return 2


async def keep(page: Page, folder: str, name: str, *, whole: bool = True) -> None:
    """What the page shows, as docs/pictures/{folder}/{name}.webp, in half its dots."""
    shot = Image.open(io.BytesIO(await page.screenshot(full_page=whole)))
    if shot.width < 800:
        shot = shot.resize((shot.width * 3 // 4, shot.height * 3 // 4), Image.Resampling.LANCZOS)
    path = DOCS / "pictures" / folder / f"{name}.webp"
    path.parent.mkdir(parents=True, exist_ok=True)
    shot.convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)


@pytest.mark.parametrize("name", SCENES)
async def test_page(make_coupon, visit, name):
    scene = SCENES[name]
    _coupon, path = await scene.make(make_coupon)
    async with visit(path, fine=scene.fine, timezone_id="Europe/Brussels") as page:
        await act(page, scene)
        await expect(page.locator("h1")).to_be_visible()
        await keep(page, "page", name)


@pytest.mark.parametrize("name", LOOKS)
async def test_look(make_coupon, visit, name):
    scene = Scene("", options=LINKS | ARABIC, new=PERSON)
    _coupon, path = await scene.make(make_coupon)
    async with visit(path, timezone_id="Europe/Brussels", **LOOKS[name][1]) as page:
        await expect(page.locator("h1")).to_be_visible()
        await keep(page, "page", name)


@pytest_asyncio.fixture
async def row(make_coupon):
    """A shop's coupons: a good one, and others of the same shop as they are asked for."""
    return await make_coupon(
        raw_options='{"ask_amount": "optional"}', terms="One for each visit.", picture=True
    )


async def test_till_idle_and_verdicts(row, make_coupon, services, stand):
    used = await make_coupon(row.shop)
    await do(used, "validated")
    async with stand(row.shop) as page:
        await type_code(page, used.short)
        await expect(page.locator("#v-word")).to_have_text("NO")
        await keep(page, "till", "already-used", whole=False)
        await page.locator("#v-close").click()
        await type_code(page, "RTE4X9")
        await expect(page.locator("#v-lines")).to_contain_text("Not one of our")
        await keep(page, "till", "unknown", whole=False)
        await page.locator("#v-close").click()
        await type_code(page, row.short)
        await expect(page.locator("#v-word")).to_have_text("OK")
        await keep(page, "till", "good", whole=False)
        await page.locator("#v-act").click()
        await expect(page.locator("#v-word")).to_have_text("OK, used")
        await keep(page, "till", "redeemed", whole=False)
        await page.locator("#v-close").click()
        await page.locator("#code").fill("")
        await keep(page, "till", "idle")
    late = await make_coupon(row.shop)
    await services.db.execute(
        "UPDATE campaigns SET expires_at = $2 WHERE id = $1", row.shop.campaign, in_days(-1)
    )
    async with stand(row.shop) as page:
        await type_code(page, late.short)
        await expect(page.locator("#v-word")).to_have_text("NO")
        await keep(page, "till", "expired", whole=False)
        await page.locator("#v-close").click()
        for letter in "ABCDEFGHJKM":
            await type_code(page, f"RTE4X{letter}")
            await verdict_is(page, "no", "NO")
            await page.locator("#v-close").click()
        await type_code(page, "RTE4XY")
        await verdict_is(page, "wait", "WAIT")
        await keep(page, "till", "wait", whole=False)


async def test_till_scanning(row, stand):
    async with stand(row.shop) as page:
        await page.context.add_init_script(CAMERA)
        await page.reload()
        await expect(page.locator("[aria-busy]")).to_have_count(0)
        await page.locator("#scan").click()
        await expect(page.locator("#video")).to_be_visible()
        await hold(page, Image.open(PICTURE).resize((800, 420)))
        await page.wait_for_timeout(300)
        await keep(page, "till", "scanning")


async def test_till_without_connection(row, make_coupon, services, stand):
    await trust(services, row.shop)
    other = await make_coupon(row.shop)
    async with stand(row.shop, fine=OFFLINE) as page:
        await page.context.set_offline(True)
        for name, coupon in (("unchecked", row), ("", other)):
            await type_code(page, coupon.code)
            await expect(page.locator("#v-word")).to_have_text("NOT CHECKED")
            if name:
                await keep(page, "till", name, whole=False)
            await page.locator("#v-act").click()
            await expect(page.locator("#v-lines")).to_contain_text("Kept on this device")
            await page.locator("#v-close").click()
        await keep(page, "till", "waiting")
        await do(row, "validated")
        await page.context.set_offline(False)
        await expect(page.locator("#conflicts .no")).to_have_count(1)
        await keep(page, "till", "conflict")


async def test_till_looks(row, stand):
    async with stand(row.shop, language="ar", scheme="dark") as page:
        await type_code(page, row.short)
        await expect(page.locator("dialog.verdict[open]")).to_be_visible()
        await keep(page, "till", "arabic", whole=False)
    async with stand(row.shop, width=1366) as page:
        await type_code(page, row.short)
        await expect(page.locator("#v-word")).to_have_text("OK")
        await page.locator("#v-act").click()
        await page.locator("#v-close").click()
        await keep(page, "till", "desktop", whole=False)


async def test_till_door(row, services, visit, stand):
    shop = row.shop
    pairing = await devices.make_pairing(services.db, shop.account, shop.location, clock.now())
    async with visit(f"/till/pair/{pairing.token}") as page:
        await keep(page, "till", "pair", whole=False)
    async with stand(shop, fine=(401,)) as page:
        await services.db.execute(
            "UPDATE devices SET pin_until = now() WHERE account_id = $1", shop.account
        )
        await page.goto(page.url)
        await expect(page.locator("#pin")).to_be_visible()
        await keep(page, "till", "pin", whole=False)


def test_side_by_side():
    """What the README shows first."""
    names = ("page/ready", "page/accepted", "till/good", "till/already-used")
    shots = [Image.open(DOCS / "pictures" / f"{name}.webp") for name in names]
    high, gap = min(shot.height for shot in shots), 24
    width = sum(shot.width for shot in shots) + gap * (len(shots) + 1)
    sheet = Image.new("RGB", (width, high + 2 * gap), "#dfe3e0")
    left = gap
    for shot in shots:
        sheet.paste(shot.crop((0, 0, shot.width, high)), (left, gap))
        left += shot.width + gap
    sheet.save(DOCS / "pictures" / "coupon-and-counter.webp", "WEBP", quality=QUALITY, method=6)


def test_the_page_that_shows_them():
    captions = {name: scene.caption for name, scene in SCENES.items()}
    looks = {name: caption for name, (caption, _) in LOOKS.items()}
    parts = [
        "# What people see",
        "Every state of the coupon's page and every verdict of the counter. `make pictures` takes"
        " these pictures anew, with the real server and a real browser.",
        "## The coupon on the phone",
        *_shown("page", captions | looks),
        "## The counter",
        *_shown("till", TILL),
    ]
    (DOCS / "screens.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _shown(folder: str, captions: dict[str, str]) -> list[str]:
    """Images of Markdown, whose addresses mkdocs looks after, and those of HTML not. A span lets
    Markdown be read in it; the breaks are for readers that leave styles out."""
    for name in captions:
        path = DOCS / "pictures" / folder / f"{name}.webp"
        assert path.is_file(), f"{path.name} was not taken"
    cells = [
        f'<span class="screen{" wide" * name.endswith("desktop")}">'
        f"![{caption}](pictures/{folder}/{name}.webp)<br>{caption}<br></span>"
        for name, caption in captions.items()
    ]
    return ["\n".join(cells)]
