"""QR codes for pages."""

from __future__ import annotations

from math import isqrt
from typing import Any

import msgspec
import zxingcpp

_CHUNK = 8


class QrCode(msgspec.Struct, frozen=True):
    """The dark modules as the `d` of an SVG path that is stroked one module wide; `size` is
    the number of modules on a side, without the quiet zone."""

    path: str
    size: int


def draw_qr(text: str) -> QrCode:
    """A QR code of error correction level M. About a tenth of a millisecond: the page is
    drawn anew for every visit, and choosing the mask in Python would cost thirty times that."""
    # The level must be this keyword: inside an options text it is silently ignored.
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    pixels = memoryview(image).tobytes()
    size = isqrt(len(pixels))
    return QrCode(_path(pixels, size), size)


def _path(pixels: bytes, size: int) -> str:
    """One byte a module, 0 is dark. Eight modules at a time come from a table, which splits a
    run here and there (no seam shows: the edges are drawn crisp) and halves the time."""
    width = -(-size // _CHUNK) * _CHUNK
    rest = b"\xff" * (width - size)
    parts = []
    for y in range(size):
        row = pixels[y * size : (y + 1) * size] + rest
        parts.append(f"M0 {y}")
        parts += [_MOVES[row[x : x + _CHUNK]] for x in range(0, width, _CHUNK)]
    return "".join(parts)


def _moves(number: int) -> str:
    """The relative moves that draw the bits of one chunk (1 is dark), ending at its end."""
    bits = f"{number:0{_CHUNK}b}"
    runs = bits.replace("01", "0 1").replace("10", "1 0").split()
    return "".join(f"h{len(run)}" if run[0] == "1" else f"m{len(run)} 0" for run in runs)


_MOVES = {
    bytes(0 if bit == "1" else 255 for bit in f"{number:0{_CHUNK}b}"): _moves(number)
    for number in range(1 << _CHUNK)
}
