"""The loop at the bench for whoever cannot wait: a page, which asks and is asked at any moment.

The terminal's loop (`dialog`) waits for a person and for an instrument in turn. Here a person's
answer comes when it comes, and an instrument measures in a thread meanwhile; the decider is the
same, and so are the lines. Whatever it takes is on the disk before anybody sees the next question
(`keep`); a value that could not be kept is the end of the runner (`failed`), and who begins again
goes on from the disk.

An answer names the `turn` that it is the answer to (how many lines there were), so that a page
that was loaded before somebody else answered, or that is sent twice, answers nothing else.

All methods are of one event loop; the thread reaches it by `call_soon_threadsafe` alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from varde_host import errors
from varde_host.manometer import stability
from varde_host.pages import live

from . import entry, plan, session, sources, watching, wording

SHOWN_EVERY_S = 0.4
"""How often a pressure that changes is shown: as often as an eye follows a number."""


class Values(Protocol):
    """What answers questions of a machine's kind: `sources.Sources`."""

    def value(self, step: plan.Step, since_ms: int) -> entry.Value:
        """Return what the instrument gives; None if it gives nothing."""


Connect = Callable[[sources.Watch], AbstractContextManager[Values]]
"""Opens what is connected; called and closed in threads, as instruments let one wait."""


class Runner:
    """Leads one verification. `trouble`: what the instrument's way failed by; `nothing`: the kind
    of the question to which no value came; `refused`: why the last answer was none; `again`: it
    is to be typed once more; `point`: the point that was finished last."""

    def __init__(
        self,
        decider: session.Session,
        keep: Callable[[], None],
        now_ms: Callable[[], int],
        by: session.By,
        ways: plan.Ways = session.TYPED_ONLY,
        connect: Connect | None = None,
    ) -> None:
        decider.ways = ways
        self.decider = decider
        self.by = by
        self.changing = live.Changing()
        self.trouble: errors.HostError | None = None
        self.nothing = ""
        self.refused: errors.HostError | None = None
        self.again = False
        self.point: wording.Pointed | None = None
        self.failed: errors.HostError | None = None
        self._keep = keep
        self._now_ms = now_ms
        self._connect = connect
        self._stack = ExitStack()
        self._values: Values | None = None
        self._measuring: asyncio.Task[None] | None = None
        self._watch: watching.Watch | None = None
        self._shown_s = 0.0
        self._is_stopped = threading.Event()

    @property
    def turn(self) -> int:
        """Return which question this is: lines are only ever added."""
        return len(self.decider.entries)

    @property
    def is_measuring(self) -> bool:
        """Tell if an instrument is being asked now."""
        return self._measuring is not None

    @property
    def seen(self) -> watching.Seen | None:
        """Return what may be shown of the pressure now; None where none is measured."""
        return None if self._watch is None else self._watch.seen()

    def start(self) -> None:
        """Go on from where the session stands, once it is on the disk."""
        self._go_on()

    def answer(self, turn: int, text: str, by: session.By) -> None:
        """Take what a person typed. Raises InputRefused `verify-turn`, WorldFailed."""
        asked = self._asked(turn)
        if asked is None or asked.kind in plan.MACHINE:
            raise errors.InputRefused("verify-turn", str(turn))
        self._heard(self.decider.answer(text, self._now_ms(), by), asked)
        self._go_on()

    async def cannot(self, turn: int, reason: str, scope: str, by: session.By) -> None:
        """Give up the question of now; `scope` as `session.scopes`, else the narrowest.

        Raises InputRefused `verify-turn`, and why it is no reason; WorldFailed.
        """
        await self._hush(turn)
        if self._asked(turn) is None:
            raise errors.InputRefused("verify-turn", str(turn))
        scopes = self.decider.scopes()
        chosen = scope if scope in scopes else next(iter(scopes), entry.STEP)
        self._said(self.decider.cannot(reason, chosen, self._now_ms(), by))

    async def undo(self, turn: int, reason: str, by: session.By) -> None:
        """Go back over the last answer that a person gave. Raises as `cannot`."""
        await self._hush(turn)
        self._asked(turn)
        self._said(self.decider.undo(reason, self._now_ms(), by))

    def retry(self, turn: int) -> None:
        """Ask the instrument once more. Raises InputRefused `verify-turn`."""
        self._asked(turn)
        self.trouble, self.nothing = None, ""
        self._go_on()

    async def type_instead(self, turn: int, by: session.By) -> None:
        """Go on without instruments, as if the program had been begun anew without them."""
        await self._hush(turn)
        self._asked(turn)
        await self._disconnect()
        self.decider.ways = session.TYPED_ONLY
        if self.decider.reopen(self._now_ms(), by):
            self._kept()
        self.trouble, self.nothing = None, ""
        self._go_on()

    async def close(self) -> None:
        """Let go of the instruments; whatever was answered is on the disk."""
        await self._hush(self.turn)
        await self._disconnect()
        self.changing.changed()

    def _asked(self, turn: int) -> session.Question | None:
        """Return the question that is answered. Raises InputRefused `verify-turn`, and what the
        runner ended by."""
        if self.failed is not None:
            raise self.failed
        if turn != self.turn:
            raise errors.InputRefused("verify-turn", str(turn))
        return self.decider.question()

    def _said(self, heard: session.Heard) -> None:
        """Take what became of a deed that is no answer; a refusal is for whoever did it."""
        if isinstance(heard, session.Refused):
            self._go_on()
            raise heard.error
        self._heard(heard, None)
        self._go_on()

    def _heard(self, heard: session.Heard, asked: session.Question | None) -> None:
        self._kept()
        self.trouble, self.nothing = None, ""
        self.again = isinstance(heard, session.Confirm)
        self.refused = heard.error if isinstance(heard, session.Refused) else None
        self.point = None
        if isinstance(heard, session.Accepted) and asked is not None:
            self.point = wording.finished(self.decider, asked.step)

    def _kept(self) -> None:
        """Put it on the disk. What is not there was never said, so it is the end (`failed`)."""
        try:
            self._keep()
        except errors.HostError as error:
            self.failed = error
            raise

    # What an instrument answers

    def _go_on(self) -> None:
        """Ask the instrument if the question of now is for one, and nobody else has a say."""
        self.changing.changed()
        asked = self.decider.question()
        is_idle = self._measuring is None and self.trouble is None and not self.nothing
        if asked is not None and asked.kind in plan.MACHINE and is_idle and self.failed is None:
            self._is_stopped.clear()
            self._watch = watching.Watch(asked.step)
            self._measuring = asyncio.create_task(self._measure(asked))

    async def _measure(self, asked: session.Question) -> None:
        try:
            value = await self._value(asked.step)
            self._is_wanted()
            self._came(asked, value)
        except sources.Stopped:
            pass
        except errors.HostError as error:
            self.trouble = error
            await self._disconnect()
        except Exception as error:  # noqa: BLE001 nobody awaits it, and the page would wait for ever
            traceback.print_exception(error)
            self.trouble = errors.WorldFailed("verify-bug", asked.kind)
            await self._disconnect()
        finally:
            self._measuring = self._watch = None
        if self._is_stopped.is_set():
            self.changing.changed()
        else:
            self._go_on()

    def _came(self, asked: session.Question, value: entry.Value) -> None:
        if value is None:
            self.nothing = asked.kind
        else:
            self._heard(self.decider.take(value, self._now_ms(), self.by), asked)

    async def _value(self, step: plan.Step) -> entry.Value:
        assert self._connect is not None
        if self._values is None:
            opened = self._connect(self._sampled(asyncio.get_running_loop()))
            self._values = await asyncio.to_thread(self._stack.enter_context, opened)
        since_ms = sources.since_ms(self.decider, step, self._now_ms())
        return await asyncio.to_thread(self._values.value, step, since_ms)

    def _sampled(self, loop: asyncio.AbstractEventLoop) -> sources.Watch:
        """Return what the thread calls with each sample."""

        def sampled(sample: stability.Sample | None) -> None:
            self._is_wanted()
            if sample is not None:
                loop.call_soon_threadsafe(self._see, sample)

        return sampled

    def _is_wanted(self) -> None:
        if self._is_stopped.is_set():
            raise sources.Stopped

    def _see(self, sample: stability.Sample) -> None:
        if self._watch is None:
            return
        self._watch.take(sample)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._shown_s >= SHOWN_EVERY_S:
            self._shown_s = now_s
            self.changing.changed()

    async def _hush(self, turn: int) -> None:
        """Let the instrument be, for the question of this turn: somebody has said more."""
        if turn == self.turn and self._measuring is not None:
            self._is_stopped.set()
            await asyncio.wait([self._measuring])

    async def _disconnect(self) -> None:
        stack, self._stack, self._values = self._stack, ExitStack(), None
        with contextlib.suppress(errors.HostError):  # it is gone already
            await asyncio.to_thread(stack.close)
