"""What a campaign's public link is shared with: its QR code as a file, and a poster on A4."""

from __future__ import annotations

import contextlib
import io

import msgspec
import segno

from tearoff.kit.bulkhead import Bulkhead

QUIET = 4
"""Modules of white around a code."""
PNG_SIDE = 1200
"""Pixels that a side has at least: 10 cm in print."""

_WIDTH, _HEIGHT, _MARGIN = 210.0, 297.0, 18.0
_PICTURE = 92.0
_LEAST_QR, _MOST_QR, _ALONE = 60.0, 105.0, 140.0
"""Millimetres of the code with its white: the least is read from more than half a metre away, the
last is where there is no picture."""
_BOTTOM = _HEIGHT - 14
_LINES_OF_TERMS, _TERMS = 6, 8.0

_POSTERS = Bulkhead("posters", at_once=1, waiting=8, after=3)


class Poster(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on it. `link` is what the code holds and what stands below it in letters;
    `scan_this` says what to do with it; `picture` is a file that Pillow reads."""

    language: str
    is_rtl: bool
    color: str
    brand: str
    title: str
    value: str
    scan_this: str
    link: str
    until: str
    terms: str
    picture: bytes | None


def qr_svg(link: str) -> bytes:
    """A drawing of its own, sharp at every size: black on white, with its white margin."""
    out = io.BytesIO()
    _code(link).save(out, kind="svg", scale=10, border=QUIET, light="#ffffff", dark="#000000",
                     xmldecl=True, svgclass=None, lineclass=None)  # fmt: skip
    return out.getvalue()


def qr_png(link: str) -> bytes:
    """Pixels that divide evenly among its modules."""
    code, out = _code(link), io.BytesIO()
    side = code.symbol_size(border=QUIET)[0]
    code.save(out, kind="png", scale=-(-PNG_SIDE // side), border=QUIET, light="#ffffff",
              dark="#000000")  # fmt: skip
    return out.getvalue()


async def printed_poster(poster: Poster) -> bytes:
    """The poster as a PDF, beside the event loop, one at once. Raises `TooBusy`."""
    return await _POSTERS.run(print_poster, poster)


def print_poster(poster: Poster) -> bytes:
    # The libraries of fonts and PDFs are a tenth of a start; loaded in the thread that prints.
    from tearoff.web.save.pdf_layout import cut  # noqa: PLC0415
    from tearoff.web.save.pdf_sheet import GREY, Sheet, Size  # noqa: PLC0415

    size = Size(_WIDTH, _HEIGHT, _MARGIN)
    title = f"{poster.title} · {poster.brand}" if poster.brand else poster.title
    page = Sheet(size, title, poster.language, poster.color, is_rtl=poster.is_rtl)
    with contextlib.closing(page) as sheet:
        sheet.pdf.set_fill_color(*sheet.brand)
        sheet.pdf.rect(0, 0, _WIDTH, 8, style="F")
        sheet.y = 16.0
        sheet.write(poster.brand, 18, bold=True, most=1)
        sheet.y += 2
        if poster.picture:
            sheet.y += 3
            picture = cut(poster.picture, sheet.inner / _PICTURE)
            sheet.pdf.image(picture, _MARGIN, sheet.y, sheet.inner, _PICTURE)
            sheet.y += _PICTURE + 6
        sheet.write(poster.title, 34, bold=True, most=2)
        if poster.value != poster.title:
            sheet.write(poster.value, 22, bold=True, color=sheet.brand, most=2)
        sheet.y += 2
        sheet.write(poster.until, 13, most=1)
        terms = sheet.lines(poster.terms[:3_000], _TERMS)[:_LINES_OF_TERMS]
        below = sheet.high(14) + sheet.high(13) + sheet.high(_TERMS) * len(terms) + 10
        room = min(_BOTTOM - sheet.y - below, _MOST_QR if poster.picture else _ALONE)
        _draw_code(sheet, poster.link, room)
        sheet.write(poster.scan_this, 14, bold=True, most=1, align="C")
        sheet.write(_bare(poster.link), 13, most=1, align="C")
        sheet.y = _BOTTOM - sheet.high(_TERMS) * len(terms)
        for line in terms:
            sheet.line(line, _TERMS, color=GREY)
        return bytes(sheet.pdf.output())


def _draw_code(sheet: object, link: str, room: float) -> None:
    """In the middle, as large as the words leave room for."""
    from tearoff.web.save.pdf_barcode import rows_of, runs_in  # noqa: PLC0415
    from tearoff.web.save.pdf_sheet import Sheet  # noqa: PLC0415

    assert isinstance(sheet, Sheet)
    rows = rows_of("qr", link)
    side = max(_LEAST_QR, room)
    module = side / (len(rows) + 2 * QUIET)
    left, top = (_WIDTH - side) / 2 + QUIET * module, sheet.y + QUIET * module
    sheet.pdf.set_fill_color(0, 0, 0)
    for line, row in enumerate(rows):
        for start, length in runs_in(row):
            x, y = left + start * module, top + line * module
            sheet.pdf.rect(x, y, length * module, module, style="F")
    sheet.y += side


def _code(link: str) -> segno.QRCode:
    return segno.make_qr(link, error="m", boost_error=False)


def _bare(link: str) -> str:
    """As people type it."""
    return link.removeprefix("https://").removeprefix("http://")
