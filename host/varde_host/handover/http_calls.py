"""One request to somebody else's server, and an answer that is bounded in every way.

No redirect is followed: a body, or the token beside it, goes to the host that receiver.toml names
and to no other. Certificates are checked, by name, from TLS 1.2 on. An answer is not unpacked, is
read up to `MAX_BYTES`, and has `WHOLE_S` to come. Nothing of a request or an answer stands in what
is raised: both hold values.
"""

from __future__ import annotations

import ssl
import time as uptime
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from varde_host import errors

MAX_BYTES: Final = 4 * 1024 * 1024
"""A bundle's answer that repeats all of it; what is asked for (`Prefer`) is a hundredth."""
TIMEOUT_S: Final = 30.0
"""For one step of an exchange."""
WHOLE_S: Final = 60.0
"""For all of it: a byte now and then is no answer."""
MAX_TIMEOUT_S: Final = 60

CONNECT: Final = "no connection"
CERTIFICATE: Final = "certificate or TLS"
TIMED_OUT: Final = "no answer in time"
BROKEN: Final = "connection broken"
PACKED: Final = "answer packed"


class CallFailed(Exception):  # noqa: N818 reads as what happened
    """No answer. `why` is one of the words above; whether the server has it, nobody knows."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `content` is None if it was longer than what is read."""

    status: int
    headers: httpx.Headers
    content: bytes | None

    def header(self, name: str) -> str:
        """Return a header, "" if it is not there."""
        return str(self.headers.get(name, ""))


class Caller:
    """Asks servers that one file of roots vouches for. Threads may share it."""

    def __init__(
        self,
        ca_file: Path | None = None,
        timeout_s: float = TIMEOUT_S,
        *,
        transport: httpx.BaseTransport | None = None,
        uptime_s: Callable[[], float] = uptime.monotonic,
    ) -> None:
        """`ca_file` (PEM) takes the place of the machine's own roots.

        Raises InputRefused `file-read` for one that cannot be read.
        """
        self._client = httpx.Client(
            verify=_tls(ca_file), timeout=timeout_s, transport=transport, trust_env=False,
            follow_redirects=False, headers={"User-Agent": "varde", "Accept-Encoding": "identity"},
        )  # fmt: skip
        self._uptime_s = uptime_s
        weakref.finalize(self, self._client.close)

    def call(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Return the answer. Raises CallFailed."""
        until_s = self._uptime_s() + WHOLE_S
        try:
            with self._client.stream(
                method, address, content=body, headers=dict(headers)
            ) as response:
                content = self._content(response, until_s)
                return Answer(response.status_code, response.headers, content)
        except httpx.TimeoutException:
            raise CallFailed(TIMED_OUT) from None
        except httpx.ConnectError as error:
            raise CallFailed(CERTIFICATE if _is_of_tls(error) else CONNECT) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise CallFailed(CERTIFICATE if _is_of_tls(error) else BROKEN) from None

    def _content(self, response: httpx.Response, until_s: float) -> bytes | None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise CallFailed(PACKED)
        content = bytearray()
        for part in response.iter_raw():
            content += part
            if len(content) > MAX_BYTES:
                return None
            if self._uptime_s() > until_s:
                raise CallFailed(TIMED_OUT)
        return bytes(content)


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file and str(ca_file))
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or "not PEM"
        raise errors.InputRefused("file-read", str(ca_file), reason=reason) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
