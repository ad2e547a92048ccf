"""Scanning: the page's camera is a picture that the test holds up, the reader is the real one."""

from __future__ import annotations

import base64
import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import expect

from tests.web.browsing import CHROMIUM, OPTIONS, in_browser
from tests.web.conftest import do
from tests.web.till.test_browser import press, wait_for_worker
from tests.web.tills import open_till

pytestmark = in_browser

OFFLINE = ("ERR_INTERNET_DISCONNECTED",)
# A camera that shows what `hold` was given, a little off the middle; what a phone's can do. It is
# slower than theirs, as each of its pictures is drawn by the processor here.
CAMERA = """
const canvas = document.createElement("canvas");
canvas.width = 1280; canvas.height = 720;
const pen = canvas.getContext("2d");
let held = null, shift = 0;
setInterval(() => {
  shift = (shift + 1) % 20;
  pen.fillStyle = "#777"; pen.fillRect(0, 0, 1280, 720);
  if (held) pen.drawImage(held, (1280 - held.width) / 2 + shift, (720 - held.height) / 2);
}, 100);
window.hold = (address) => new Promise((done) => {
  const image = new Image();
  image.onload = () => { held = image; done(); };
  image.src = address;
});
window.asked = [];
navigator.mediaDevices.getUserMedia = async (wish) => {
  window.asked.push(wish);
  if (window.refuse) throw new DOMException("", window.refuse);
  const stream = canvas.captureStream(10), [track] = stream.getVideoTracks();
  track.getCapabilities = () => ({torch: true});
  track.applyConstraints = async (wish) => { window.light = wish.advanced[0].torch; };
  return stream;
};
navigator.mediaDevices.enumerateDevices = async () => ["back", "front"].map(
  (deviceId) => ({deviceId, kind: "videoinput"}));
"""


def draw(text: str, kind: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.QRCode) -> Image.Image:
    code = zxingcpp.create_barcode(text, kind)
    image = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=4, add_quiet_zones=True))
    return image.convert("RGB")


async def hold(page, image: Image.Image) -> None:
    """Before the camera, until something else is."""
    out = io.BytesIO()
    image.save(out, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    await page.evaluate("hold", address)


@pytest.fixture
def look(stand):
    """As `stand`, with a camera."""
    import contextlib

    @contextlib.asynccontextmanager
    async def look(shop, before="", **more):
        async with stand(shop, "/till/manifest.webmanifest", **more) as page:
            await page.context.add_init_script(CAMERA + before)
            await page.goto(page.url.replace("/manifest.webmanifest", ""))
            await expect(page.locator("[aria-busy]")).to_have_count(0)
            yield page

    return look


async def test_scan_redeem_and_the_next_one(make_coupon, look):
    first = await make_coupon()
    second = await make_coupon(first.shop)
    async with look(first.shop) as page:
        assert await page.evaluate("asked.length") == 0  # by tap only
        await page.locator("#scan").click()
        await expect(page.locator("#video")).to_be_visible()
        await hold(page, draw(f"https://coupons.example.com{first.path}"))
        await expect(page.locator("dialog[open]")).to_have_class("verdict good")
        await press(page, "#v-act")
        await expect(page.locator("dialog[open]")).to_have_class("verdict used")
        await hold(page, draw(f"https://coupons.example.com{second.path}"))
        await press(page, "#v-close")
        await expect(page.locator("dialog[open]")).to_have_class("verdict good")
        await press(page, "#v-act")
        await expect(page.locator("dialog[open]")).to_have_class("verdict used")
        await press(page, "#v-close")
        await page.locator("#scan").click()
        await expect(page.locator("#video")).to_be_hidden()
        await expect(page.locator("#scan")).to_have_text("Scan with camera")
    assert [(await one.row())["uses"] for one in (first, second)] == [1, 1]


async def test_light_and_the_other_camera(coupon, look):
    async with look(coupon.shop) as page:
        await page.locator("#scan").click()
        await page.locator("#light").click()
        await expect(page.locator("#light")).to_have_attribute("aria-pressed", "true")
        assert await page.evaluate("light") is True
        await page.locator("#other").click()
        await expect(page.locator("#light")).to_have_attribute("aria-pressed", "false")
        wish = await page.evaluate("asked.at(-1).video.deviceId.exact")
        assert wish in ("back", "front")
        await hold(page, draw(coupon.code))
        await expect(page.locator("dialog[open]")).to_have_class("verdict good")


async def test_scan_without_connection_after_a_reload(coupon, look):
    async with look(coupon.shop, fine=OFFLINE) as page:
        await wait_for_worker(page)
        await page.locator("#scan").click()  # once with network: the reader is fetched and kept
        await hold(page, draw("not a coupon"))
        await expect(page.locator("dialog[open]")).to_have_class("verdict no")
        await press(page, "#v-close")  # else the reload would show it again
        await page.context.set_offline(True)
        await page.reload()
        await expect(page.locator("#place")).to_have_text("Ghent")
        await page.locator("#scan").click()
        await hold(page, draw(f"https://coupons.example.com{coupon.path}"))
        await expect(page.locator("dialog[open]")).to_have_class("verdict unchecked")
        await expect(page.locator("#v-word")).to_have_text("NOT CHECKED")
        await page.context.set_offline(False)
        await expect(page.locator("dialog[open]")).to_have_class("verdict good")
    assert (await coupon.row())["uses"] == 0  # it was only looked at


NATIVE = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code", "ean_13"]; }
  constructor({formats}) { window.formats = formats; }
  async detect(video) { return window.sees && video.videoWidth ? [{rawValue: window.sees}] : []; }
};
"""


async def test_what_the_browser_has_built_in_comes_first(coupon, look):
    async with look(coupon.shop, before=NATIVE) as page:
        fetched = []
        page.on("request", lambda r: fetched.append(r.url) if "zxing" in r.url else None)
        await page.locator("#scan").click()
        await page.evaluate(f"window.sees = '{coupon.code}'")
        await expect(page.locator("dialog[open]")).to_have_class("verdict good")
        assert await page.evaluate("formats") == ["qr_code", "ean_13"]
        assert fetched == []


async def test_our_own_reader_helps_where_the_built_in_one_sees_nothing(make_coupon, look):
    coupon = await make_coupon()
    async with look(coupon.shop, before=NATIVE) as page:
        await page.locator("#scan").click()
        await hold(page, draw(coupon.code, zxingcpp.BarcodeFormat.Code128))
        await expect(page.locator("dialog[open]")).to_have_class("verdict good")


KINDS = {
    "QRCode": "not ours 0",
    "Code128": "not ours 1",
    "Code39": "NOT OURS 5",
    "EAN13": "4006381333931",
    "EAN8": "96385074",
    "UPCA": "012345678905",
    "ITF": "12345678901231",
    "DataBar": "0950110153000",
    "DataMatrix": "not ours 2",
    "PDF417": "not ours 3",
    "Aztec": "not ours 4",
}


async def test_the_reader_reads_every_kind(coupon, look):
    """The verdict says what was read."""
    async with look(coupon.shop) as page:
        await page.locator("#scan").click()
        for n, (kind, text) in enumerate(KINDS.items()):
            await hold(page, draw(text, getattr(zxingcpp.BarcodeFormat, kind)))
            if n:
                await press(page, "#v-close")  # of the one before
            read = page.locator("#verdict bdi")
            await expect(read, kind).to_contain_text(re.compile(text.lstrip("0")[:12]))
            await expect(page.locator("dialog[open]")).to_have_class("verdict no")


REFUSALS = {
    "NotAllowedError": "The camera is not allowed.",
    "NotFoundError": "There is no camera.",
    "NotReadableError": "Another program is using the camera.",
    "TypeError": "The camera does not start.",
}


async def test_no_camera_says_why_and_leads_to_the_field(coupon, look):
    async with look(coupon.shop) as page:
        for error, words in REFUSALS.items():
            await page.evaluate("error => { window.refuse = error }", error)
            await page.locator("#scan").click()
            await expect(page.locator("#camera-problem")).to_contain_text(words)
            await expect(page.locator("#code")).to_be_focused()
            await expect(page.locator("#scan")).to_have_text("Scan with camera")


async def test_an_address_that_is_not_secure(coupon, stand):
    hide = "Object.defineProperty(navigator, 'mediaDevices', {value: undefined});"
    insecure = "Object.defineProperty(window, 'isSecureContext', {value: false});"
    async with stand(coupon.shop, "/till/manifest.webmanifest") as page:
        await page.context.add_init_script(hide + insecure)
        await page.goto(page.url.replace("/manifest.webmanifest", ""))
        await page.locator("#scan").click()
        await expect(page.locator("#camera-problem")).to_contain_text("(https)")
        await expect(page.locator("#code")).to_be_focused()


async def test_with_the_browsers_own_fake_camera(coupon, browser, services, http, server, tmp_path):
    """No picture of ours in the page: the browser's camera is a film, as MJPEG."""
    await do(coupon, "voided")
    film = tmp_path / "camera.mjpeg"
    scene = Image.new("RGB", (640, 480), "#888")
    code = draw(f"https://coupons.example.com{coupon.path}")
    scene.paste(code, ((640 - code.width) // 2, (480 - code.height) // 2))
    frame = io.BytesIO()
    scene.save(frame, "JPEG", quality=90)
    film.write_bytes(frame.getvalue() * 10)
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    till = await open_till(services, http, server.url, coupon.shop)
    launch = browser.browser_type.launch
    async with await launch(executable_path=CHROMIUM, args=[*OPTIONS, *camera]) as filmed:
        page = await filmed.new_page(locale="en-GB")
        cookie = {"url": server.url, "name": "tearoff_till", "value": till.secret}
        await page.context.add_cookies([cookie])
        await page.goto(f"{server.url}/till")
        await page.locator("#scan").click()
        await expect(page.locator("dialog[open]")).to_have_class("verdict no")
        await expect(page.locator("#v-lines")).to_contain_text("withdrawn")
