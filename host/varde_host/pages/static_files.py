"""Files of the pages: read once, served from memory under a name that holds their hash.

A browser keeps them for ever, as a new content has a new name. No path is ever made from what a
request says, so there is nothing to climb out of.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib.resources
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from varde_host.pages import refusals

PACKAGES = ("pages", "access", "bench_page", "verify_page", "fleet_page", "practice")
"""Those below `varde_host` whose `static/` and `templates/` are looked into."""
ROUTE = "/static/{name:path}"
FOR_EVER = "public, max-age=31536000, immutable"
_TYPES = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp",
}  # fmt: skip
_HASH_CHARACTERS = 12
_PACKED = {".css", ".js", ".svg"}


@dataclass(frozen=True, slots=True)
class File:
    """`url` is where it is served; `packed` its gzip form, None where that gains nothing."""

    url: str
    media_type: str
    content: bytes = field(repr=False)
    packed: bytes | None = field(repr=False)


class Files:
    """All files of all packages by their names, "pages/style.css"."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self._by_name = {name: _file(name, content) for name, content in found.items()}
        self._by_url = {file.url: file for file in self._by_name.values()}

    def url(self, name: str) -> str:
        """Return where the file is served; KeyError is a bug of ours."""
        return self._by_name[name].url

    def has(self, name: str) -> bool:
        """Tell if there is such a file: htmx is not, where setup had no npm."""
        return name in self._by_name

    async def answer(self, request: Request) -> Response:
        """Answer a request. Raises PageRefused 404."""
        file = self._by_url.get(request.url.path)
        if file is None:
            raise refusals.missing()
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        content = file.content
        if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = file.packed
        return Response(content, media_type=file.media_type, headers=headers)


@functools.cache
def of_packages() -> Files:
    """Return the files of PACKAGES."""
    top = importlib.resources.files("varde_host")
    found: dict[str, bytes] = {}
    for package in PACKAGES:
        folder = top.joinpath(package, "static")
        if folder.is_dir():
            found |= _below(folder, package)
    return Files(found)


def _below(folder: Traversable, name: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            found |= _below(entry, inner)
        elif PurePosixPath(entry.name).suffix in _TYPES:
            found[inner] = entry.read_bytes()
    return found


def _file(name: str, content: bytes) -> File:
    path = PurePosixPath(name)
    sum_ = hashlib.sha256(content).hexdigest()[:_HASH_CHARACTERS]
    url = f"/static/{path.with_suffix('')}.{sum_}{path.suffix}"
    packed = gzip.compress(content, mtime=0) if path.suffix in _PACKED else None
    if packed is not None and len(packed) >= len(content):
        packed = None
    return File(url, _TYPES[path.suffix], content, packed)
