"""The coupon's page in each state, as a phone and as a hostile stranger see it."""

import asyncio
import gzip
import re

import pytest
from yarl import URL

from tearoff.coupons.models import NewSession
from tests.web.conftest import do, in_days

BOT = "facebookexternalhit/1.1 Facebot Twitterbot/1.0"


def badge(page):
    found = re.search(r'<p class="badge \w+">.*?</svg>([^<]*)', page.text)
    return found[1] if found else ""


def shows_code(page, coupon):
    return coupon.short in page.text or '<svg class="qr"' in page.text


async def test_ready(coupon):
    page = await coupon.get()
    assert page.status == 200
    assert badge(page) == "Ready to use"
    assert coupon.short in page.text
    for words in (
        "2-for-1 cappuccino", "Second cup free", "Bean &amp; Leaf", "29 days left",
        "Show this at the counter", "For staff: validate", "One for each visit.",
    ):  # fmt: skip
        assert words in page.text


async def test_headers(coupon):
    headers = (await coupon.get()).headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "set-cookie" not in headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_small_over_the_wire(coupon, server):
    """Read raw, because the client would unpack it."""
    async with coupon.http.get(
        server.url + coupon.path, headers={"accept-encoding": "gzip"}, auto_decompress=False
    ) as answer:
        packed = await answer.read()
    assert len(packed) <= 6 * 1024
    assert answer.headers["content-encoding"] == "gzip"
    plain = (await coupon.get(accept_encoding="identity")).text
    token = r"\d+\.0\.[\w-]{43}\.[\w-]{8}"  # of each showing of the page
    unpacked = re.sub(token, "", gzip.decompress(packed).decode())
    assert unpacked == re.sub(token, "", plain) != plain
    script = re.search(r"<script>(.*?)</script>", plain, re.DOTALL)[1]
    assert len(script.encode()) <= 1536


async def test_without_gzip(coupon):
    page = await coupon.get(accept_encoding="gzip;q=0, identity")
    assert "content-encoding" not in page.headers
    assert page.text.startswith("<!doctype html>")


async def test_head_is_get_without_a_body(coupon):
    # Unpacked: each showing has a token of its own, which packs a little differently.
    whole = await coupon.get(accept_encoding="identity")
    head = await coupon.get(method="HEAD", accept_encoding="identity")
    assert (head.status, head.text) == (200, "")
    for name in ("content-type", "cache-control", "content-security-policy", "content-length"):
        assert head.headers[name] == whole.headers[name]


async def test_used(make_coupon):
    coupon = await make_coupon(timezone="UTC")
    await do(coupon, "validated")
    page, at = await coupon.get(), (await coupon.row())["validated_at"]
    assert badge(page) == "Used"
    assert "This coupon was used on" in page.text
    assert f"{at.day} {at:%B %Y, %H:%M}" in page.text
    assert "Ghent" in page.text
    assert 'class="spent"' in page.text
    assert not shows_code(page, coupon)
    assert "For staff" not in page.text
    assert "Accepted" not in page.text


async def test_expired(make_coupon):
    coupon = await make_coupon(expires_at=in_days(-1))
    page = await coupon.get()
    assert badge(page) == "Expired"
    assert "This coupon ended on" in page.text
    assert not shows_code(page, coupon)
    assert "For staff" not in page.text


async def test_the_sessions_own_end_counts(make_coupon):
    coupon = await make_coupon(new=NewSession(expires_at=in_days(-0.1)))
    assert badge(await coupon.get()) == "Expired"


async def test_countdown_in_the_last_two_days(make_coupon):
    coupon = await make_coupon(expires_at=in_days(5.5 / 24))
    page = await coupon.get()
    assert re.search(r'data-left="1\d{4}" .*>5 h \d\d min</bdi> left', page.text)


@pytest.mark.parametrize(("language", "unit"), [("en", "s"), ("de", "Sek."), ("ar", "ث")])
async def test_the_last_minute_is_told_in_seconds(make_coupon, language, unit):
    coupon = await make_coupon(expires_at=in_days(40 / 86_400))
    page = await coupon.get(accept_language=language)
    assert re.search(rf'data-s="{unit}" .*>[1-4]?\d {unit}</bdi>', page.text)


async def test_not_yet_valid(make_coupon):
    coupon = await make_coupon(starts_at=in_days(3))
    page = await coupon.get()
    assert badge(page) == "Not yet valid"
    assert "Valid from" in page.text
    assert not shows_code(page, coupon)
    assert "For staff" not in page.text
    calendar = re.search(r'href="([^"]+\.ics)"', page.text)[1]
    entry = await coupon.get(calendar)
    assert entry.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "BEGIN:VEVENT" in entry.text
    assert all(len(line.encode()) <= 75 for line in entry.text.split("\r\n"))
    unfolded = entry.text.replace("\r\n ", "")
    assert f"URL:https://coupons.example.com{coupon.path}\r\n" in unfolded
    assert re.search(
        r"SUMMARY:Valid from \d\d:\d\d: 2-for-1 cappuccino · Bean & Leaf\r\n", unfolded
    )
    assert re.search(r"SUMMARY:Ends at \d\d:\d\d: 2-for-1 cappuccino · Bean & Leaf\r\n", unfolded)


@pytest.mark.parametrize("kind", ["voided", "locked"])
async def test_withdrawn(make_coupon, kind):
    coupon = await make_coupon()
    await do(coupon, kind)
    page = await coupon.get()
    assert badge(page) == "Not available"
    assert not shows_code(page, coupon)
    assert "For staff" not in page.text


async def test_paused(make_coupon):
    coupon = await make_coupon(status="paused")
    assert badge(await coupon.get()) == "Not available"


async def test_partly_used(make_coupon):
    coupon = await make_coupon(uses=5)
    for _ in range(3):
        await do(coupon, "validated")
    page = await coupon.get()
    assert badge(page) == "2 of 5 left"
    assert page.text.count('<li class="done">') == 3
    assert coupon.short in page.text


async def test_the_shops_own_code(make_coupon):
    coupon = await make_coupon(new=NewSession(validation_code="ABC-123<x>"))
    assert "ABC-123&lt;x&gt;" in (await coupon.get()).text


async def test_no_staff_section_where_no_pin_would_work(make_coupon, services):
    coupon = await make_coupon()
    await services.db.execute(
        "UPDATE locations SET pin_mac = NULL WHERE id = $1", coupon.shop.location
    )
    page = await coupon.get()
    assert coupon.short in page.text
    assert "For staff" not in page.text


async def test_unknown_links_are_all_the_same_page(coupon, make_coupon):
    elsewhere = await make_coupon()
    other_letter = "y" if coupon.code[-1] == "z" else "z"
    pages = [
        await coupon.get(path)
        for path in (
            f"/p/{coupon.shop.code}/{coupon.code[:-1]}{other_letter}",
            f"/p/{coupon.shop.code}/{coupon.code[:6]}",
            f"/p/{elsewhere.shop.code}/{coupon.code}",
            f"/p/zzzzzz/{coupon.code}",
            "/p/zzzzzz",
            f"{coupon.path}/more/of/it",
            f"{coupon.path}/wallet/apple",
            f"/p/{coupon.shop.code}/picture/999999999.webp",
            "/p/",
        )
    ]
    assert [page.status for page in pages] == [404] * len(pages)
    assert len({page.text for page in pages}) == 1
    assert "We do not know this coupon." in pages[0].text


@pytest.mark.parametrize(
    "path",
    ["/p/%00/%00", "/p/a%00b/abc", "/p/%ff%fe/%ff", "/p/" + "a" * 4000, "/p/abc/" + "b" * 4000,
     "/p/%F0%9F%98%80/x", "/p/a'--/b%22", "/p/..%2f..%2fetc/passwd", "/p/a/../../etc", "/p//",
     "/p///x", "/p/a/b/c/d/e", "/p/%D9%A3%D9%A3/%D9%A3", "/p/abc/picture/..webp", "/p/abc/picture",
     "/p/abc/picture/99999999999999999999.webp", "/p/abc/def?lang=%ff&ok=%00",
     "/p/abc/def?ok=1.2.3"],
)  # fmt: skip
async def test_weird_links_get_a_clear_page(coupon, server, path):
    async with coupon.http.get(URL(server.url + path, encoded=True)) as answer:
        assert 400 <= answer.status < 500
        assert "We do not know this coupon." in await answer.text()


async def test_weird_queries_do_no_harm(coupon):
    for query in ("?ok=1.0.%C3%A9", "?ok=" + "9" * 3000, "?ok=..&ok=", "?lang=../../x", "?lang=%00",
                  "?customid=4711", "?%ff=%fe"):  # fmt: skip
        page = await coupon.get(coupon.path + query)
        assert page.status == 200
        assert "Accepted" not in page.text


async def test_other_forms_of_the_link(coupon):
    for path in (
        coupon.path.replace("/p/", "/z/"),
        f"/p/{coupon.shop.code.upper()}/{coupon.code.upper()}",
        f"{coupon.path}&web=true",
        f"{coupon.path}.",
        f"{coupon.path}?customid=42&web=true",
    ):
        assert coupon.short in (await coupon.get(path)).text


async def test_get_changes_nothing(make_coupon, services):
    coupon = await make_coupon(picture=True)
    before = await coupon.row()
    paths = [coupon.path, f"/p/{coupon.shop.code}", coupon.path.replace("/p/", "/z/"),
             f"{coupon.path}/redeem", f"{coupon.path}/open"]  # fmt: skip
    await asyncio.gather(
        *(
            coupon.get(path, method=method, user_agent=agent)
            for path in paths
            for method in ("GET", "HEAD")
            for agent in (BOT, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "")
            for _ in range(5)
        )
    )
    assert await coupon.row() == before
    assert await coupon.events() == []
    assert (
        await services.db.fetchval(
            "SELECT count(*) FROM sessions WHERE account_id = $1", coupon.shop.account
        )
        == 1
    )


async def test_public_link_shows_the_offer_without_a_code(make_coupon):
    """Where coupons go out by message only, the public link gives none."""
    coupon = await make_coupon(raw_options='{"public_link": false}')
    page = await coupon.get(f"/p/{coupon.shop.code}")
    assert page.status == 200
    assert "2-for-1 cappuccino" in page.text
    assert "Your own code is behind the link" in page.text
    assert not shows_code(page, coupon)
    assert "<form" not in page.text


@pytest.mark.parametrize(
    ("values", "words"),
    [({"status": "paused"}, "Not available"), ({"expires_at": in_days(-1)}, "Expired"),
     ({"starts_at": in_days(1)}, "Not yet valid")],
)  # fmt: skip
async def test_public_link_in_other_states(make_coupon, values, words):
    coupon = await make_coupon(**values)
    assert badge(await coupon.get(f"/p/{coupon.shop.code}")) == words


async def test_a_draft_is_nobodys_business(make_coupon):
    coupon = await make_coupon(status="draft")
    assert (await coupon.get(f"/p/{coupon.shop.code}")).status == 404
    assert not shows_code(await coupon.get(), coupon)


async def test_picture(coupon):
    page = await coupon.get()
    address, width = re.search(r'<img src="([^"]+)" width="(\d+)" height="420" alt="Two cups"',
                               page.text).groups()  # fmt: skip
    assert width == "800"
    async with coupon.http.get(coupon.url + address) as answer:
        body = await answer.read()
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert body[8:12] == b"WEBP"
    assert len(body) <= 60_000


async def test_the_merchants_words_are_only_words(make_coupon):
    evil = "<script>alert(1)</script>\"'&\x02path\x02 {{ 7*7 }} <b>"
    coupon = await make_coupon(
        title=evil, subtitle=evil, value=evil, description=evil, terms=evil, brand=evil
    )
    page = await coupon.get()
    assert page.text.count("<script>") == 1
    assert "alert(1)</script>" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "{{ 7*7 }}" in page.text


async def test_changed_campaign_shows_at_once(coupon, services):
    assert "Second cup free" in (await coupon.get()).text
    await services.db.execute(
        "UPDATE campaigns SET value = 'Third cup free' WHERE id = $1", coupon.shop.campaign
    )
    assert "Third cup free" in (await coupon.get()).text


@pytest.mark.parametrize(
    ("accept", "query", "words"),
    [
        ("", "", "Klaar voor gebruik"),
        ("sv-SE, xx;q=0.9", "", "Klaar voor gebruik"),
        ("fr-BE, en;q=0.8", "", "Prêt à être utilisé"),
        ("en;q=0.4, de-AT;q=0.9", "", "Einlösbar"),
        ("fr", "?lang=es", "Listo para usar"),
        ("fr", "?lang=xx", "Prêt à être utilisé"),
        ("ar-EG", "", "جاهزة للاستخدام"),
    ],
)
async def test_language(make_coupon, accept, query, words):
    coupon = await make_coupon(language="nl")
    page = await coupon.get(coupon.path + query, accept_language=accept)
    assert badge(page) == words


async def test_right_to_left(make_coupon):
    coupon = await make_coupon(language="ar")
    page = await coupon.get()
    assert '<html lang="ar" dir="rtl">' in page.text
    assert f'<p class="short" dir="ltr" translate="no">{coupon.short}</p>' in page.text
    assert 'href="?lang=en" lang="en" hreflang="en">English</a>' in page.text


async def test_the_switch_keeps_its_language_in_the_form(make_coupon):
    coupon = await make_coupon()
    page = await coupon.get(coupon.path + "?lang=fr")
    assert f'action="{coupon.path}/redeem?lang=fr"' in page.text


GLUED = (
    "…", "»", "”", "*", "**", "%20", ">", "\u200e", "\u200b", "\u00ad", "\ufeff", "%E2%80%8E", ".)",
    "&web=true", "»&web=true?customid=42", "%3E%3Cb%3Ehere%3C/b%3E", "\u2019s", "%0A", "_",
    "~", "|",
)  # fmt: skip


async def test_what_a_messenger_glues_behind_the_code(coupon):
    """And capitals, as the small alphabet of QR codes and some keyboards write them."""
    head, _, code = coupon.path.rpartition("/")
    meant = [coupon.path + glued for glued in GLUED]
    meant += [coupon.path.upper(), f"{head.replace('/p/', '/P/')}/{code}?customid=42"]
    for path in meant:
        url = URL(coupon.url + path, encoded="%" in path)
        async with coupon.http.get(url) as page:
            assert (page.status, coupon.short in await page.text()) == (200, True), path
    for path in (f"{head}/…{code}", coupon.path + "0", f"{coupon.path}/no…where"):
        assert (await coupon.get(path)).status == 404, path


async def test_what_is_glued_behind_a_public_link(coupon):
    head = coupon.path.rpartition("/")[0]
    for path in (f"{head}»", f"{head}%3E%3C/b%3E", head.upper(), f"{head}\u200e&web=true"):
        url = URL(coupon.url + path, encoded="%" in path)
        async with coupon.http.get(url) as page:
            assert page.status == 200, path
            assert "2-for-1 cappuccino" in await page.text()
