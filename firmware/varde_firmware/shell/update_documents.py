"""Asks the collector for documents, over the connection of the exchange, and judges them.

What comes is anybody's until its signatures are verified; which takes a fifth of a second each, so
others have their turn in between. Loaded when an update is under way.
"""

import asyncio

from varde_firmware.core.update_plan import FAILED, Stop
from varde_protocols import assignment, document_request, documents, trust_chain
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Optional

    from varde_firmware.ports import Client, NowMs, Ports
    from varde_firmware.shell.identity import Identity
    from varde_protocols.assignment import Assignment
    from varde_protocols.errors import WireError
    from varde_protocols.trust import Trust

_REASONS = {
    "bad-signature": words.SIGNATURE,
    "trust-site": words.OTHER_SITE,
    "trust-epoch": words.ROLLBACK,
    "trust-role": words.UNKNOWN_KEY,
    "assignment-site": words.OTHER_SITE,
    "assignment-hub": words.OTHER_HUB,
    "assignment-number": words.ROLLBACK,
    "release-floor": words.FLOOR,
}


def reason_of(error: "WireError") -> int:
    """Return why a document is refused, as words of updates have it."""
    if error.code == "document-threshold":  # "1 of 2": some that count have signed
        return int(words.UNKNOWN_KEY if error.where[:2] == "0 " else words.SIGNATURE)
    return int(_REASONS.get(error.code, words.MALFORMED))


class UpdateDocuments:
    """One sitting's questions. `stage` is the module ports.stage."""

    def __init__(
        self, ports: "Ports", stage: "Any", client: "Client", identity: "Identity", now_ms: "NowMs"
    ) -> None:
        self._ports = ports
        self._stage = stage
        self._client = client
        self._identity = identity
        self._now_ms = now_ms

    async def _ask(self, kind: int, after: int) -> "Optional[bytes]":
        """Return the next document of a kind, None if there is none."""
        who = self._identity
        nonce = self._ports.random_bytes(16)
        request = document_request.DocumentRequest(nonce, kind, after)
        body = document_request.sign(who.signing_key, who.hub_id, request)
        head = "POST %s HTTP/1.1\r\nContent-Type: %s" % (
            document_request.PATH, document_request.REQUEST_TYPE,
        )  # fmt: skip
        most_bytes = documents.MAX_DOCUMENT_BYTES
        response = await self._client.ask(head, [body], self._now_ms, most_bytes)
        await asyncio.sleep_ms(0)  # type: ignore[attr-defined]
        if response.status == 204:
            return None
        if response.status != 200:
            raise Stop(words.UNREACHABLE, FAILED)
        return response.body

    async def follow(self, current: "Trust") -> bool:
        """Put every trust after ours in its place, one after the other; True if there was one.

        Each holds by itself, so a cut in between leaves a good one. Roots that TLS cannot read
        would keep the hub from its collector for ever: it takes none such.
        """
        is_new = False
        for _ in range(trust_chain.MAX_REPLAYED):
            data = await self._ask(documents.TRUST, current.epoch)
            if data is None:
                break
            current = trust_chain.following(current, data)
            await asyncio.sleep_ms(0)  # type: ignore[attr-defined]
            try:
                self._ports.make_client("", 0, current.roots)
            except ValueError:
                raise Stop(words.MALFORMED, 2)
            # Who has signed what is under way may lose the right to: before that counts, it goes.
            self._stage.remove(self._stage.RELEASE)
            self._stage.remove(self._stage.ASSIGNMENT)
            self._stage.put(self._stage.TRUST, data)
            is_new = True
        return is_new

    async def assignment(self, trust: "Trust", after: int) -> "Assignment":
        """Put the newest assignment after this number where a trial wants it, and return it."""
        data = await self._ask(documents.ASSIGNMENT, after)
        if data is None:  # the collector has said that there is one
            raise Stop(words.UNREACHABLE, FAILED)
        given = assignment.verify(data, trust, self._identity.hub_id, after)
        self._stage.put(self._stage.ASSIGNMENT, data)
        return given
