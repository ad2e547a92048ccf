"""Files that are not what they say, and names that would be more than a name: through the form of a
campaign's picture and that of the logo."""

from __future__ import annotations

import io
import re
import struct
import zlib

import pytest
from PIL import Image

from tests.web.dashboard.conftest import text_of

SCRIPT = b"<html><script>alert(1)</script></html>"
MEGABYTES = 11 * 1024 * 1024


def picture(kind: str = "JPEG", size=(1200, 800), **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#aa0011").save(out, kind, **more)
    return out.getvalue()


def with_place() -> bytes:
    """A picture that says where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 3.0, 0.0), 3: "E", 4: (3.0, 43.0, 0.0)})
    return picture(exif=exif)


def bomb(side: int = 60_000) -> bytes:
    """A PNG of some kilobytes that would be gigabytes of dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    row = zlib.compress(b"\0" * (side // 8 + 1) * 200, 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
REFUSED = {
    "svg": (SVG, "not a picture that can be read"),
    "page": (SCRIPT, "not a picture that can be read"),
    "bomb": (bomb(), "pixels|dots|large|not a picture"),
    "half": (picture()[:300], "not a picture that can be read"),
    "gif": (picture("GIF"), "Use PNG, JPEG or WebP"),
    "empty": (b"", "not a picture"),
    "11 MB": (b"\xff\xd8\xff" + b"x" * MEGABYTES, "at most 10 MB|10 MB"),
}
TAKEN = {
    "jpeg and page": picture() + SCRIPT,
    "page in the comment": picture(comment=SCRIPT),
    "place": with_place(),
    "png called jpg": picture("PNG"),
}


@pytest.fixture
async def owner(shop, sign_in):
    return await sign_in(shop, "manager")


def forms(shop):
    return {"picture": f"/campaigns/{shop.campaign}/picture", "logo": "/settings/logo"}


async def send(person, field: str, content: bytes, *, name: str = "x.jpg", kind="image/jpeg"):
    page = "/settings" if field == "logo" else f"/campaigns/{person.shop.campaign}"
    token = await person.token_of(page)
    head = (
        f'--xyz\r\nContent-Disposition: form-data; name="t"\r\n\r\n{token}\r\n--xyz\r\n'
        f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = head.encode() + content + b"\r\n--xyz--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=xyz"}
    return await person._ask("POST", forms(person.shop)[field], io.BytesIO(body), headers)


async def stored(services, shop, field: str) -> bytes | None:
    table, column, key = {
        "picture": ("campaigns", "picture_id", shop.campaign),
        "logo": ("accounts", "logo_id", shop.account),
    }[field]
    return await services.db.fetchval(
        f"SELECT p.webp FROM pictures p JOIN {table} o ON o.{column} = p.id WHERE o.id = $1", key
    )


@pytest.mark.parametrize("field", ["picture", "logo"])
@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_no_picture_is_told_at_its_field(owner, services, field, case):
    content, told = REFUSED[case]
    answer = await send(owner, field, content)
    assert answer.status == 422, text_of(answer)
    assert re.search(told, text_of(answer)), text_of(answer)
    assert await stored(services, owner.shop, field) is None


@pytest.mark.parametrize("field", ["picture", "logo"])
@pytest.mark.parametrize("case", TAKEN)
async def test_of_a_picture_only_the_dots_are_kept(owner, services, field, case):
    """Whatever stands beside them: where it was taken, a page behind it, a wrong name."""
    answer = await send(owner, field, TAKEN[case], name='a"><b>\x7f.svg', kind="image/svg+xml")
    assert answer.status == 303, text_of(answer)
    kept = await stored(services, owner.shop, field)
    assert b"<script" not in kept
    with Image.open(io.BytesIO(kept)) as opened:
        assert not opened.getexif()
        assert opened.format == "WEBP"


NAMES = [
    "a\r\nset-cookie: b=c",
    'x"; filename="evil.exe',
    "../../etc/passwd",
    "é€\u202eexe",
    "\x00",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_a_name_is_no_header(owner, services, name):
    """The names of what is downloaded are made of plain letters."""
    shop = owner.shop
    if "\x00" not in name:
        await services.db.execute(
            "UPDATE campaigns SET name = $2 WHERE id = $1", shop.campaign, name
        )
    for file in ("qr.svg", "qr.png", "poster.pdf"):
        answer = await owner.get(f"/campaigns/{shop.campaign}/share/{file}")
        assert answer.status == 200
        assert "set-cookie" not in answer.headers
        told = answer.headers["content-disposition"]
        assert re.fullmatch(r'attachment; filename="[A-Za-z0-9-]+\.\w{3}"', told)


@pytest.mark.parametrize("name", NAMES[:1] + NAMES[-1:], ids=["crlf", "null"])
async def test_a_name_makes_no_line_of_the_log(owner, server, name):
    """Of any form's name: what was refused and what was taken."""
    mark = f"injected-{owner.shop.account}"
    text = f"{name}\n{mark}"
    for path, values in (
        ("/locations/new", {"name": text, "once": "a"}),
        ("/campaigns/new", {"title": text, "name": text, "once": "b"}),
        ("/settings", {"name": text}),
        ("/profile", {"first_name": text}),
        (f"/campaigns/{owner.shop.campaign}/coupons?q={mark}", None),
    ):
        answer = await (owner.get(path) if values is None else owner.post(path, values))
        assert answer.status < 500, path
        assert mark not in str(answer.headers).replace("%0A" + mark, "")
    lines = server.log.read_text("utf-8", "replace").splitlines()
    assert not [line for line in lines if line.startswith(mark)]
