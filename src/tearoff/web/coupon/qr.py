"""QR codes for pages, fast enough to be drawn anew for every visit.

A QR code of one size and mask is a linear thing: every bit of the text flips a fixed set of
modules (its own and those of the error correction). So the picture of a text is the exclusive
or of ready-made pictures, one for each codeword. That takes a few microseconds where a
library that weighs eight masks against each other takes thousands.

Source of all numbers: ISO/IEC 18004, error correction level M, byte mode.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import xor

import msgspec
import segno

_ERROR_WORDS = {1: 10, 2: 16, 3: 26, 4: 18, 5: 24, 6: 16}
"""Codewords of error correction in each block, by version (size 17 + 4 * version)."""

_BLOCKS = {1: (16,), 2: (28,), 3: (44,), 4: (32, 32), 5: (43, 43), 6: (27, 27, 27, 27)}
"""Codewords of data in each block."""

_PADDING = bytes((0xEC, 0x11)) * 60


class QrCode(msgspec.Struct, frozen=True):
    """The dark modules as the `d` of an SVG path that is stroked one module wide; `size` is
    the number of modules on a side, without the quiet zone."""

    path: str
    size: int


def draw_qr(text: str) -> QrCode:
    """A QR code of error correction level M. A text of more than 106 bytes is left to segno,
    which takes some milliseconds."""
    data = text.encode()
    version = next((v for v in _BLOCKS if sum(_BLOCKS[v]) >= len(data) + 2), None)
    if version is None:
        return _draw_long(text)
    size = 17 + 4 * version
    symbol = _symbol(version)
    # Mode and length are 12 bits, the end mark 4: together with the bytes whole codewords.
    head = (0b0100 << 8 | len(data)) << 8 * len(data) | int.from_bytes(data)
    words = ((head << 4).to_bytes(len(data) + 2) + _PADDING)[: len(symbol.words)]
    picture = reduce(xor, map(list.__getitem__, symbol.words, words), symbol.blank)
    return QrCode(_path(picture.to_bytes(size * _row_bytes(size)), size), size)


class _Symbol(msgspec.Struct, frozen=True):
    """Pictures of one version, as numbers with a bit for each module, row by row: `blank` has
    no data; `words[i][value]` is what codeword i flips when it has that value."""

    blank: int
    words: list[list[int]]


@lru_cache
def _symbol(version: int) -> _Symbol:
    size = 17 + 4 * version
    fixed = _fixed_modules(size)
    free = _free_modules(size, fixed)
    masked = [(x, y) for x, y in free if (x + y) % 3 == 0]
    blank = sum(_bit(x, y, size) for (x, y), dark in fixed.items() if dark)
    blank += sum(_bit(x, y, size) for x, y in masked)
    bits = [_bit(x, y, size) for x, y in free]
    return _Symbol(blank, [_values(flips, bits) for flips in _flips(version)])


def _values(flips: list[list[int]], bits: list[int]) -> list[int]:
    """The pictures of all 256 values of a codeword, from those of its eight bits."""
    single = [sum(bits[place] for place in places) for places in flips]
    pictures = [0]
    for picture in single:
        pictures += [known ^ picture for known in pictures]
    return pictures


def _flips(version: int) -> list[list[list[int]]]:
    """For each data codeword and each of its bits (lowest first): the places, in the order in
    which modules are filled, of all bits that it flips."""
    blocks, errors = _BLOCKS[version], _ERROR_WORDS[version]
    places = []
    for block, length in enumerate(blocks):
        for index in range(length):
            # Codewords are dealt out block by block, first data, then error correction.
            own = index * len(blocks) + block
            theirs = [sum(blocks) + i * len(blocks) + block for i in range(errors)]
            places.append(
                [
                    _places(own, 1 << bit)
                    + [p for at, word in zip(theirs, rest, strict=True) for p in _places(at, word)]
                    for bit in range(8)
                    for rest in [_remainder(1 << bit, length - 1 - index, errors)]
                ]
            )
    return places


def _places(codeword: int, value: int) -> list[int]:
    return [codeword * 8 + 7 - bit for bit in range(8) if value >> bit & 1]


def _remainder(value: int, power: int, errors: int) -> list[int]:
    """The Reed-Solomon codewords of a block that is zero but for one codeword, which has
    `power` data codewords behind it."""
    generator = _generator(errors)
    rest = [0] * errors
    for step in range(power + 1):
        lead = rest[0] ^ (value if step == 0 else 0)
        rest = [a ^ _times(lead, g) for a, g in zip([*rest[1:], 0], generator, strict=True)]
    return rest


@lru_cache
def _generator(errors: int) -> tuple[int, ...]:
    """Coefficients of (x - 1)(x - a)...(x - a^(errors-1)) below the leading 1."""
    product = [1]
    for power in range(errors):
        root = _POWERS[power]
        shifted = [*product, 0]
        scaled = [0, *(_times(root, c) for c in product)]
        product = [a ^ b for a, b in zip(shifted, scaled, strict=True)]
    return tuple(product[1:])


def _times(a: int, b: int) -> int:
    """Product in the field of 256 elements."""
    return _POWERS[(_LOGS[a] + _LOGS[b]) % 255] if a and b else 0


def _powers() -> list[int]:
    powers = [1]
    for _ in range(254):
        double = powers[-1] << 1
        powers.append(double ^ 0x11D if double > 255 else double)
    return powers


_POWERS = _powers()
_LOGS = [0] + [_POWERS.index(value) for value in range(1, 256)]


def _fixed_modules(size: int) -> dict[tuple[int, int], bool]:
    """Finders with their white borders, timing, alignment, format: place (x, y) and colour."""
    modules = {(i, 6): i % 2 == 0 for i in range(size)} | {(6, i): i % 2 == 0 for i in range(size)}
    for left, top in ((0, 0), (size - 7, 0), (0, size - 7)):
        for x in range(max(0, left - 1), min(size, left + 8)):
            for y in range(max(0, top - 1), min(size, top + 8)):
                ring = max(abs(x - left - 3), abs(y - top - 3))
                modules[x, y] = ring not in (2, 4)
    if size > 21:
        middle = size - 7
        for x in range(middle - 2, middle + 3):
            for y in range(middle - 2, middle + 3):
                modules[x, y] = max(abs(x - middle), abs(y - middle)) != 1
    return modules | _format_modules(size)


def _format_modules(size: int) -> dict[tuple[int, int], bool]:
    """Level M with mask 3, written twice, and the module that is always dark."""
    bits = 0b00_011 << 10
    rest = bits
    for shift in range(14, 9, -1):
        rest ^= (0b10100110111 << shift - 10) if rest >> shift & 1 else 0
    bits = (bits | rest) ^ 0b101010000010010
    ends = [*range(6), 7, 8, size - 7, size - 6, size - 5, size - 4, size - 3, size - 2, size - 1]
    modules = {(8, size - 8): True}
    for bit, place in enumerate(ends):
        modules[8, place] = bool(bits >> bit & 1)
    down = [size - 1 - bit for bit in range(8)] + [7, 5, 4, 3, 2, 1, 0]
    for bit, place in enumerate(down):
        modules[place, 8] = bool(bits >> bit & 1)
    return modules


def _free_modules(size: int, fixed: dict[tuple[int, int], bool]) -> list[tuple[int, int]]:
    """The other modules in the order in which they are filled: column pairs from the right,
    up and down in turns, passing over the timing column."""
    free = []
    for turn, right in enumerate([*range(size - 1, 6, -2), *range(5, 0, -2)]):
        rows = range(size) if turn % 2 else range(size - 1, -1, -1)
        free += [(x, y) for y in rows for x in (right, right - 1) if (x, y) not in fixed]
    return free


def _bit(x: int, y: int, size: int) -> int:
    width = _row_bytes(size) * 8
    return 1 << (size * width - 1 - (y * width + x))


def _row_bytes(size: int) -> int:
    return -(-size // 8)


def _draw_long(text: str) -> QrCode:
    rows = segno.make_qr(text, error="m", boost_error=False).matrix
    size = len(rows)
    width = _row_bytes(size) * 8
    bits = "".join("".join(map(str, row)).ljust(width, "0") for row in rows)
    return QrCode(_path(int(bits, 2).to_bytes(len(bits) // 8), size), size)


def _path(picture: bytes, size: int) -> str:
    """One bit a module. Eight modules at a time come from a table, which splits a run here
    and there (no seam shows: the edges are drawn crisp)."""
    width = _row_bytes(size)
    moves = [_MOVES[byte] for byte in picture]
    rows = ["".join(moves[at : at + width]) for at in range(0, len(moves), width)]
    return "M0 0" + f"m-{width * 8} 1".join(rows)


def _moves(byte: int) -> str:
    """The relative moves that draw the bits of one chunk, ending at its end."""
    runs = f"{byte:08b}".replace("01", "0 1").replace("10", "1 0").split()
    return "".join(f"h{len(run)}" if run[0] == "1" else f"m{len(run)} 0" for run in runs)


_MOVES = [_moves(byte) for byte in range(256)]
