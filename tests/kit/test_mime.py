"""Headers of a mail hold what was meant and nothing else, on every Python that we run on."""

import base64
from email import message_from_bytes, policy

import pytest

from tearoff.kit.mime import (
    Mailbox,
    UnsafeMail,
    check_header,
    is_plain_address,
    plain_words,
    write_mail,
)

NAMES = ["From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
LINES = "x\r\nX-Evil: 1\r\n\r\n<h1>hi</h1>"


def word(text, how="q"):
    """An encoded word that holds line ends."""
    if how == "b":
        return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
    return "=?utf-8?q?" + "".join(f"={octet:02x}" for octet in text.encode()) + "?="


EVIL = [
    LINES, word(LINES), word(LINES, "b"), word(word(LINES)), word(word(LINES, "b"), "b"),
    f"Ann {word(LINES)} Peeters", f'"{word(LINES)}"', word("x\n\nb"), word("x\rb"),
    word("x\0y"), word("x\u2028y", "b"), word("x\u0085y"), "a\u2028b\u2029c\u0085d\0e\vf",
    "=?utf-8?q?=0d=0a", "=?us-ascii?Q?x=0AX-Evil:_1?=", "=?utf-8*en?q?x=0AX-Evil:_1?=",
    f"{word('a' * 40)} {word(LINES)} " * 3, "=?utf-8?q?x=0d=0a=20X-Evil:?=\r\n =?utf-8?q?y?=",
    "é" * 200, "long " * 90, "a,b;c:d <e@f.example> \\ \"", "2+2=?", "",
]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_a_header_holds_what_was_meant(text):
    headers = {"From": Mailbox("a@example.com", text), "To": Mailbox("b@example.com", text),
               "Subject": text}  # fmt: skip
    raw = write_mail(headers, "Hello", "<p>Hello</p>")
    found = message_from_bytes(raw, policy=policy.default)
    assert sorted(found.keys()) == ["Content-Type", "From", "MIME-Version", "Subject", "To"]
    shown = " ".join("".join(c if ord(c) not in (0, 11, 13, 10, 0x85, 0x2028, 0x2029) else " "
                             for c in text).split())  # fmt: skip
    assert found["Subject"] == shown[:500].rstrip()
    assert [a.addr_spec for a in found["From"].addresses] == ["a@example.com"]
    assert [a.addr_spec for a in found["To"].addresses] == ["b@example.com"]
    assert "h1" not in found.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    "address",
    [f"{word(LINES)}@example.com", "=?utf-8?q?x?=@example.com", "a@b\r\nX: y", "a b@example.com",
     "a@example.com>", "é@example.com", '"a"@example.com', "a\0@example.com", "a@exa\u0085mple.com",
     "a,b@example.com", "a@b@c.example", "a@=?utf-8?q?x?=", "", "nobody"],
)  # fmt: skip
def test_no_address_means_something_else(address):
    assert not is_plain_address(address)
    with pytest.raises(UnsafeMail):
        write_mail({"To": Mailbox(address)}, "Hello")


GOOD = (
    b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\n\r\nbody\r\n"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"Subject: x", b"Subject: x\r\nX-Evil: 1"), (b"Subject: x", b"Subject: x\nX-Evil: 1"),
     (b"Subject: x", b"Subject: x\rX-Evil: 1"), (b"Subject: x", b"Subject: x\r\nSubject: y"),
     (b"Subject: x", b"Subject: x\r\n\r\n<h1>"), (b"Subject: x\r\n", b""),
     (b"Subject: x", b"Subject: x\0"), (b"Subject: x", "Subject: é".encode()),
     (b"Subject: x", b"Subject: =?utf-8?q?x=0d=0aX-Evil:_1?="), (b"Subject: x", b"Subject: x\r\n "),
     (b"Subject: x", b"Subject: " + b"x" * 1000), (b"Subject: x", b"no header at all")],
)  # fmt: skip
def test_the_finished_mail_is_looked_at_once_more(old, new):
    check_header(GOOD, NAMES)
    with pytest.raises(UnsafeMail):
        check_header(GOOD.replace(old, new), NAMES)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Corner Coffee", "Corner Coffee"),
        ("Bean & Leaf B.V.", "Bean & Leaf B.V."),
        ("Café Zoë, O’Neil (Gent) – 2+1!", "Café Zoë, O’Neil (Gent) – 2+1!"),
        ("Booking.com", "Booking com"),
        ("Locked! https://evil.example/x?y=1", "Locked! https evil example x y 1"),
        ("www.evil.example", "evil example"),
        (
            "evil\uff0eexample evil\u3002example evil\u200b.example",
            "evil example evil example evil example",
        ),
        ("ann@evil.example", "ann evil example"),
        ("a\r\n\r\nGo to evil.example", "a Go to evil example"),
        ("x" * 300, "x" * 80),
    ],
)
def test_words_of_others_hold_no_link(written, shown):
    assert plain_words(written, 80) == shown
