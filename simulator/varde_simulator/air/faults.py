"""What can be made to go wrong on an air, on demand and replayable.

    faults = Faults(air)
    faults.end(station, 0x08)                        its connections end for that reason
    faults.refuse(station, hci.HCI_LE_Create_Connection_Command, 0x0C)
    faults.miss_connects(1)                          the next connection fails with 0x3E
    faults.interfere(0.3)                            three in ten events are spoiled
    faults.jam(4.0)                                  nobody hears anybody for 4 s

Reasons and statuses are HCI's (Core 5.4, Vol 1, Part F).
"""

import asyncio
import random

from bumble import hci

from varde_simulator.air.link import Air
from varde_simulator.air.station import Station

AUTHENTICATION_FAILURE = 0x05
PIN_OR_KEY_MISSING = 0x06
MEMORY_CAPACITY_EXCEEDED = 0x07
CONNECTION_TIMEOUT = 0x08
CONNECTION_LIMIT_EXCEEDED = 0x09
COMMAND_DISALLOWED = 0x0C
REMOTE_USER_TERMINATED = 0x13
LOCAL_HOST_TERMINATED = 0x16
MIC_FAILURE = 0x3D
FAILED_TO_BE_ESTABLISHED = 0x3E

# Both ends find these out by themselves; any other reason one end tells the other.
_FOUND_BY_BOTH = {CONNECTION_TIMEOUT, MIC_FAILURE, FAILED_TO_BE_ESTABLISHED}


class Faults:
    """Of one air; each method may be called at any time."""

    def __init__(self, air: Air, seed: int = 0) -> None:
        self._air = air
        self._random = random.Random(seed)  # noqa: S311  replayable, not secret
        self._share = 0.0
        self._misses_left = 0
        self._jam_end_s: float | None = None  # None: nobody jams
        self._unjammed = air.signal_dbm

    def end(self, station: Station, reason: int) -> int:
        """Ends every connection of `station`, whose host hears `reason`; how many.

        0x08, 0x3D and 0x3E both ends hear. With 0x16 the station did it, its peer hears 0x13. Any
        other is what the peer said when it hung up, and the peer hears 0x16 of itself.
        """
        theirs = LOCAL_HOST_TERMINATED
        if reason in _FOUND_BY_BOTH:
            theirs = reason
        elif reason == LOCAL_HOST_TERMINATED:
            theirs = REMOTE_USER_TERMINATED
        pairs = self._air.pairs_of(station.controller)
        for pair in pairs:
            for direction in (pair.to_central, pair.to_peripheral):
                is_ours = direction.receiver is station.controller
                direction.end(reason if is_ours else theirs)
        return len(pairs)

    def refuse(
        self, station: Station, command: type[hci.HCI_Command], status: int, times: int = 1
    ) -> None:
        """The station's controller answers the next `times` of this command with `status`."""
        station.controller.refuse(command.op_code, status, times)

    def miss_connects(self, times: int) -> None:
        """The next connect requests never reach their advertiser, which goes on advertising; the
        central believes in a connection for six intervals, then hears 0x3E."""
        self._misses_left += times
        self._air.misses_connect = lambda _central, _peripheral: self._is_missed()

    def interfere(self, share: float) -> None:
        """From now on this share of advertisements and connection events is spoiled; 0 ends it.
        Data comes late; with a share of 1 connections time out."""
        self._share = share
        self._air.loses = lambda _sender, _receiver: self._is_spoiled()
        self._air.loses_data = self._air.loses if share else None

    def jam(self, duration_s: float) -> None:
        """Nobody hears anybody; after that everything is as it was."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + duration_s
        if self._jam_end_s is None:
            self._unjammed = self._air.signal_dbm
            self._air.signal_dbm = lambda _sender, _receiver: None
            self._air.range_changed()
        self._jam_end_s = max(end_s, self._jam_end_s or end_s)
        loop.call_at(end_s, self._clear)

    def _clear(self) -> None:
        """The end of one jam; another one may still go on."""
        if self._jam_end_s is None or asyncio.get_running_loop().time() < self._jam_end_s:
            return
        self._jam_end_s = None
        self._air.signal_dbm = self._unjammed
        self._air.range_changed()

    def _is_missed(self) -> bool:
        is_missed = self._misses_left > 0
        self._misses_left -= is_missed
        return is_missed

    def _is_spoiled(self) -> bool:
        return self._random.random() < self._share
