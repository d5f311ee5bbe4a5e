"""What a scenario lets happen to a hub's links: networks, the modem, the lines behind them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from varde_simulator.board import VirtualBoard
from varde_simulator.scenario_links import PARAMETERS, LinksPlan

_S_PER_MIN = 60


class LinkHappenings:
    """`await happen(do, keys)` for each event of WORDS; returns when it is over. The networks are
    this hub's own: what happens to them happens to nobody else."""

    WORDS = frozenset({"wifi-down", "wifi", "modem", "wire", "time-server-lies"})

    def __init__(
        self, board: VirtualBoard, plan: LinksPlan, tell: Callable[[str, str], None]
    ) -> None:
        self._board = board
        self._tell = tell
        self._access_points = [each.access_point() for each in plan.networks]
        self._faults = [each.fault for each in plan.networks]
        board.wifi.access_points = self._access_points
        if plan.modem is not None:
            modem = board.fit_modem(plan.modem.settings)
            for name in plan.modem.faults:
                modem.fault(name)

    async def happen(self, do: str, keys: Mapping[str, Any]) -> None:
        """Do it, wait as long as it lasts, undo it."""
        begin, end = {
            "wifi-down": self._wifi_down,
            "wifi": self._wifi,
            "modem": self._modem,
            "wire": self._wire,
            "time-server-lies": self._lie,
        }[do](keys)
        begin()
        if do in ("wifi", "modem") and "for_min" not in keys:
            return  # it stays so
        await asyncio.sleep(keys.get("for_min", 0) * _S_PER_MIN)
        end()

    def mend(self) -> None:
        """All is as it should be, for good."""
        for access_point in self._access_points:
            access_point.is_up, access_point.fault = True, ""
        self._board.wifi.access_points_changed()
        for wire in self._board.links.wires:
            wire.set_state("up")
            wire.sntp.offset_ms = 0
        if self._board.modem is not None:
            self._board.modem.mend()

    def _wifi_down(self, _keys: Mapping[str, Any]) -> tuple[Callable[[], None], ...]:
        def set_up(is_up: bool) -> None:
            for access_point in self._access_points:
                access_point.is_up = is_up
            self._board.wifi.access_points_changed()
            self._tell("wifi", "back" if is_up else "gone")

        return lambda: set_up(False), lambda: set_up(True)

    def _wifi(self, keys: Mapping[str, Any]) -> tuple[Callable[[], None], ...]:
        wanted = keys.get("network")

        def set_fault(fault: str | None) -> None:
            for access_point, usual in zip(self._access_points, self._faults, strict=True):
                if wanted in (None, access_point.ssid):
                    access_point.fault = usual if fault is None else fault
            self._board.wifi.access_points_changed()
            self._tell("wifi", "as before" if fault is None else fault)

        return lambda: set_fault(keys["fault"]), lambda: set_fault(None)

    def _modem(self, keys: Mapping[str, Any]) -> tuple[Callable[[], None], ...]:
        modem, fault = self._board.modem, keys["fault"]
        assert modem is not None
        parameters = {name: keys[name] for name in PARAMETERS if name in keys}

        def begin() -> None:
            modem.fault(fault, **parameters)
            self._tell("modem", fault)

        def end() -> None:
            modem.mend(fault)
            self._tell("modem", f"{fault} is over")

        return begin, end

    def _wire(self, keys: Mapping[str, Any]) -> tuple[Callable[[], None], ...]:
        wires = {"wifi": self._board.links.wires[:1], "modem": self._board.links.wires[1:]}

        def set_state(state: str) -> None:
            for wire in wires[keys.get("link", "wifi")]:
                wire.set_state(state, int(keys.get("bytes_per_s", 0)))
            self._tell("internet", state)

        return lambda: set_state(keys["state"]), lambda: set_state("up")

    def _lie(self, keys: Mapping[str, Any]) -> tuple[Callable[[], None], ...]:
        def lie(by_s: float) -> None:
            for wire in self._board.links.wires:
                wire.sntp.offset_ms = int(by_s * 1000)
            self._tell("time server", f"is {by_s} s wrong" if by_s else "is right again")

        return lambda: lie(keys["by_s"]), lambda: lie(0)
