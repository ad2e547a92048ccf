"""Files of ours as a browser keeps them: a hash of the content stands in the address, so that
they are cached for a year and a new version has a new address.

A shelf is a folder of them. All files of a shelf share one hash, so that scripts can
name each other by relative paths. Scripts and styles of ours travel without comments and blanks.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cached_property, lru_cache
from importlib.resources.abc import Traversable

from rcssmin import cssmin
from rjsmin import jsmin

from tearoff.web.paper.html import Answer, answer

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "wasm": "application/wasm",
}
FOR_EVER = "public, max-age=31536000, immutable"
"""What is kept under a name that another version does not have."""
_LIGHTER = {"js": jsmin, "css": cssmin}


class Shelf:
    """A folder with the addresses of its files. `base` is the address below
    which they are found: `{base}/{name}-{hash}/{file}`. What is not `ours` travels as its makers
    wrote it, with the licence that stands in it."""

    def __init__(self, base: str, name: str, folder: Traversable, *, is_ours: bool) -> None:
        self._base, self._name, self._is_ours = base, name, is_ours
        self._folder = folder

    @cached_property
    def files(self) -> dict[str, Traversable]:
        """The files that browsers may have, by path."""
        return {path: f for path, f in _walk(self._folder) if _kind(path) in _TYPES}

    @cached_property
    def version(self) -> str:
        whole = hashlib.sha256()
        for path, file in sorted(self.files.items()):
            whole.update(path.encode() + b"\0" + file.read_bytes())
        return f"{self._name}-{whole.hexdigest()[:12]}"

    def address(self, path: str) -> str:
        return f"{self._base}/{self.version}/{path}"

    def print(self, version: str, path: str, *, reads_gzip: bool) -> Answer | None:
        """The file; None when there is no such one in this version."""
        if version != self.version or path not in self.files:
            return None
        plain, packed = self._content(path)
        headers = [
            ("content-type", _TYPES[_kind(path)]),
            ("cache-control", FOR_EVER),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("vary", "Accept-Encoding"),
        ]
        if reads_gzip and packed:
            return answer(200, [*headers, ("content-encoding", "gzip")], packed)
        return answer(200, headers, plain)

    @lru_cache(64)  # noqa: B019 - shelves live as long as the program
    def _content(self, path: str) -> tuple[bytes, bytes]:
        """As it is, and compressed once; pictures are compressed already."""
        plain = self.files[path].read_bytes()
        if self._is_ours and _kind(path) in _LIGHTER:
            plain = _LIGHTER[_kind(path)](plain)
        return plain, b"" if _kind(path) == "png" else gzip.compress(plain, 9, mtime=0)


def _walk(folder: Traversable, above: str = "") -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        path = f"{above}{entry.name}"
        found += _walk(entry, f"{path}/") if entry.is_dir() else [(path, entry)]
    return found


def _kind(path: str) -> str:
    return path.rpartition(".")[2]
