"""Ask a collector over HTTPS: its certificate under the site's own roots, the question signed.

[feed]
url = "https://collector.example:8443"     or several: url = ["https://a.example", "https://b.example"]
# address = "10.0.0.7"        if its name is not in any DNS here
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_host import errors
from varde_host.feed import page, question
from varde_host.site import files, passphrases
from varde_protocols import cose

TIMEOUT_S: Final = 40.0
"""A collector that is asked for a page answers within 25 s, or says that it is busy."""
MAX_COLLECTORS: Final = 16
_KEYS: Final = frozenset({"url", "address"})
_WORDS: Final = 100


class Client:
    """Asks one collector while used as a context.

    Raises InputRefused `feed-settings` for a table that is not understood, `key-kind`, and as
    `files.read_private`.
    """

    def __init__(
        self,
        site: files.Site,
        key: Path,
        said: Mapping[str, Any],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = _url(said)
        self._key = signing_key(key)
        self._kid = cose.key_id(self._key.public_key().public_bytes_raw())
        address = said.get("address")
        self._host = self._url.host
        self._asked = self._url if address is None else self._url.copy_with(host=str(address))
        self._client = httpx.Client(
            verify=_trusting(site), timeout=TIMEOUT_S, transport=transport, trust_env=False,
            follow_redirects=False,
        )  # fmt: skip

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(self, asked: question.Question) -> page.Page:
        """Return a page. Raises InputRefused `feed-refused`, `feed-page`; WorldFailed `feed`."""
        body = question.sign(_Signer(self._key), self._kid, asked)
        headers = {"Content-Type": question.TYPE, "Host": self._url.netloc.decode()}
        extensions = {"sni_hostname": self._host}
        try:
            with self._client.stream(
                "POST", self._asked, content=body, headers=headers, extensions=extensions
            ) as response:
                content = self._read(response)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise errors.WorldFailed("feed", str(self._url), reason=reason) from error
        if response.status_code == 200:
            return page.decode(content, str(self._url))
        said = _words(content, response.status_code)
        if response.status_code in (408, 429) or response.status_code >= 500:
            raise errors.WorldFailed("feed", str(self._url), reason=said)
        raise errors.InputRefused("feed-refused", str(self._url), said=said)

    def _read(self, response: httpx.Response) -> bytes:
        content = bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > page.MAX_BYTES:
                raise errors.InputRefused("feed-page", str(self._url))
        return bytes(content)


class _Signer:
    """What `cose.sign1` signs with."""

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def each(said: Any) -> list[Mapping[str, Any]]:
    """Return a table for each of its addresses. Raises InputRefused `feed-settings`."""
    urls = said.get("url") if isinstance(said, Mapping) else None
    if not isinstance(urls, list):
        return [said]
    if not 0 < len(urls) <= MAX_COLLECTORS:
        raise errors.InputRefused("feed-settings", "[feed]")
    return [{**said, "url": url} for url in urls]


def _url(said: Mapping[str, Any]) -> httpx.URL:
    refused = errors.InputRefused("feed-settings", "[feed]")
    if not isinstance(said, Mapping) or not set(said) <= _KEYS:
        raise refused
    if not all(isinstance(value, str) for value in said.values()) or "url" not in said:
        raise refused
    try:
        url = httpx.URL(said["url"])
    except httpx.InvalidURL as error:
        raise refused from error
    if url.scheme != "https" or not url.host or url.userinfo:
        raise refused
    return url.copy_with(path=question.PATH, query=None, fragment=None)


def signing_key(path: Path) -> ed25519.Ed25519PrivateKey:
    """Return the feed key in a file. Raises as `files.read_private`, InputRefused `key-kind`."""
    found = files.read_private(path, passphrases.Secrets())
    if not isinstance(found, ed25519.Ed25519PrivateKey):
        raise errors.InputRefused("key-kind", str(path), wanted="Ed25519")
    return found


def _trusting(site: files.Site) -> ssl.SSLContext:
    """Return a context that believes the site's roots and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for der in site.roots_der():
        context.load_verify_locations(cadata=der)
    return context


def _words(content: bytes, status: int) -> str:
    """Return what a server said, as far as it is fit to be printed."""
    text = "".join(each for each in content[:400].decode("utf-8", "replace") if each.isprintable())
    return f"{status} {text}"[:_WORDS]
