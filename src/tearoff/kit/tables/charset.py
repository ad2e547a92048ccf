"""What kind of file it is, and in what charset a text is written.

Unicode is recognised for certain: by its mark, UTF-16 also by its NULs, UTF-8 because all of it
must be right. Everything else is read as windows-1252, which spreadsheets in western Europe
write; what is wanted from lists is nearly always ASCII, and the answer names the charset.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO

from tearoff.kit.tables.models import Unreadable

SAMPLE = 65_536
"""So many bytes say how a file is written."""

WESTERN = "windows-1252"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOT = 1 << 20

SPREADSHEET = "spreadsheet"
_KINDS = (
    (b"PK\x03\x04", SPREADSHEET),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file (.xls) or one with a password"),
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"Rar!\x1a\x07", "an archive (RAR)"),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7z)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_FORM = b"content-disposition: form-data"
_MARKUP = (b"<?xml", b"<!doctype", b"<html", b"<table")


def kind_of(sample: bytes) -> str:
    """`SPREADSHEET`, "" for a text, else what it is in words."""
    for mark, kind in _KINDS:
        if sample.startswith(mark):
            return kind
    if sample.startswith(b"--") and _FORM in sample[:1_000].lower():
        return "a form (multipart/form-data); the file alone is to be the body"
    begin = sample.removeprefix(codecs.BOM_UTF8).lstrip()[:16].lower()
    return "a web page or XML, whatever its name ends in" if begin.startswith(_MARKUP) else ""


def charset_of(file: BinaryIO, field: str) -> str:
    """The charset of a whole file, which is left at its beginning."""
    sample = file.read(SAMPLE)
    charset = _unicode_of(sample)
    if charset is None:
        charset = "utf-8" if _is_sound(file, sample, "utf-8") else WESTERN
    elif not _is_sound(file, sample, charset):
        name = "UTF-8" if charset == "utf-8-sig" else charset.upper()
        raise Unreadable(
            f"The file says that it is {name}, and is not, or it breaks off. Save it again as"
            " CSV UTF-8.",
            field=field,
        )
    if charset == WESTERN and not _is_sound(file, sample, charset):
        raise Unreadable(
            "The file is neither UTF-8, UTF-16 nor windows-1252. Save it as CSV UTF-8.",
            field=field,
        )
    file.seek(0)
    return charset


def _unicode_of(sample: bytes) -> str | None:
    for mark, charset in _MARKS:
        if sample.startswith(mark):
            return charset
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if not even and odd * 5 >= len(sample):  # two of five letters, or more, are Latin
        return "utf-16-le"
    return "utf-16-be" if not odd and even * 5 >= len(sample) > 1 else None


def _is_sound(file: BinaryIO, sample: bytes, charset: str) -> bool:
    decoder = codecs.getincrementaldecoder(charset)()
    file.seek(len(sample))
    try:
        decoder.decode(sample)
        while lot := file.read(_LOT):
            decoder.decode(lot)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
