"""An update's sitting: what `core.update_plan` says, between two exchanges.

Loaded by the uplink's task when something newer was announced, or an update is under way and its
time has come, after an exchange that left nothing unsent; unloaded when the sitting is over. All
that outlasts it is on flash, and four attributes of the task: `update_from_ms`, `update_seen`,
`update_fact`, `update_tries`. docs/update.md tells it from the outside.
"""

from varde_firmware.core import (
    block_map,
    local_time,
    update_plan,
    update_record,
    update_rules,
)
from varde_firmware.core.update_plan import FAILED, HINDERED, REFUSED, Stop
from varde_firmware.shell import block_fetch, trial, unpack, update_documents
from varde_protocols import assignment, documents, records, release
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import HttpError, WireError

if TYPE_CHECKING:
    from typing import Any, List, Optional, Tuple

    from varde_firmware.shell.uplink_task import UplinkTask
    from varde_protocols.release import Component, Release
    from varde_protocols.value import Value

# Then there is an exchange: who fetches for long is heard of, and hears, all the same.
SITTING_MS = const(300_000)
# What waits is sent, together with what comes within the next seconds.
UNSENT_MS = const(5_000)
_NEVER = const(255)  # tries: this assignment was refused
_BLOCK_BYTES = const(4096)


async def sit(task: "UplinkTask") -> None:
    """Go on with the update; sets when to sit again."""
    await Sitting(task).run()


class Sitting:
    """One of them. The public methods without arguments are the plan's steps, by their names."""

    def __init__(self, task: "UplinkTask") -> None:
        (self._ports, (self._in_force, self._board, self._epoch), self._recorder, self._keeper,
         self._sensors, self._links, self._time) = task.report_of  # fmt: skip
        self._task = task
        self._exchanger = task.exchanger
        self._now_ms = task.clock.now_ms
        self._began_ms = self._now_ms()
        self._link_number = self._links.number
        self._store = self._ports.for_updates("update_store").UpdateStore()
        self._stage = self._ports.for_updates("stage")
        self._record = update_record.load(self._store)
        self._trust = self._ports.for_updates("document_files").trust()
        self._documents = update_documents.UpdateDocuments(
            self._ports, self._stage, self._exchanger.client, self._exchanger.identity,
            self._now_ms,
        )  # fmt: skip
        self._announced: int = max(self._exchanger.announced, self._in_force)
        self._given: "Any" = None  # the assignment that we go by
        self._release: "Optional[Release]" = None
        self._terms = update_rules.Terms(None, None)
        self._what: int = words.CONFIG
        self._battery_mv: "Optional[int]" = None
        self._client: "Any" = None  # of another source than the collector
        self._held = -1  # blocks, once they were counted
        self._whole = self._in_all = 0  # those of components that are whole; of all

    async def run(self) -> None:
        """Step by step until the sitting is over."""
        self._task.update_from_ms = None
        state = self._begins_with()
        if state == update_plan.OVER:
            return
        self._battery_mv = self._ports.facts(self._board).get(records.FACT_BATTERY_MV)
        self._plan = plan = update_plan.UpdatePlan(state, self._task.update_tries)
        try:
            while plan.state != update_plan.OVER:
                self._tell(words.FETCHING)
                plan.handle(await self._step(plan.state), self._now_ms())
        finally:
            self._close()
        self._task.update_tries = plan.tries
        self._task.update_from_ms = plan.deadline_ms
        if plan.is_refused:
            self._refuse(plan.reason)
        elif plan.reason:
            self._tell(words.WAITING, plan.reason)

    def _begins_with(self) -> str:
        """Return the first step of this sitting."""
        record = self._record
        if record.on_trial or not record.is_told:
            self._task.update_from_ms = self._now_ms() + update_rules.MINUTE_MS
            return update_plan.OVER
        if self._trust.epoch != self._epoch:
            return update_plan.RESTART  # it was put in place, and something came between
        if self._exchanger.is_stranger:
            return update_plan.TRUST
        if not record.is_at_rest and record.new_assignment >= self._announced:
            return self._goes_on()
        return self._asks()

    def _asks(self) -> str:
        """For what was announced, unless that has been judged, or has to wait."""
        record = self._record
        if self._announced <= self._in_force or update_rules.is_given_up(record, self._announced):
            return update_plan.OVER
        if record.tries_of_assignment(self._announced) and self._now_ms() < update_rules.HOUR_MS:
            self._task.update_from_ms = int(update_rules.HOUR_MS)
            return update_plan.OVER
        return update_plan.TRUST

    def _goes_on(self) -> str:
        """With the assignment that is on the file system; a cut may have left another one."""
        try:
            held = assignment.unverified(self._stage.document(self._stage.ASSIGNMENT))
        except WireError:
            return update_plan.TRUST
        if held.number != self._record.new_assignment:
            return update_plan.TRUST
        self._go_by(held)
        return update_plan.RELEASE

    def _go_by(self, given: "Any") -> None:
        self._given = given
        self._terms = update_rules.Terms(given.window, given.allowance_kib)
        given.config = None  # some kilobytes; the start that tries it reads it anew

    async def _step(self, state: str) -> "Value":
        """Do a step; return what became of it."""
        try:
            self._go_on()
            is_done = await getattr(self, state)()
            return update_plan.Done() if is_done else update_plan.Nothing()
        except Stop as stop:
            return update_plan.Stopped(stop)
        except (OSError, HttpError, self._exchanger.client.Refused) as error:
            print("varde: update:", type(error).__name__, str(error)[:80])
            return update_plan.Stopped(Stop(words.UNREACHABLE, FAILED))
        except WireError as error:
            print("varde: update:", error.code, error.where)
            return update_plan.Stopped(Stop(update_documents.reason_of(error), REFUSED))
        except MemoryError:
            return update_plan.Stopped(Stop(words.NO_ROOM, HINDERED))

    def _go_on(self, held: int = -1) -> None:
        """Raise Stop if the update shall wait; before each step, and each block to be fetched.

        `held`: how many blocks of this component are.
        """
        now_ms = self._now_ms()
        utc_ms = self._time.utc_ms(now_ms)
        minute = None if utc_ms is None else local_time.at(utc_ms, self._task.local_time)[0]
        is_modem = self._links.link == records.LINK_MODEM
        now = update_rules.Conditions(
            self._sensors.is_measuring, self._keeper.pending_count(), self._battery_mv, minute,
            self._links.is_thrifty, is_modem,
        )  # fmt: skip
        fetched_bytes = -1
        if held >= 0:
            held += self._whole
            if 0 <= self._held < held:
                self._plan.progressed()
            self._held = held
            self._tell(words.FETCHING)
            fetched_bytes = (held + 1) * _BLOCK_BYTES
        reason = update_rules.why_not(now, self._terms, fetched_bytes)
        if reason == words.OUTSIDE_WINDOW and self._terms.window is not None:
            until_min = update_rules.minutes_until(self._terms.window, minute)
            raise Stop(reason, HINDERED, update_rules.look_again_ms(reason, until_min))
        if reason:
            raise Stop(reason, HINDERED, UNSENT_MS if now.pending else -1)
        if self._links.number != self._link_number:
            raise Stop(words.UNREACHABLE, HINDERED)
        if now_ms - self._began_ms > SITTING_MS:
            raise Stop(words.NONE, HINDERED)

    async def trust(self) -> bool:
        if await self._documents.follow(self._trust):
            return True
        if self._exchanger.is_stranger:
            raise Stop(words.UNKNOWN_KEY, FAILED)
        return False

    async def assignment(self) -> bool:
        self._go_by(await self._documents.assignment(self._trust, self._in_force))
        return True

    async def release(self) -> bool:
        """Have the release that the assignment names; False if nothing is to be fetched."""
        record, named = self._record, self._given.release
        number = self._given.number
        if named is None or named[0] == record.release:
            self._save(words.STAGED, update_record.CONFIG, 0, 0)
            return False
        self._what = words.APPLICATION
        if named[0] < record.release:
            raise Stop(words.ROLLBACK, REFUSED)
        if update_rules.is_release_given_up(record, named[0]):
            raise Stop(record.reason or words.NO_START, REFUSED)
        given = await self._named_release(named[1])
        if given.number != named[0]:
            raise Stop(words.MALFORMED, REFUSED)
        self._release = given
        is_same = record.new_assignment == number and record.new_release == given.number
        if not is_same or record.is_at_rest:
            parts = await self._parts()
            self._save(words.FETCHING, parts, given.number, given.floor)
        self._what = (self._record.numbers() or [(words.APPLICATION, 0)])[-1][0]
        return bool(self._record.state != words.STAGED)

    async def _named_release(self, digest: bytes) -> "Release":
        """Return the release of this digest: verified, on the file system, and for this hub."""
        stage = self._stage
        data = stage.document(stage.RELEASE)
        if not data or release.digest(documents.unverified(data, documents.RELEASE)) != digest:
            data = await self._fetch().document(digest)
            try:
                found = release.digest(documents.unverified(data, documents.RELEASE))
            except WireError:
                found = b""
            if found != digest:
                raise Stop(words.WRONG_HASH, FAILED)  # the source's fault, who may come to reason
            release.verify(data, self._trust, self._record.floor)
            stage.put(stage.RELEASE, data)
        given = release.decode(documents.unverified(data, documents.RELEASE))
        if given.number < self._record.floor:
            raise Stop(words.FLOOR, REFUSED)
        if given.target != stage.target():
            raise Stop(words.WRONG_TARGET, REFUSED)
        for component in given.components:
            if component.min_from > self._record.release or component.block_bytes != _BLOCK_BYTES:
                raise Stop(words.WRONG_TARGET, REFUSED)
            self._place(component)
        return given

    def _place(self, component: "Component") -> "Tuple[int, int]":
        is_bundle = component.kind == release.APPLICATION
        place = block_map.places(is_bundle, component.block_count(), self._stage.Stage().sectors)
        if place is None:
            raise Stop(words.NO_ROOM, REFUSED)
        return place

    async def _parts(self) -> int:
        """Return what is to be put on trial; an interpreter that runs already is not fetched."""
        parts: int = update_record.CONFIG
        components: "List[Component]" = self._release.components  # type: ignore[union-attr]
        for component in components:
            if component.kind == release.APPLICATION:
                parts |= update_record.APPLICATION
                continue
            runs = await self._fetch().digest_of(
                self._stage.Running(), 0, component.size_bytes
            )  # a release that is nothing else is installed all the same: its number counts
            if runs != component.sha256 or len(components) == 1:
                parts |= update_record.INTERPRETER
        return parts

    async def blocks(self) -> bool:
        stage = self._stage.Stage()
        fetch = self._fetch(stage)
        wanted = [
            component for component in self._release.components  # type: ignore[union-attr]
            if self._record.parts & component.kind << 1
        ]  # fmt: skip
        self._in_all = sum([component.block_count() for component in wanted])
        for component in wanted:
            at, list_at = self._place(component)
            await fetch.hold(component, at, list_at, self._go_on)
            self._whole += component.block_count()
        self._held = self._whole
        return True

    async def install(self) -> bool:
        self._close()  # its buffers are room for the window
        for component in self._release.components:  # type: ignore[union-attr]
            if component.kind == release.APPLICATION:
                at, _ = self._place(component)
                stream = self._stage.Stage().inflated(at, component.size_bytes)
                try:
                    slots = self._ports.for_updates("slots")
                    await unpack.unpack(stream, slots, 1 - self._record.slot, self._stage.sha256)
                except OSError:
                    raise Stop(words.NO_ROOM, FAILED)
        record = self._record
        self._save(words.STAGED, record.parts, record.new_release, record.new_floor)
        return True

    async def trial(self) -> bool:
        trial.begin(self._ports, self._record)
        return True

    async def restart(self) -> bool:
        self._store.restart()
        return True

    def _fetch(self, stage: "Any" = None) -> "block_fetch.BlockFetch":
        """Return the way to the source that the assignment names."""
        source = self._given.source
        client, path = self._exchanger.client, "/v1/blobs"
        if source is not None:
            if self._client is None:
                client.close()  # TLS has room for one
                self._client = self._ports.make_client(source[0], source[1], self._trust.roots)
                self._client.on_bytes = self._links.count
                self._client.answer_ms = block_fetch.ANSWER_MS
            client, path = self._client, source[2]
        return block_fetch.BlockFetch(client, path, stage, self._stage.sha256, self._now_ms)

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _save(self, state: int, parts: int, number: int, floor: int) -> None:
        """Write the record's next arrow; nothing if it says so already."""
        old = self._record
        is_whole = old.is_spare_whole and not parts & update_record.APPLICATION
        new = old.changed(
            state=state, parts=parts, starts=0, reason=words.NONE, new_release=number,
            new_floor=floor, new_assignment=self._given.number, is_spare_whole=int(is_whole),
        )  # fmt: skip
        if new != old:
            update_record.save(self._store, new)
        self._record = new

    def _number(self) -> int:
        """Of what the update is of, as update_words has it."""
        if self._given is None:
            return self._announced
        return int(self._given.number if self._what == words.CONFIG else self._given.release[0])

    def _tell(self, state: int, reason: int = words.NONE) -> None:
        """Say in the next report how far it is."""
        held, tries = max(self._held, 0), self._plan.tries
        self._task.update_fact = [
            self._what, self._number(), state, reason, held, self._in_all, tries
        ]  # fmt: skip

    def _refuse(self, reason: int) -> None:
        """Tell it once, and never ask for this number again."""
        if self._exchanger.is_stranger and self._given is None:
            self._tell(words.WAITING, reason)  # there is no number to refuse
            self._task.update_from_ms = self._now_ms() + update_rules.HOUR_MS
            return
        self._tell(words.REFUSED, reason)
        self._task.update_tries = 0
        detail = words.detail(self._what, reason, self._number())
        self._keeper.event(self._now_ms(), records.EVENT_UPDATE_REFUSED, detail)
        record = self._record
        number = self._announced if self._given is None else self._given.number
        changes = {"failed_assignment": number, "assignment_tries": _NEVER}
        if not record.is_at_rest:
            changes["state"], changes["parts"] = update_record.IDLE, 0
        update_record.save(self._store, record.changed(**changes))
        self._stage.settle(record.assignment)
