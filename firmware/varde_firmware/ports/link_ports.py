"""What the ports of links must offer: a part of `ports`, for type checkers only."""

from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable, List, Optional, Protocol, Type

    from . import NowMs

    class Wifi(Protocol):
        """A WiFi station."""

        def join(self, ssid: str, password: str) -> None: ...

        def leave(self) -> None: ...

        def is_joined(self) -> bool: ...

        def why_not(self) -> int: ...  # records.WIFI_...

        def signal_dbm(self) -> int: ...  # 0: not known

    class ModemPort(Protocol):
        """A modem's serial line and pins, and PPP over the line."""

        def open(self) -> None: ...

        def close(self) -> None: ...

        def read(self) -> bytes: ...  # what has come, without waiting

        def write(self, data: bytes) -> None: ...

        async def press(self, pin: int, hold_ms: int) -> None:
            """Hold the power key (1), the reset line (2), or neither (0)."""
            ...

        async def escape(self) -> None: ...

        def start_ppp(self, user: str, password: str, by_chap: bool) -> None: ...

        def is_connected(self) -> bool: ...

        async def stop_ppp(self) -> None: ...

    class Response(Protocol):
        """An HTTP response, and when the request had gone and the response had come."""

        status: int
        body: bytes
        len_bytes: int  # of the body, also where it went into a buffer
        content_range: bytes
        retry_after_s: int  # 0: not said
        sent_ms: int
        received_ms: int

    class Client(Protocol):
        """HTTPS to the collector. `Refused` has `.detail`, as the event server-refused; if that
        is 3, `.is_early` tells that the certificate is not valid yet, else not any more."""

        Refused: Type[Exception]
        on_bytes: Callable[[int], None]  # told of what goes over the link, headers included
        answer_ms: int

        async def post(self, parts: List[bytes], now_ms: NowMs) -> Response:
            """Send the body in these parts, which leave the list as they go."""
            ...

        async def ask(
            self, head: str, parts: List[bytes], now_ms: NowMs, most_bytes: int = 0,
            into: Optional[bytearray] = None,
        ) -> Response: ...  # fmt: skip

        def close(self) -> None: ...
