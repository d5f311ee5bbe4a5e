"""The loop at the bench: ask the session, ask the person or the instrument, keep, ask on.

Nothing is decided here. Whatever the session takes is on the disk before the next question is
shown (`keep`), so this loop may be cut off anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from varde_host import errors, messages

from . import advice, line_editor, plan, session, sources, wording

Ask = Callable[[str], line_editor.Said]
Tell = Callable[[str], None]


@dataclass
class Dialog:
    """`run` asks until there is nothing more to ask, or the person stops."""

    decider: session.Session
    values: sources.Sources
    ask: Ask
    tell: Tell
    keep: Callable[[], None]
    now_ms: Callable[[], int]
    by: session.By
    forget_typed: Callable[[], None] = line_editor.forget_typed

    def run(self) -> bool:
        """Return True when all is answered, False when the person stopped. Raises WorldFailed."""
        while (asked := self.decider.question()) is not None:
            is_machine = asked.kind in plan.MACHINE
            said = self._machine(asked) if is_machine else self._person(asked)
            if not said:
                return False
        return True

    def _person(self, asked: session.Question) -> bool:
        """Ask one question; False if the person stops."""
        if asked.step.id == plan.UNCHANGED:
            self._say_found()
        return self._take(self.ask(wording.question(asked, self.decider) + " "), asked)

    def _take(self, said: line_editor.Said, asked: session.Question) -> bool:
        """Do what was said; a line is the answer to what was asked."""
        if said.what == line_editor.STOP:
            return False
        if said.what == line_editor.CANNOT:
            return self._cannot(said.text)
        if said.what == line_editor.BACK:
            return self._undo(said.text)
        self._heard(self.decider.answer(said.text, self.now_ms(), self.by), asked)
        return True

    def _machine(self, asked: session.Question) -> bool:
        """Take what the instrument gives; if it gives nothing, ask the person what to do."""
        if asked.kind == plan.HOLD:
            self.tell(wording.question(asked, self.decider))
        try:
            value = self.values.value(asked.step, self._asked_ms(asked.step))
        except KeyboardInterrupt:
            return False
        self.forget_typed()
        if value is not None:
            self._heard(self.decider.take(value, self.now_ms(), self.by), asked)
            return True
        said = self.ask(messages.text(f"verify.nothing.{asked.kind}") + " ")
        return said.what == line_editor.TYPED or self._take(said, asked)

    def _asked_ms(self, step: plan.Step) -> int:
        return sources.since_ms(self.decider, step, self.now_ms())

    def _cannot(self, reason: str) -> bool:
        scopes = self.decider.scopes()
        if not scopes:
            self._say_refused(errors.InputRefused("verify-must"))
            return True
        if not reason:
            said = self.ask(messages.text("verify.ask.reason") + " ")
            if said.what != line_editor.TYPED or not said.text:
                return said.what != line_editor.STOP
            reason = said.text
        scope = scopes[0]
        if len(scopes) > 1:
            said = self.ask(messages.text("verify.ask.scope") + " ")
            if said.what != line_editor.TYPED:
                return said.what != line_editor.STOP
            scope = scopes[0] if said.text.lower() in session.YES else scopes[1]
        self._heard(self.decider.cannot(reason, scope, self.now_ms(), self.by), None)
        return True

    def _undo(self, reason: str) -> bool:
        if not reason:
            said = self.ask(messages.text("verify.ask.undo") + " ")
            if said.what != line_editor.TYPED or not said.text:
                return said.what != line_editor.STOP
            reason = said.text
        self._heard(self.decider.undo(reason, self.now_ms(), self.by), None)
        return True

    def _heard(self, heard: session.Heard, asked: session.Question | None) -> None:
        self.keep()
        if isinstance(heard, session.Refused):
            self._say_refused(heard.error)
        elif isinstance(heard, session.Confirm):
            self.tell(messages.text("verify.again"))
        elif asked is not None and asked.step.planned is not None:
            self._say_point(asked.step)

    def _say_point(self, step: plan.Step) -> None:
        """Show the reference and the outcome, once nothing of the point is left to ask."""
        shown = wording.finished(self.decider, step)
        if shown is not None:
            self.tell("  " + shown.text)

    def _say_found(self) -> None:
        """Say what is not as it must be, while something can still be done about it."""
        of, judged = self.decider, self.decider.judged()
        for one in advice.of_findings(of.used, of.seen(), judged.handed_out):
            self.tell(one.text)

    def _say_refused(self, error: errors.HostError) -> None:
        what = messages.text(f"error.{error.code}.what", **error.fields)
        after = messages.text(f"error.{error.code}.next", **error.fields)
        self.tell(f"  {what}. {after}")
