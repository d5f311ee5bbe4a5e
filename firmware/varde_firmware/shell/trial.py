"""A trial from inside: beginning one, proving that what runs may stay, telling how it ended.

Loaded when a trial begins, is on, or has not been told; the supervisor (main.py) does the rest: it
counts the starts, ends a trial that takes too long, and goes back. So nothing here decides that
something failed; it only says what it saw (`reason`), for the supervisor to tell.
"""

import asyncio

from varde_firmware.core import self_test, unload, update_record
from varde_protocols import records
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Callable

    from varde_firmware.core.recorder import Recorder
    from varde_firmware.core.status import Facts
    from varde_firmware.core.update_record import Record
    from varde_firmware.ports import Ports
    from varde_firmware.ports.update_store import UpdateStore
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.uplink_task import UplinkTask

LOOK_AGAIN_MS = const(10_000)


def begin(ports: "Ports", record: "Record") -> None:
    """Put on trial what `record.parts` names; ends in a reset.

    An application lies whole in the slot not in force, an interpreter in the one that does not
    run, a config in /assignment.trial. The record comes first: whatever a cut leaves undone after
    it, the supervisor does.
    """
    store = ports.for_updates("update_store").UpdateStore()
    record = record.changed(state=words.TRIAL, starts=0, reason=words.NONE)
    update_record.save(store, record)
    if record.parts & update_record.INTERPRETER:
        ports.for_updates("interpreter_slots").arm(1 - record.interpreter)
    store.restart()


def look(
    ports: "Ports", keeper: "Keeper", recorder: "Recorder", facts: "Facts", clock: "Clock",
    uplink: "UplinkTask",
) -> None:  # fmt: skip
    """At a start: let the next acknowledgement end the trial that is on, or tell of the last."""
    trial = Trial(ports, keeper, recorder, facts, clock)
    if trial.record.on_trial:
        trial.begin_watching(uplink)
    else:
        trial.tell()
        _forget()


class Trial:
    """One start of a trial."""

    def __init__(
        self, ports: "Ports", keeper: "Keeper", recorder: "Recorder", facts: "Facts",
        clock: "Clock",
    ) -> None:  # fmt: skip
        self._ports = ports
        self._keeper = keeper
        self._recorder = recorder
        self._facts = facts
        self._clock = clock
        self._store: "UpdateStore" = ports.for_updates("update_store").UpdateStore()
        self.record = update_record.load(self._store)

    def begin_watching(self, uplink: "UplinkTask") -> None:
        self._uplink = uplink
        self._on_healthy: "Callable[[], None]" = uplink.on_healthy
        uplink.on_healthy = self._acknowledged

    def _acknowledged(self) -> None:
        """The collector has acknowledged something over what is on trial."""
        self._uplink.on_healthy = self._on_healthy
        if not self._confirm():
            asyncio.create_task(self._look_again())  # noqa: RUF006  (the loop keeps it)

    async def _look_again(self) -> None:
        while not self._confirm():
            await asyncio.sleep_ms(LOOK_AGAIN_MS)  # type: ignore[attr-defined]

    def _confirm(self) -> bool:
        """Keep what is on trial, if the self-test is good.

        The bootloader's word comes first: after a cut behind it the trial goes on. The record
        decides; the config's new name follows from it, at the next start if need be.
        """
        if not self._is_well():
            if not self.record.reason:
                self._save(self.record.changed(reason=words.SELF_TEST))
            return False
        if self.record.parts & update_record.INTERPRETER:
            self._ports.for_updates("interpreter_slots").mark_valid()
        self._save(self.record.confirmed())
        self._ports.for_updates("document_files").settle(self.record.assignment)
        self.tell()
        _forget()
        self._on_healthy()
        return True

    def _is_well(self) -> bool:
        """Journal and links have shown it; here: the radio, the slot's files, the arithmetic."""
        if not self._facts.scanning or not self_test.signs_right():
            return False
        slots = self._ports.for_updates("slots")
        number = self.record.running_slot
        try:
            for path in slots.files(number):
                slots.read_back(number, path)
        except OSError as error:
            print("varde: self-test:", error)
            return False
        return True

    def tell(self) -> None:
        """Journal how the trial ended; without room, at the next start."""
        record = self.record
        is_good = record.state == words.CONFIRMED
        code = records.EVENT_UPDATE_CONFIRMED if is_good else records.EVENT_UPDATE_RETURNED
        now_ms = self._clock.now_ms()
        for what, number in record.numbers():
            detail = words.detail(what, record.reason, number)
            if not self._keeper.write(self._recorder.event, now_ms, code, detail):
                return
        self._save(record.told())

    def _save(self, record: "Record") -> None:
        update_record.save(self._store, record)
        self.record = record


def _forget() -> None:
    """Leave the heap: what is under way ends without its names."""
    for name in ("shell.trial", "core.update_record", "core.self_test", "ports.update_store",
                 "ports.interpreter_slots", "ports.slots", "ports.document_files"):  # fmt: skip
        unload.unload("varde_firmware." + name)
