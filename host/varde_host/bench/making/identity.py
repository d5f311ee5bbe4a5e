"""Step 4: the hub makes its key itself, and its public half is enrolled at the collector.

The seed comes from the chip's generator with its radio on, stays in the chip's NVS and is never
printed; only the public key crosses the wire. Run again, the hub keeps the key that it has.
"""

from __future__ import annotations

from varde_host import errors
from varde_host.bench import faults
from varde_host.bench.work import Evidence, Work
from varde_host.collector import database, registry


async def run(work: Work) -> Evidence:
    """Let it make its key, enrol the public half, and read the registry back."""
    said = await work.on_hub("identity", board=work.settings.board)
    public = checked_public(said)
    hub_id = registry.hub_id_of(public)
    if said.get("hub") != hub_id.hex():
        raise faults.Fault("answer-malformed", said=str(said.get("hub")))
    _enrol(work, public, hub_id)
    return {
        "hub": hub_id.hex(),
        "public": public.hex(),
        "entropy": str(faults.cleaned(str(said.get("entropy")))),
        "radio_on": said.get("radio_on") is True,
        "made_now": said.get("made") is True,
    }


def checked_public(said: Evidence) -> bytes:
    """Return the public key that the hub said. Raises Fault `answer-malformed`."""
    try:
        public = bytes.fromhex(said["public"])
    except (KeyError, TypeError, ValueError) as error:
        raise faults.Fault("answer-malformed", said="public") from error
    if len(public) != registry.PUBLIC_KEY_BYTES:
        raise faults.Fault("answer-malformed", said="public")
    return public


def _enrol(work: Work, public: bytes, hub_id: bytes) -> None:
    opened = database.open_database(work.settings.database)
    try:
        with opened.writing() as connection:
            registry.enrol(connection, public, work.bench.utc_ms())
        enrolled = opened.read(lambda connection: registry.find(connection, hub_id))
    except errors.InputRefused as error:
        raise faults.Fault("key-refused", said=str(error)) from error
    finally:
        opened.close()
    if enrolled is None or enrolled.is_revoked or enrolled.public_key != public:
        raise faults.Fault("key-refused", said=hub_id.hex())
