"""`varde receiver run`: fetch, look, send, and again; one target never waits for another.

The main thread fetches and plans; each target has a thread that sends what waits for it. A signal
lets each finish the batch that it is at. Whoever is killed instead loses and doubles nothing.
"""

from __future__ import annotations

import random
import threading
import time as uptime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from varde_host import errors
from varde_host.handover import (
    backoff,
    considering,
    delivery,
    outbox,
    sending,
    targets,
    turns,
)

OTHER_S: Final = 5.0
"""Until a target is looked at again that another receiver is sending to."""
Reporting = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Sending:
    """One target at work."""

    target: targets.Target
    sender: sending.Sender
    waiting: backoff.Backoff
    news: threading.Event = field(default_factory=threading.Event)


class Running:
    """The loop. `fetch` brings new records into the store; `report` hears what came of it."""

    def __init__(
        self,
        service: considering.Service,
        senders: Mapping[str, sending.Sender],
        fetch: Callable[[], int | None],
        report: Reporting,
        draw: Callable[[], float] = random.random,
        notice: Callable[[], int] = lambda: 0,
    ) -> None:
        """`notice` queues what is told beside measurements, and returns how many."""
        self._service = service
        self._notice = notice
        self._fetch = fetch
        self._not_taken = 0
        self._report = report
        self._stop = threading.Event()
        self._bugs: list[BaseException] = []
        self._sendings = [
            Sending(each, senders[each.name], backoff.Backoff(draw))
            for each in service.switched_on()
        ]

    def stop(self) -> None:
        """End in order: what is being sent is sent to its end. From any thread, or a signal."""
        self._stop.set()
        for each in self._sendings:
            each.news.set()

    def once(self) -> bool:
        """Do everything once; tell if nothing is left to be done."""
        is_well = self._look()
        if self._stop.is_set():
            return False
        left: list[str] = []

        def work(one: Sending) -> None:
            if self._send(one) > 0.0:
                left.append(one.target.name)

        self._in_threads(work)
        return is_well and not left and not self._stop.is_set()

    def go_on(self, every_s: float) -> None:
        """Work until `stop`."""
        threads = self._started(self._keep_sending)
        while not self._stop.is_set():
            self._look()
            for each in self._sendings:
                each.news.set()
            self._stop.wait(every_s)
        self._joined(threads)

    def _look(self) -> bool:
        """Fetch and plan; what fails is told, and done in the next round."""
        is_well = self._tried("fetch", self._bring)
        if self._stop.is_set():
            return is_well
        is_well = self._tried("plan", self._plan) and is_well
        return self._tried("notice", self._take_notice) and is_well

    def _bring(self) -> None:
        """Fetch; tell how many records were not taken in, once for as long as it is as many."""
        not_taken = self._fetch() or 0
        if not_taken and not_taken != self._not_taken:
            self._report({"step": "fetch", "not_taken": not_taken})
        self._not_taken = not_taken

    def _plan(self) -> None:
        found = considering.consider(self._service, lambda: not self._stop.is_set())
        if found is None:
            self._report({"step": "plan", "other": True})
        elif found.hubs:
            self._report({
                "step": "plan", "hubs": found.hubs, "queued": found.queued, "held": found.held,
            })  # fmt: skip

    def _take_notice(self) -> None:
        queued = self._notice()
        if queued:
            self._report({"step": "notice", "queued": queued})

    def _tried(self, step: str, work: Callable[[], None]) -> bool:
        try:
            work()
        except errors.HostError as error:
            self._report({"step": step, "error": error.code, "where": error.where})
            return False
        return True

    def _keep_sending(self, one: Sending) -> None:
        wait_s: float | None = 0.0
        while not self._stop.is_set():
            one.news.wait(wait_s or None)
            one.news.clear()
            if self._stop.is_set():
                break
            if one.waiting.is_due(uptime.monotonic()):
                wait_s = self._send(one)
            else:
                wait_s = max(0.1, (one.waiting.deadline_s or 0.0) - uptime.monotonic())

    def _send(self, one: Sending) -> float:
        """Send what waits; return after how many seconds to look again, 0 if nothing is left."""
        name = one.target.name
        try:
            done = self._round(one)
        except errors.HostError as error:
            self._report({"step": "send", "target": name, "error": error.code})
            return one.waiting.failed(uptime.monotonic())
        if done is None:
            return OTHER_S
        if done.delivered or done.refused or done.asked_s is not None:
            self._report({
                "step": "send", "target": name, "delivered": done.delivered,
                "refused": done.refused, "later": done.why or None,
            })  # fmt: skip
        if done.asked_s is None:
            one.waiting.succeeded()
            return 0.0
        return one.waiting.failed(uptime.monotonic(), done.asked_s)

    def _round(self, one: Sending) -> delivery.Round | None:
        """Send as the only one; None if another receiver is at it."""
        service, target = self._service, one.target
        with turns.turn(service.address, f"target-{target.name}") as turn:
            if turn is None:
                return None
            is_under_way = service.store.read(
                lambda found: outbox.is_under_way(found, target.name)
            )
            if isinstance(one.sender, sending.Settling) and not is_under_way:
                one.sender.tidy()
            return delivery.deliver(
                service.store, target.name, service.boxes(target), one.sender, service.time,
                lambda: turn.is_mine() and not self._stop.is_set(),
            )  # fmt: skip

    def _in_threads(self, work: Callable[[Sending], None]) -> None:
        self._joined(self._started(work))

    def _started(self, work: Callable[[Sending], None]) -> Sequence[threading.Thread]:
        def guarded(one: Sending) -> None:
            try:
                work(one)
            except BaseException as bug:  # noqa: BLE001 ours: the program ends, and says where
                self._bugs.append(bug)
                self.stop()

        threads = [
            threading.Thread(target=guarded, args=(each,), name=f"to {each.target.name}")
            for each in self._sendings
        ]
        for thread in threads:
            thread.start()
        return threads

    def _joined(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        if self._bugs:
            raise self._bugs[0]
