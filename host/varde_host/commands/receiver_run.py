"""`varde receiver run`: fetch, open, hand on, and again; and `receiver check`, to a test end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from varde_host import clock, errors, messages, output
from varde_host.commands import options, receiver_options
from varde_host.handover import assembling, running, self_check, targets

EVERY_S = 60
"""A hub's heartbeat is minutes; who waits for a reading waits a minute longer at most."""


def run(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    *,
    database_address: options.DatabaseAddress = None,
    once: Annotated[bool, typer.Option("--once")] = False,
    every_s: Annotated[int, typer.Option("--every", min=1, max=3600, metavar="SECONDS")] = EVERY_S,
    json: options.Json = False,
) -> None:
    """Work until told to stop; exit status 3 with `--once` if something is left to be done."""
    told = output.as_json if json else _say
    with assembling.opened(folder, clock.from_environment(), database_address) as receiver:
        loop = running.Running(
            receiver.service, receiver.senders(), receiver.fetch, told, notice=receiver.notice
        )
        with _ending_in_order(loop):
            if once:
                if not loop.once():
                    raise typer.Exit(errors.EXIT_WORLD)
                return
            loop.go_on(every_s)


@contextlib.contextmanager
def _ending_in_order(loop: running.Running) -> Iterator[None]:
    """Let the first signal end the loop, and a second one the process: nothing is lost by that."""

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(report: Mapping[str, Any]) -> None:
    step = report["step"]
    if "error" in report:
        where = report.get("target") or report.get("where") or "-"
        text = messages.text("handover.run.failed", where=where, code=report["error"])
    elif step == "plan" and report.get("other"):
        text = messages.text("handover.run.other")
    elif step == "fetch":
        text = messages.text("receiver-feed.refused", records=report["not_taken"])
    elif step == "notice":
        text = messages.text("handover.run.notice", queued=report["queued"])
    elif step == "plan":
        text = messages.text("handover.run.plan", hubs=report["hubs"], queued=report["queued"])
    else:
        key = "handover.run.later" if report["later"] else "handover.run.sent"
        text = messages.text(key, **{name: report[name] for name in
                                     ("target", "delivered", "refused")})  # fmt: skip
    output.progress(text)


def check(
    target: Annotated[str, typer.Argument(metavar="TARGET")],
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    json: options.Json = False,
) -> None:
    """Send test readings to a target's test end, and say how it went and how long it took."""
    now = clock.from_environment()
    loaded = assembling.settings(folder)
    chosen = targets.named(loaded.targets, target)
    steps = self_check.check(
        chosen, loaded.style(chosen), loaded.sender(chosen, is_check=True), now.utc_ms()
    )
    passed = all(step.outcome == self_check.PASSED for step in steps)
    if json:
        output.as_json({"target": target, "passed": passed,
                        "steps": [step.as_json() for step in steps]})  # fmt: skip
    else:
        _print(steps, passed=passed)
    if not passed:
        raise typer.Exit(errors.EXIT_REFUSED)


def _print(steps: list[self_check.Step], *, passed: bool) -> None:
    rows = [
        (
            messages.text(f"handover.check.{step.name}"),
            messages.text(f"handover.check.{step.outcome}"),
            str(step.resources),
            str(step.took_ms),
            step.words,
        )
        for step in steps
    ]
    columns = ("step", "outcome", "resources", "took", "words")
    output.table([f"handover.check.column.{name}" for name in columns], rows)
    if passed:
        output.good(messages.text("handover.check.all-passed"))
    else:
        output.line(messages.text("handover.check.not-passed"))
