"""One exchange, from the journal to the collector and back.

What may be believed of the answer is decided in `varde_protocols.exchange`; this does what it
says. Only an answer that passed every check releases anything.
"""

import asyncio

from varde_firmware.core import hub_clock, unload, uplink
from varde_protocols import exchange, records, sealing
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

    from varde_firmware.core.journal import Journal
    from varde_firmware.ports import Client, Exclusive
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.identity import Identity
    from varde_firmware.shell.keeper import Keeper
    from varde_protocols.value import Value

# Refusals that we have complained about; one of a complaint is not complained about again.
_REMEMBERED = const(32)
# The detail of the event server-refused that stands for a certificate's time.
_REFUSED_TIME = const(3)


class Exchanger:
    """Makes rounds; `measured` takes the time that answers bring.

    Of the last round: `was_reached`, an answer came, good or not, from who the collector should
    be; `doubts_time`, the server's certificate was refused for its time, `is_early`, for being of
    the future; `is_enrolled`, the collector did not say that we are none of its hubs;
    `is_stranger`, the answer was signed by a key that we do not know. `announced` is the number of
    the newest assignment that the collector has for us, as its last good answer said.
    `aside` are numbers of records that the collector takes in no batch (turned_away.py).
    """

    def __init__(self, identity: "Identity", collector_public: bytes, config_number: int,
                 journal: "Journal", client: "Client", exclusive: "Exclusive", keeper: "Keeper",
                 random_bytes: "Callable[[int], bytes]", clock: "Clock") -> None:  # fmt: skip
        self.identity = identity
        self._config_number = config_number
        self.announced = 0
        self.is_stranger = False
        self._collector = ed25519.VerifyKey(collector_public)
        # Its table is 2.5 KiB in one piece: made now, while the heap still has such pieces.
        self._collector.verify(b"", bytes(ed25519.SIGNATURE_BYTES))
        self._collector_kid = sealing.key_id(collector_public)
        self._journal = journal
        self.client = client
        self._exclusive = exclusive
        self._keeper = keeper
        self._random_bytes = random_bytes
        self._clock = clock
        self._batch_bytes: int = exchange.MAX_BATCH_BYTES
        self._complaints: "List[int]" = []
        self._fresh_seq = 0  # records from here on were not offered while a backlog drains
        self._fresh_then = 0  # so it is once this round was good
        self.most_records: int = exchange.MAX_RECORDS
        self.aside: "List[int]" = []
        self.untold_aside: "List[int]" = []
        self.aside_until_ms = 0
        self.measured: "Optional[hub_clock.Measured]" = None
        self.was_reached = False
        self.is_enrolled = True
        self.doubts_time = self.is_early = False

    async def deliver(self, asks_time: bool = False) -> "Value":
        """Make one round; return `uplink.Acknowledged`, `TurnedAway` or `Failed`.

        If it only asks the time, no record goes with the request.
        """
        self.doubts_time = self.was_reached = False
        self.measured = None
        self._asks_time = asks_time
        try:
            return await self._round()
        except OSError as error:  # the journal's flash; the network's errors are caught below
            self.client.close()
            return self._failed("journal", error)
        except MemoryError as error:
            # No piece of heap as large as the batch: less of it goes, and is no less delivered.
            self.client.close()
            self._batch_bytes = max(self._batch_bytes // 2, records.MAX_RECORD_BYTES)
            return self._failed("batch", error)
        finally:  # the journal loads it when it holds records that were moved
            unload.unload("varde_firmware.core.journal_moving")

    async def _round(self) -> "Value":
        request, seqs, parts = self._exclusive.run(self._request)
        try:
            response = await self.client.post(parts, self._clock.now_ms)
        except OSError as error:
            return self._failed("link", error)
        except WireError as error:
            return self._failed("response", error)
        except self.client.Refused as error:
            detail = getattr(error, "detail", 0)
            self.doubts_time = detail == _REFUSED_TIME
            self.is_early = getattr(error, "is_early", False)
            self._complain(records.EVENT_SERVER_REFUSED, detail)
            return self._failed("server refused", error)
        self.was_reached = self.is_enrolled = True
        self.is_stranger = False
        if response.status != 200:
            return self._not_served(response, seqs)
        try:
            answer = self._exclusive.run(self._check, response.body, request, seqs)
        except WireError as error:
            self.is_stranger = error.code == "unknown-key"
            self._complain(records.EVENT_BAD_ACK, exchange.bad_ack_detail(error))
            return self._failed("answer", error)
        return await self._apply(answer, seqs, response)

    def close(self) -> None:
        """Close the connection, if one is open."""
        self.client.close()

    def _request(self) -> "Tuple[exchange.Request, List[int], List[bytes]]":
        journal = self._journal
        batch = [] if self._asks_time else self._batch()
        first_seq = journal.oldest_pending()
        request = exchange.Request(
            nonce=self._random_bytes(exchange.NONCE_BYTES),
            boot=self.identity.boot,
            uptime_ms=self._clock.now_ms(),
            first_seq=journal.next_seq if first_seq is None else first_seq,
            next_seq=journal.next_seq,
            record_count=len(batch),
            config_number=self._config_number,
        )
        # The records are sent as they are, one after the other, and need not be put together.
        who = self.identity
        parts = [exchange.encode_request(who.signing_key, who.hub_id, request, [b""] * len(batch))]
        parts.extend([data for _seq, data in batch])
        return request, [seq for seq, _data in batch], parts

    def _batch(self) -> "List[Tuple[int, bytes]]":
        """What goes in the next request."""
        journal = self._journal
        if self._clock.now_ms() >= self.aside_until_ms:
            self.aside.clear()
        is_backlog = journal.pending_bytes > self._batch_bytes or self.aside
        if not is_backlog and self.most_records == exchange.MAX_RECORDS:
            self._fresh_then = journal.next_seq
            return journal.batch(self._batch_bytes, exchange.MAX_RECORDS)
        from varde_firmware.core import drain  # noqa: PLC0415  (while a backlog drains)

        batch = drain.Batch(journal, self._batch_bytes, self.most_records)
        batch.fill(self._keeper.session_seq, self._fresh_seq, self.aside)
        self._fresh_then = batch.fresh_seq
        return batch.rows

    def _not_served(self, response: "Any", seqs: "List[int]") -> "Value":
        from varde_firmware.shell import turned_away  # noqa: PLC0415  (seldom needed)

        result = turned_away.outcome(self, response, seqs)
        self._failed("status %d" % response.status, response.body[:80])
        unload.unload("varde_firmware.shell.turned_away")
        return result

    def _check(
        self, body: bytes, request: exchange.Request, seqs: "List[int]"
    ) -> "exchange.Answer":
        return exchange.check_answer(body, self._collector, self._collector_kid, request, seqs,
                                     hub_id=self.identity.hub_id)  # fmt: skip

    async def _apply(
        self, answer: "exchange.Answer", seqs: "List[int]", response: "Any"
    ) -> "Value":
        refused = [seqs[row[0]] for row in answer.refused]
        ranges = answer.acknowledged + [[seq, seq] for seq in refused]
        ranges.sort()
        released = self._exclusive.run(self._journal.acknowledge, ranges)
        for seq in refused:
            self._complain_of_refusal(seq)
            await asyncio.sleep_ms(0)  # type: ignore[attr-defined]  # a signature each: let others live
        self.announced = answer.config_number
        # The server's clock was read between our last byte out and its last byte in.
        away_ms = response.received_ms - response.sent_ms
        half_ms = (away_ms + 1) // 2
        self.measured = hub_clock.Measured(
            records.SOURCE_EXCHANGE,
            response.received_ms,
            answer.server_time_ms + half_ms,
            half_ms + 1,
        )
        self._keeper.note_change()
        if seqs:
            self._was_taken()
        left = self._keeper.pending_count() - len(self.aside)
        if left <= 0:
            # what the heap did not allow then, it may allow now
            self._batch_bytes = exchange.MAX_BATCH_BYTES
            unload.unload("varde_firmware.core.drain")
        return uplink.Acknowledged(released, max(left, 0), answer.heartbeat_s)

    def _was_taken(self) -> None:
        """A batch with records was good."""
        self._fresh_seq = self._fresh_then
        self.most_records = min(2 * self.most_records, exchange.MAX_RECORDS)
        while self.untold_aside:  # so it is those records, and not the collector
            self._complain_of_refusal(self.untold_aside.pop())

    def _complain_of_refusal(self, seq: int) -> None:
        if seq in self._complaints:
            return
        self._complaints.append(self._journal.next_seq)
        if seq in self.aside:
            self._complaints.append(seq)
        if len(self._complaints) > _REMEMBERED:
            self._complaints.pop(0)
        self._keeper.event(self._clock.now_ms(), records.EVENT_RECORD_REFUSED, seq)

    def _complain(self, code: int, detail: int) -> None:
        self._keeper.event_once(self._clock.now_ms(), code, detail)

    def _failed(self, what: str, error: "Any") -> "Value":
        print("varde: exchange failed:", what, type(error).__name__, str(error).strip()[:120])
        return uplink.Failed()
