"""The watchdog of one board, in virtual time: the program feeds it through the board's page."""

from collections.abc import Callable

from varde_simulator.board_page import BoardPage
from varde_simulator.clock import VirtualClock


class Watchdog:
    """`still_runs(process)`: whether that is the process on the board. `bite(timeout_ms)`: it was
    not fed in time."""

    def __init__(
        self,
        clock: VirtualClock,
        page: BoardPage,
        still_runs: Callable[[object], bool],
        bite: Callable[[int], None],
    ) -> None:
        self._clock = clock
        self._page = page
        self._still_runs = still_runs
        self._bite = bite

    def look_later(self, process: object, wait_ms: int) -> None:
        """From now on; `wait_ms` to the first look."""

        def look() -> None:
            if not self._still_runs(process):
                return
            timeout_ms, fed_ms = self._page.watchdog
            now_ms = self._clock.now_us() // 1000
            left_ms = timeout_ms - ((now_ms - fed_ms) & 0xFFFFFFFF)
            if left_ms > 0:
                self.look_later(process, left_ms)
            else:
                self._bite(timeout_ms)

        self._clock.call_later(wait_ms * 1000, look)
