"""What is said to who is not served: JSON `{"error": code, "hint": text}`, and when to come again.

A hub believes these over verified TLS only, and never lets go of a record for them.
"""

from __future__ import annotations

import logging
import random

from starlette.responses import JSONResponse

from varde_host import errors
from varde_host.collector import log
from varde_protocols.errors import WireError

# A disk that is full stays full for a while, and hubs that all come back at once would keep a weak
# machine down: each is told another time.
MIN_RETRY_AFTER_S = 20
MAX_RETRY_AFTER_S = 60


class RequestRefused(Exception):  # noqa: N818 reads as what happened
    """The request is not served: HTTP status, a stable code, and when to come again, if ever."""

    def __init__(
        self, status: int, code: str, hint: str, retry_after_s: int | None = None
    ) -> None:
        super().__init__(status, code, hint)
        self.status = status
        self.code = code
        self.hint = hint
        self.retry_after_s = retry_after_s


def busy(hint: str) -> RequestRefused:
    """Return what to raise when there is more to do than can be done."""
    return RequestRefused(503, "busy", hint, some_time_s())


def some_time_s() -> int:
    """Return after how many seconds one of many should come again."""
    return random.randint(MIN_RETRY_AFTER_S, MAX_RETRY_AFTER_S)  # noqa: S311 no secret


def of(error: Exception) -> RequestRefused:
    """Return what a hub is told of an error, and log it."""
    if isinstance(error, WireError):
        error = RequestRefused(400, error.code, f"{error.where}: {error.hint}")
    if not isinstance(error, RequestRefused):
        return of_failure(error)
    if error.status != 403:  # logged with the claimed id
        log.event("refused", logging.WARNING, status=error.status, error=error.code)
    return error


def of_failure(error: Exception) -> RequestRefused:
    """Log what went wrong here, and return what makes the hub come again."""
    if isinstance(error, errors.WorldFailed):
        log.event("failed", logging.ERROR, error=error.code, reason=str(error))
        return RequestRefused(503, error.code, "send it again later", some_time_s())
    log.bug(error)
    hint = "the fault is the collector's: send it again later"
    return RequestRefused(500, "bug", hint, some_time_s())


def response(refused: RequestRefused, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the refusal as the protocol words it."""
    headers = dict(headers or {})
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    content = {"error": refused.code, "hint": refused.hint}
    return JSONResponse(content, refused.status, headers)
