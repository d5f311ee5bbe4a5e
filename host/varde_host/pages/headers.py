"""The headers of every answer, also of errors: what a browser may do with our pages is nothing
but show them (OWASP Secure Headers; Content Security Policy Level 3)."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
ALWAYS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not "no-referrer": that makes browsers send "Origin: null" with our own forms
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=(), serial=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NEVER_KEPT: Final = "no-store"
_TLS_ALWAYS: Final = "max-age=31536000"


class Headers:
    """ASGI: adds them; what an answer says of its own caching stands."""

    def __init__(self, inner: ASGIApp, *, is_tls: bool) -> None:
        self._inner = inner
        self._is_tls = is_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", NEVER_KEPT)
                if self._is_tls:
                    headers["Strict-Transport-Security"] = _TLS_ALWAYS
            await send(message)

        await self._inner(scope, receive, send_more)
