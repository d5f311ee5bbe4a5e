"""A hub that delivers over TLS whatever happens: it makes records until it is told to stop, sends
each until it is acknowledged, and some of them again."""

from __future__ import annotations

import http.client
import random
import threading

from host.collector_process import CollectorProcess
from host.virtual_hub import VirtualHub
from varde_protocols import exchange, sealing
from varde_protocols.crypto import ed25519

RECORDS_A_REQUEST = 8
REPEATS_A_REQUEST = 2
DROPPED_ANSWERS = 0.05
PAUSE_SECONDS = 0.3


class Courier(threading.Thread):
    """`front` is where it connects; `made` and `acknowledged` are records by number."""

    def __init__(self, number: int, front: CollectorProcess, is_over: threading.Event) -> None:
        super().__init__(name=f"hub {number}", daemon=True)
        self.hub = VirtualHub(number)
        self.made: dict[int, bytes] = {}
        self.acknowledged: dict[int, bytes] = {}
        self.answered = self.failed = self.repeated = 0
        self.faults: list[str] = []
        self._front = front
        self._is_over = is_over
        self._random = random.Random(number)

    @property
    def pending(self) -> list[int]:
        return sorted(self.made.keys() - self.acknowledged.keys())

    def run(self) -> None:
        while not self.faults and not (self._is_over.is_set() and not self.pending):
            if not self._is_over.is_set():
                for _ in range(self._random.randrange(1, RECORDS_A_REQUEST)):
                    seq = self.hub.take_seq()
                    self.made[seq] = self.hub.event(seq=seq)
            self._is_over.wait(self._random.uniform(0.3, 1) * PAUSE_SECONDS)
            self._exchange()

    def _exchange(self) -> None:
        known = sorted(self.acknowledged)
        again = self._random.sample(known, min(REPEATS_A_REQUEST, len(known)))
        seqs = sorted(self.pending[:RECORDS_A_REQUEST] + again)
        raws = [self.made[seq] for seq in seqs]
        request, body = self.hub.request(raws, self._random.randbytes(16))
        try:
            status, content = self._post(body)
        except (OSError, http.client.HTTPException):
            status, content = 0, b""
        if status == 200:
            self._believe(request, seqs, content, len(again))
            return
        self.failed += 1
        if status not in {0, 503}:
            self.faults.append(f"status {status}: {content[:200]!r}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        status, content = self._front.post(body)
        if self._random.random() < DROPPED_ANSWERS:
            raise ConnectionResetError("the answer was lost under way")
        return status, content

    def _believe(
        self, request: exchange.Request, seqs: list[int], content: bytes, repeats: int
    ) -> None:
        public = self._front.site.collector_public
        key, kid = ed25519.VerifyKey(public), sealing.key_id(public)
        hub_id = self.hub.hub_id
        answer = exchange.check_answer(content, key, kid, request, seqs, hub_id=hub_id)
        if answer.refused:
            self.faults.append(f"refused {answer.refused}")
        self.answered += 1
        self.repeated += repeats
        for first, last in answer.acknowledged:
            for seq in range(first, last + 1):
                self.acknowledged[seq] = self.made[seq]
