"""What a scanner reads, and mail programs make of a link."""

from urllib.parse import quote

import pytest

from tearoff.coupons.scanned import Scanned, read_scanned

CODE = "k7m3qxabcdefgh0123456"
LINK = f"https://coupons.example.com/p/abcdef/{CODE}"


def wrapped(link, times=1):
    for _ in range(times):
        link = f"https://eur01.safelinks.protection.outlook.com/?url={quote(link, safe='')}&data=05"
    return link


@pytest.mark.parametrize(
    ("text", "token"),
    [
        (LINK, ""),
        (LINK.upper(), ""),
        (f"Your coupon: {LINK}…", ""),
        (f"<{LINK}>", ""),
        (f"{LINK}?k=a_B-9", "a_B-9"),
        (quote(LINK, safe=""), ""),
        (wrapped(LINK), ""),
        (wrapped(f"{LINK}?k=a_B-9"), "a_B-9"),
        (wrapped(f"{LINK}?k=a_B-9", 2), "a_B-9"),
        (f"https://urldefense.com/v3/__{LINK}__;!!Nv37!x$", ""),
    ],
)
def test_links(text, token):
    scanned = read_scanned(text)
    assert scanned is not None
    assert (scanned.kind, scanned.code, scanned.token) == ("link", CODE, token)


@pytest.mark.parametrize("text", ["50%OFF", "%2Fp%2F", "100%25", "%%%", LINK[:-1], LINK + "7"])
def test_no_links(text):
    assert read_scanned(text) == Scanned("own", text, text=text)
