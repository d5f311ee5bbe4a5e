"""An update's sitting: what `core.update_plan` says, between two exchanges.

Loaded by the uplink's task when something newer was announced, or an update is under way and its
time has come, after an exchange that left nothing unsent; unloaded when the sitting is over. All
that outlasts it is on flash, and some attributes of the task: `update_from_ms`, `update_fact`,
`update_tries`. docs/update.md tells it from the outside.
"""

from varde_firmware.core import local_time, update_plan, update_record, update_rules
from varde_firmware.core.update_plan import FAILED, HINDERED, REFUSED, Stop
from varde_firmware.shell import block_fetch, trial, unpack, update_documents, update_release
from varde_protocols import assignment, records
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import HttpError, WireError

if TYPE_CHECKING:
    from typing import Any, Union

    from varde_firmware.shell.uplink_task import UplinkTask

# Then there is an exchange: who fetches for long is heard of, and hears, all the same.
SITTING_MS = const(300_000)
BLOBS = "/v1/blobs"  # of the collector itself
_NEVER = const(255)  # tries: this assignment was refused
_BLOCK_BYTES = const(4096)
_EINVAL = const(22)


async def sit(task: "UplinkTask") -> None:
    """Go on with the update; sets when to sit again."""
    await Sitting(task).run()


class Sitting:
    """One of them. The public methods without arguments are the plan's steps, by their names."""

    def __init__(self, task: "UplinkTask") -> None:
        (self._ports, (self._in_force, self._board, self._epoch), _, self._keeper, self._sensors,
         self._links, self._time) = task.report_of  # fmt: skip
        self._task = task
        self._exchanger = task.exchanger
        self._now_ms = task.clock.now_ms
        self._began_ms = self._now_ms()
        self._link_number = self._links.number
        self._store = self._ports.for_updates("update_store").UpdateStore()
        self._stage = self._ports.for_updates("stage")
        self._record = update_record.load(self._store)
        self._trust = self._ports.for_updates("document_files").trust()
        self._number: int = max(self._exchanger.announced, self._in_force)  # of the assignment
        self._given: "Any" = None  # that assignment, once we have it
        self._release: "Any" = None  # that it names
        self._what: int = words.CONFIG
        self._client = self._exchanger.client
        self._held = -1  # blocks, once they were counted
        self._whole = self._in_all = 0  # those of components that are whole; of all

    async def run(self) -> None:
        """Step by step until the sitting is over."""
        task = self._task
        self._plan = plan = update_plan.UpdatePlan(self._begins_with(), task.update_tries)
        if not plan.state:
            return
        self._battery_mv = self._ports.facts(self._board).get(records.FACT_BATTERY_MV)
        self._documents = update_documents.UpdateDocuments(
            self._ports, self._stage, self._client, self._exchanger.identity, self._now_ms
        )
        while plan.state:
            self._tell(words.FETCHING, words.NONE)
            plan.handle(await self._step(plan.state), self._now_ms())
        if self._client is not self._exchanger.client:
            self._client.close()
        task.update_tries = plan.tries
        task.update_from_ms = plan.deadline_ms
        if plan.is_refused:
            self._refuse(plan.reason)
        elif plan.reason:
            self._tell(words.WAITING, plan.reason)

    def _begins_with(self) -> str:
        """Return the first step of this sitting, OVER if there is none."""
        record = self._record
        wait_ms = -1
        tries = record.tries_of_assignment(self._number)
        if record.on_trial or not record.is_told:
            wait_ms = update_rules.MINUTE_MS
        elif self._trust.epoch != self._epoch:
            return update_plan.RESTART  # it was put in place, and something came between
        elif self._exchanger.is_stranger:
            return update_plan.TRUST
        elif not record.is_at_rest and record.new_assignment >= self._number and self._goes_on():
            return update_plan.RELEASE
        elif self._number <= self._in_force or update_rules.is_given_up(record, tries):
            return update_plan.OVER
        elif tries:
            wait_ms = update_rules.HOUR_MS - self._began_ms
        if wait_ms < 0:
            return update_plan.TRUST
        self._task.update_from_ms = self._began_ms + wait_ms
        return update_plan.OVER

    def _goes_on(self) -> bool:
        """With the assignment that is on the file system; a cut may have left another one."""
        try:
            held = assignment.unverified(self._stage.document(self._stage.ASSIGNMENT))
        except WireError:
            return False
        if held.number != self._record.new_assignment:
            return False
        self._go_by(held)
        return True

    def _go_by(self, given: "Any") -> None:
        self._given = given
        self._number = given.number
        given.config = None  # some kilobytes; the start that tries it reads it anew

    async def _step(self, state: str) -> "Union[bool, Stop]":
        """Do a step; return what became of it."""
        try:
            self._go_on()
            return bool(await getattr(self, state)())
        except Stop as stop:
            return stop
        except (OSError, HttpError, self._client.Refused) as error:
            print("varde: update:", type(error).__name__, str(error)[:80])
            return Stop(words.UNREACHABLE, FAILED)
        except WireError as error:
            print("varde: update:", error.code, error.where)
            return Stop(update_documents.reason_of(error), REFUSED)
        except MemoryError:
            return Stop(words.NO_ROOM, HINDERED, update_rules.HOUR_MS)

    def _go_on(self, held: int = -1) -> None:
        """Raise Stop if the update shall wait; before each step, and each block to be fetched.

        `held`: how many blocks of this component are.
        """
        now_ms, given, links = self._now_ms(), self._given, self._links
        utc_ms = self._time.utc_ms(now_ms)
        minute = None if utc_ms is None else local_time.at(utc_ms, self._task.local_time)[0]
        until_min = update_rules.minutes_until(given and given.window, minute)
        pending = self._keeper.pending_count()
        reason = update_rules.why_not(
            self._sensors.is_measuring, pending, self._battery_mv, until_min
        )
        if held >= 0:
            held += self._whole
            if 0 <= self._held < held:
                self._plan.progressed()
            self._held = held
            self._tell(words.FETCHING, words.NONE)
            if links.link == records.LINK_MODEM and not update_rules.is_affordable(
                (held + 1) * _BLOCK_BYTES, links.is_thrifty, given.allowance_kib
            ):
                reason = reason or words.OVER_BUDGET
        if reason:
            raise Stop(reason, HINDERED, update_rules.look_again_ms(reason, pending, until_min))
        if links.number != self._link_number:
            raise Stop(words.UNREACHABLE, HINDERED)
        if now_ms - self._began_ms > SITTING_MS:
            raise Stop(words.NONE, HINDERED)

    async def trust(self) -> bool:
        is_new: bool = await self._documents.follow(self._trust)
        if self._exchanger.is_stranger and not is_new:
            raise Stop(words.UNKNOWN_KEY, FAILED)
        return is_new

    async def assignment(self) -> bool:
        self._go_by(await self._documents.assignment(self._trust, self._in_force))
        record, named = self._record, self._given.release
        if named is not None:
            if update_rules.is_given_up(record, record.tries_of_release(named[0])):
                self._what = words.APPLICATION
                raise Stop(record.reason or words.NO_START, REFUSED)
            # so that a cut before the release is here asks no more for documents
            self._save(words.FETCHING, update_record.CONFIG, 0, 0)
        return True

    async def release(self) -> bool:
        """Have the release that the assignment names; False if nothing is to be fetched."""
        record, named = self._record, self._given.release
        if named is None or named[0] == record.release:
            self._save(words.STAGED, update_record.CONFIG, 0, 0)
            return False
        self._what = words.APPLICATION
        if named[0] < record.release:
            raise Stop(words.ROLLBACK, REFUSED)
        stage = self._stage
        data = await update_release.have(named[1], stage, self._trust, self._fetch)
        self._release = given = update_release.judged(data, named[0], record, stage)
        if record.new_release != given.number:
            parts = await update_release.parts(given, stage, self._fetch)
            self._save(words.FETCHING, parts, given.number, given.floor)
        if self._record.parts & update_record.INTERPRETER:
            self._what = words.INTERPRETER
        return bool(self._record.state != words.STAGED)

    async def blocks(self) -> bool:
        fetch = self._fetch()
        parts = self._record.parts
        wanted = [each for each in self._release.components if parts & each.kind << 1]
        self._in_all = sum([each.block_count() for each in wanted])
        for component in wanted:
            place = update_release.place(component, self._stage)
            await fetch.hold(component, *place, self._go_on)
            self._whole += component.block_count()
        self._held = self._whole
        return True

    async def install(self) -> bool:
        record, stage = self._record, self._stage
        component = self._release.components[0]
        if record.parts & update_record.APPLICATION:
            at, _ = update_release.place(component, stage)
            try:
                await unpack.unpack(
                    stage.Stage().inflated(at, component.size_bytes),
                    self._ports.for_updates("slots"), 1 - record.slot, stage.sha256,
                )  # fmt: skip
            except EOFError:
                raise Stop(words.MALFORMED, REFUSED)
            except OSError as error:
                if error.errno == _EINVAL:  # of what shall be inflated
                    raise Stop(words.MALFORMED, REFUSED)
                raise Stop(words.NO_ROOM, FAILED)
        self._save(words.STAGED, record.parts, record.new_release, record.new_floor)
        return True

    async def trial(self) -> bool:
        trial.begin(self._ports, self._record)
        return True

    async def restart(self) -> bool:
        self._store.restart()
        return True

    def _fetch(self) -> "block_fetch.BlockFetch":
        """Return the way to the source that the assignment names."""
        path = BLOBS
        if self._given.source is not None:
            host, port, path = self._given.source
            if self._client is self._exchanger.client:
                self._client.close()  # TLS has room for one
                self._client = self._ports.make_client(host, port, self._trust.roots)
                self._client.on_bytes = self._links.count
                self._client.answer_ms = block_fetch.ANSWER_MS
        return block_fetch.BlockFetch(
            self._client, path, self._stage.Stage(), self._stage.sha256, self._now_ms
        )

    def _save(self, state: int, parts: int, number: int, floor: int) -> None:
        """Write the record's next arrow; nothing if it says so already."""
        old = self._record
        is_whole = old.is_spare_whole and not parts & update_record.APPLICATION
        self._record = new = old.changed(
            state=state, parts=parts, starts=0, reason=words.NONE, new_release=number,
            new_floor=floor, new_assignment=self._number, is_spare_whole=int(is_whole),
        )  # fmt: skip
        if new != old:
            update_record.save(self._store, new)

    def _tell(self, state: int, reason: int) -> int:
        """Say in the next report how far it is; return the number that it is about."""
        number = self._number if self._what == words.CONFIG else self._given.release[0]
        self._task.update_fact = [
            self._what, number, state, reason, max(self._held, 0), self._in_all, self._plan.tries
        ]  # fmt: skip
        return int(number)

    def _refuse(self, reason: int) -> None:
        """Tell it once, and never ask for this number again."""
        self._task.update_tries = 0
        if self._exchanger.is_stranger:  # there is no number to refuse
            self._task.update_from_ms = self._now_ms() + update_rules.HOUR_MS
            return
        detail = words.detail(self._what, reason, self._tell(words.REFUSED, reason))
        self._keeper.event(self._now_ms(), records.EVENT_UPDATE_REFUSED, detail)
        record = self._record
        changes = {"failed_assignment": self._number, "assignment_tries": _NEVER}
        if not record.is_at_rest:
            changes["state"] = changes["parts"] = update_record.IDLE
        update_record.save(self._store, record.changed(**changes))
        self._stage.settle(record.assignment)
