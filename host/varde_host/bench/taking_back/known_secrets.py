"""What the bench knows to be on a hub and secret: what a dump of its flash is searched for.

Readings, bonds and the hub's own key are not among them: no bench ever sees those. They
can only be where flash is not empty, which is looked at as well (`flash_search`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from varde_host.bench.cable import prompt
from varde_host.bench.taking_back.flash_search import MIN_SECRET_BYTES, Secret
from varde_protocols import assignment
from varde_protocols.errors import WireError


def of(hub_id: str, public: str, documents: Mapping[str, bytes]) -> list[Secret]:
    """Return them, by names that say nothing of their content."""
    found = [Secret("hub id", bytes.fromhex(hub_id)), Secret("hub key", bytes.fromhex(public))]
    for path, data in documents.items():
        found.append(Secret(path, data))
    if prompt.ASSIGNMENT in documents:
        found += _of_assignment(documents[prompt.ASSIGNMENT])
    return found


def _of_assignment(data: bytes) -> Iterator[Secret]:
    try:
        config = assignment.unverified(data).config
    except WireError:
        return  # the whole document is looked for all the same
    texts = [(f"wifi {number} name", net.ssid) for number, net in enumerate(config.networks)]
    texts += [
        (f"wifi {number} password", net.password) for number, net in enumerate(config.networks)
    ]
    if config.modem is not None:
        modem = config.modem
        texts += [
            ("modem apn", modem.apn), ("modem user", modem.user),
            ("modem password", modem.password), ("modem pin", modem.pin),
        ]  # fmt: skip
    for name, text in texts:
        if len(text.encode()) >= MIN_SECRET_BYTES:
            yield Secret(name, text.encode())
