"""The verifications under way at one site's pages: who has which thing in hand, since when.

A thing is in one hand. Whoever begins it gets a `hold`, a word that the page's address holds; a
second window, of the same person or of another, is told who has it and since when, and may take it
over: then the first window's hold is worth nothing, and it is told the same. The thing's lock on
the disk keeps the terminal away meanwhile, and other programs.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.inventory import items, store
from varde_host.inventory.who import Who
from varde_host.site import files

from . import beginning, finishing, runner, session, situation, sources, state_file, wires

HOLD_BYTES: Final = 6
MOST: Final = 32
"""Things in hand at once: each may hold a port open."""


@dataclass
class InHand:
    """One thing, and who has it. `goes_on`: it had been begun before; `redone`: the point that
    one was in the middle of begins again."""

    item: items.Item
    work: session.Session
    runner: runner.Runner
    path: Path
    by: Who
    since_ms: int
    hold: str
    goes_on: bool
    redone: bool
    closing: ExitStack = field(repr=False)


class Ongoing:
    """One per site and server; `close` at the server's end."""

    def __init__(
        self, site: files.Site, inventory: store.Inventory, now_ms: Callable[[], int]
    ) -> None:
        self._site = site
        self._inventory = inventory
        self._now_ms = now_ms
        self._by_item: dict[str, InHand] = {}
        self.ended: dict[str, finishing.Finished] = {}
        """What was signed here lately, by the record's number: what became of it."""

    def all(self) -> list[InHand]:
        """Return what is in hand, the oldest first."""
        return list(self._by_item.values())

    def of_item(self, item_id: str) -> InHand | None:
        """Return who has a thing in hand, None for nobody."""
        return self._by_item.get(item_id)

    def held(self, item_id: str, hold: str) -> InHand:
        """Return what this hold is of. Raises InputRefused `verify-let-go` if nobody has it in
        hand any more, `verify-busy` if somebody else has."""
        there = self._by_item.get(item_id)
        if there is None:
            raise errors.InputRefused("verify-let-go", item_id)
        if not secrets.compare_digest(there.hold.encode(), hold.encode()):
            raise state_file.busy(item_id, there.by.person, there.since_ms)
        return there

    async def begin(
        self, asked: situation.Asked, connected: wires.Wires, by: Who, *, anew: bool = False
    ) -> InHand:
        """Take a thing in hand and begin, or go on. Raises InputRefused `verify-busy`,
        `verify-many`; as `beginning.begun`."""
        item = self._inventory.read(lambda connection: items.find(connection, asked.item))
        there = self._by_item.get(item.item_id)
        if there is not None:
            raise state_file.busy(item.item_id, there.by.person, there.since_ms)
        if len(self._by_item) >= MOST:
            raise errors.InputRefused("verify-many", most=MOST)
        with ExitStack() as stack:
            made = self._opened(stack, item, asked, connected, by, anew=anew)
            made.closing = stack.pop_all()
        self._by_item[item.item_id] = made
        made.runner.start()
        return made

    def take_over(self, item_id: str, by: Who) -> InHand:
        """Give a thing into other hands, or into another window. InputRefused `verify-let-go`."""
        there = self._by_item.get(item_id)
        if there is None:
            raise errors.InputRefused("verify-let-go", item_id)
        there.hold, there.by, there.since_ms = _new_hold(), by, self._now_ms()
        there.runner.by = (by.function, by.person)
        there.runner.changing.changed()
        return there

    async def leave(self, there: InHand) -> None:
        """Let go of a thing: all that was answered is kept, and anybody may go on."""
        self._by_item.pop(there.item.item_id, None)
        try:
            await there.runner.close()
        finally:
            there.closing.close()

    async def finish(self, there: InHand, by: Who) -> finishing.Finished:
        """Sign, and let go. Raises as `finishing.end`; then it stays in hand."""
        now_ms = self._now_ms()
        finished = finishing.end(self._site, self._inventory, there.work, there.path, by, now_ms)
        if finished.put is not None:
            while len(self.ended) >= MOST:
                del self.ended[next(iter(self.ended))]
            self.ended[finished.put.record.number] = finished
        await self.leave(there)
        return finished

    async def close(self) -> None:
        """Let go of everything."""
        for there in self.all():
            with contextlib.suppress(errors.HostError):
                await self.leave(there)

    def _opened(
        self,
        stack: ExitStack,
        item: items.Item,
        asked: situation.Asked,
        connected: wires.Wires,
        by: Who,
        *,
        anew: bool,
    ) -> InHand:
        now_ms, who = self._now_ms(), (by.function, by.person)
        path = state_file.path_of(self._site.directory, item.item_id)
        stack.enter_context(state_file.held(path, by.person, now_ms))
        work, goes_on = beginning.begun(
            self._site, self._inventory, path, asked, now_ms, anew=anew
        )
        redone = goes_on and work.reopen(now_ms, who)
        chosen = connected.for_work(work)

        def keep() -> None:
            state_file.keep(path, work.fixed, work.entries)

        def connect(watch: sources.Watch) -> AbstractContextManager[runner.Values]:
            model = work.fixed.device.model or ""
            return wires.connected(chosen, self._site, model, self._now_ms, _silent, watch)

        if redone:
            keep()
        made = runner.Runner(work, keep, self._now_ms, who, chosen.ways, connect)
        return InHand(
            item, work, made, path, by, now_ms, _new_hold(), goes_on, redone, ExitStack()
        )


def _new_hold() -> str:
    return secrets.token_hex(HOLD_BYTES)


def _silent(_key: str, _fields: dict[str, object]) -> None:
    """A page shows what `runner.Runner.seen` says."""
