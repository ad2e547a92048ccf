"""Whether a zip archive is what it says, before anything unpacks it.

The directory of an archive is only a claim: what unpacks goes on to the end of the data. So all
of it is unpacked once, thrown away and counted.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import BinaryIO

MOST_BYTES = 200_000_000
"""Unpacked, of all files in it together."""
MOST_FILES = 2_000

_LOT = 1 << 18
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1


class Refused(Exception):
    """Not a file that is read; says why."""


class TooLarge(Refused):
    """More than is unpacked."""


def check(file: BinaryIO) -> zipfile.ZipFile:
    """The archive, of which everything is known to be bounded. Raises `Refused`."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError):
        raise Refused("it is damaged") from None
    entries = archive.infolist()
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise _too_large()
    left = MOST_BYTES
    for entry in entries:
        left -= _real_size(file, entry, left)
    return archive


def _real_size(file: BinaryIO, entry: zipfile.ZipInfo, most: int) -> int:
    if entry.flag_bits & _ENCRYPTED:
        raise Refused("it is locked with a password")
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
        raise Refused("it is damaged")
    _, name, extra = _LOCAL_HEADER.unpack(header)
    file.seek(name + extra, 1)
    if entry.compress_type == zipfile.ZIP_STORED:
        return _within(entry.compress_size, most)
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise Refused("it is packed in a way that spreadsheets do not use")
    try:
        return _inflated(file, entry.compress_size, most)
    except zlib.error:
        raise Refused("it is damaged") from None


def _inflated(file: BinaryIO, packed: int, most: int) -> int:
    unpack, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while packed and not unpack.eof and (lot := file.read(min(_LOT, packed))):
        packed -= len(lot)
        while lot and not unpack.eof:
            size = _within(size + len(unpack.decompress(lot, _LOT)), most)
            lot = unpack.unconsumed_tail
    return _within(size + len(unpack.flush()), most)


def _within(size: int, most: int) -> int:
    if size > most:
        raise _too_large()
    return size


def _too_large() -> TooLarge:
    return TooLarge(f"unpacked it is larger than {MOST_BYTES // 1_000_000} MB")
