"""The language in a link, also where a messenger or a person has glued it to the path: on every
page of a coupon as on the first one."""

import pytest

from tests.web.scenes import PERSON

OPEN = '{"methods": ["code", "pin", "button"]}'


@pytest.fixture
async def coupon(make_coupon):
    return await make_coupon(new=PERSON, raw_options=OPEN)


async def follow(coupon, path):
    """The page, and the address at which it is, after redirects to the same coupon."""
    page = await coupon.get(path)
    for _ in range(2):
        if page.status in (302, 303):
            path = page.headers["location"]
            assert path.startswith(coupon.path)
            page = await coupon.get(path)
    return page, path


@pytest.mark.parametrize("part", ["stop", "save", "confirm"])
@pytest.mark.parametrize(
    "link",
    ["{}?lang=nl", "{}&lang=nl", "{}&web=true&lang=nl-BE", "{}&lang=nl.", "{}%26lang=nl",
     "{}&lang=nl/", "&lang=nl{}", "&lang=nl{}&web=true", "&web=true{}&lang=nl", "{}»&lang=nl",
     "{}&lang=nl?utm_source=metro"],
)  # fmt: skip
async def test_a_language_in_the_link_of_a_further_page(coupon, part, link):
    page, _ = await follow(coupon, coupon.path + link.format(f"/{part}"))
    assert page.status == 200
    assert '<html lang="nl"' in page.text
    # And it stays: every link and every form of the page asks for it.
    own = page.text.count(f'="{coupon.path}')
    assert own
    assert page.text.count("?lang=nl") >= own


@pytest.mark.parametrize("part", ["stop", "save", "coupon.pdf", "coupon.ics"])
@pytest.mark.parametrize("glued", ["…", ".", "»", "*", "%20", ".)", "%3C/b%3E", "\u200e"])
async def test_a_further_page_with_something_glued_behind_it(coupon, part, glued):
    meant = await coupon.get(f"{coupon.path}/{part}")
    page, _ = await follow(coupon, f"{coupon.path}/{part}{glued}")
    assert (meant.status, page.status) == (200, 200)
    assert page.headers["content-type"] == meant.headers["content-type"]


async def test_capitals_keep_the_language_too(coupon):
    for path in (f"{coupon.path.upper()}&lang=nl", f"{coupon.path.upper()}/STOP&lang=nl"):
        page, at = await follow(coupon, path)
        assert '<html lang="nl"' in page.text
        assert at == path.lower().replace("&", "?")


async def test_what_the_query_says_wins(coupon):
    page, _ = await follow(coupon, f"{coupon.path}/stop&lang=nl?lang=fr")
    assert '<html lang="fr"' in page.text


async def test_a_calendar_keeps_the_language(coupon):
    page, _ = await follow(coupon, f"{coupon.path}/coupon.ics&lang=nl")
    assert "Eindigt om" in page.text
    assert f"{coupon.path}?lang=nl" in page.text.replace("\r\n ", "")


@pytest.mark.parametrize("path", ["stops", "stop/x", "sto", "now/stop", "x&lang=nl", "save0"])
async def test_what_is_no_page_stays_none(coupon, path):
    page, at = await follow(coupon, f"{coupon.path}/{path}")
    assert page.status == 404
    assert at == f"{coupon.path}/{path}"


async def test_nothing_glued_gets_into_a_header(coupon):
    page = await coupon.get(f"{coupon.path}/stop&lang=nl%0d%0aSet-Cookie:%20a=1")
    assert page.status == 302
    assert "set-cookie" not in page.headers
    assert page.headers["location"].startswith(f"{coupon.path}/stop?lang=nl%0D%0A")
