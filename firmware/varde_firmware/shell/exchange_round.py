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
    from varde_protocols.hub_config import HubConfig
    from varde_protocols.value import Value

# Refusals that we have complained about; one of a complaint is not complained about again.
_REMEMBERED = const(32)
# The detail of the event server-refused that stands for a certificate's time.
_REFUSED_TIME = const(3)


class Exchanger:
    """Makes rounds; `measured` takes the time that answers bring.

    `doubts_time`: in the last round the server's certificate was refused for its time.
    """

    def __init__(self, identity: "Identity", config: "HubConfig", journal: "Journal",
                 client: "Client", exclusive: "Exclusive", keeper: "Keeper",
                 random_bytes: "Callable[[int], bytes]", clock: "Clock") -> None:  # fmt: skip
        self._identity = identity
        self._config_number = config.number
        self._collector = ed25519.VerifyKey(config.collector_public)
        # Its table is 2.5 KiB in one piece: made now, while the heap still has such pieces.
        self._collector.verify(b"", bytes(ed25519.SIGNATURE_BYTES))
        self._collector_kid = sealing.key_id(config.collector_public)
        self._journal = journal
        self._client = client
        self._exclusive = exclusive
        self._keeper = keeper
        self._random_bytes = random_bytes
        self._clock = clock
        self._batch_bytes: int = exchange.MAX_BATCH_BYTES
        self._complaints: "List[int]" = []
        self.measured: "Optional[hub_clock.Measured]" = None
        self.doubts_time = False

    async def deliver(self) -> "Value":
        """Make one round; return `uplink.Acknowledged` or `uplink.Failed`."""
        self.doubts_time = False
        try:
            return await self._round()
        except OSError as error:  # the journal's flash; the network's errors are caught below
            self._client.close()
            return self._failed("journal", error)
        except MemoryError as error:
            # No piece of heap as large as the batch: less of it goes, and is no less delivered.
            self._client.close()
            self._batch_bytes = max(self._batch_bytes // 2, records.MAX_RECORD_BYTES)
            return self._failed("batch", error)
        finally:  # the journal loads it when it holds records that were moved
            unload.unload("varde_firmware.core.journal_moving")

    async def _round(self) -> "Value":
        request, seqs, parts = self._exclusive.run(self._request)
        try:
            response = await self._client.post(parts, self._clock.now_ms)
        except OSError as error:
            return self._failed("link", error)
        except WireError as error:
            return self._failed("response", error)
        except self._client.Refused as error:
            detail = getattr(error, "detail", 0)
            self.doubts_time = detail == _REFUSED_TIME
            self._complain(records.EVENT_SERVER_REFUSED, detail)
            return self._failed("server refused", error)
        if response.status != 200:
            return self._failed("status %d" % response.status, response.body[:80])
        try:
            answer = self._exclusive.run(self._check, response.body, request, seqs)
        except WireError as error:
            self._complain(records.EVENT_BAD_ACK, exchange.bad_ack_detail(error))
            return self._failed("answer", error)
        return await self._apply(answer, seqs, response)

    def close(self) -> None:
        """Close the connection, if one is open."""
        self._client.close()

    def _request(self) -> "Tuple[exchange.Request, List[int], List[bytes]]":
        journal = self._journal
        batch = journal.batch(self._batch_bytes, exchange.MAX_RECORDS)
        first_seq = journal.oldest_pending()
        request = exchange.Request(
            nonce=self._random_bytes(exchange.NONCE_BYTES),
            boot=self._identity.boot,
            uptime_ms=self._clock.now_ms(),
            first_seq=journal.next_seq if first_seq is None else first_seq,
            next_seq=journal.next_seq,
            record_count=len(batch),
            config_number=self._config_number,
        )
        # The records are sent as they are, one after the other, and need not be put together.
        who = self._identity
        parts = [exchange.encode_request(who.signing_key, who.hub_id, request, [b""] * len(batch))]
        parts.extend([data for _seq, data in batch])
        return request, [seq for seq, _data in batch], parts

    def _check(
        self, body: bytes, request: exchange.Request, seqs: "List[int]"
    ) -> "exchange.Answer":
        return exchange.check_answer(body, self._collector, self._collector_kid, request, seqs,
                                     hub_id=self._identity.hub_id)  # fmt: skip

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
        left = self._keeper.pending_count()
        if not left:  # what the heap did not allow then, it may allow now
            self._batch_bytes = exchange.MAX_BATCH_BYTES
        return uplink.Acknowledged(released, left, answer.heartbeat_s)

    def _complain_of_refusal(self, seq: int) -> None:
        if seq in self._complaints:
            return
        self._complaints.append(self._journal.next_seq)
        if len(self._complaints) > _REMEMBERED:
            self._complaints.pop(0)
        self._keeper.event(self._clock.now_ms(), records.EVENT_RECORD_REFUSED, seq)

    def _complain(self, code: int, detail: int) -> None:
        self._keeper.event_once(self._clock.now_ms(), code, detail)

    def _failed(self, what: str, error: "Any") -> "Value":
        print("varde: exchange failed:", what, type(error).__name__, str(error).strip()[:120])
        return uplink.Failed()
