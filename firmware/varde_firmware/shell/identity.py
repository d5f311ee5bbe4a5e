"""Who this hub is: its key, the id that follows from it, and which start this is."""

from varde_firmware.core import unload
from varde_protocols import sealing
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.crypto import ed25519

if TYPE_CHECKING:
    from typing import Any, Callable

    from varde_firmware.ports import IdentityStore

SEED_BYTES = const(32)


class Identity:
    """Signs as the hub. `boot` counts this hub's starts."""

    def __init__(self, seed: bytes, boot: int) -> None:
        self.signing_key = ed25519.SigningKey(seed)
        self.hub_id = sealing.key_id(self.signing_key.public)
        self.boot = boot


def seed_of(
    store: "IdentityStore", random_bytes: "Callable[[int], bytes]", flash: "Any"
) -> bytes:
    """Return the hub's seed, made now if it has none: while a radio is on (`random_bytes`).

    A new one begins with an empty journal: what stands in `flash` (as ports.Ports) was signed by
    another, and its numbers are not ours. Emptied first, so that a cut in between does it again.
    """
    seed = store.seed()
    if seed is None:
        from varde_firmware.core import journal_wipe  # noqa: PLC0415  (needed once in a life)

        journal_wipe.wipe(flash)
        unload.unload("varde_firmware.core.journal_wipe")
        seed = random_bytes(SEED_BYTES)
        store.set_seed(seed)
    return seed


def load(
    store: "IdentityStore", random_bytes: "Callable[[int], bytes]", flash: "Any"
) -> Identity:
    """Return the hub's identity, made now if it has none, and count the start.

    The console says who it is, at every start: that line is how a new hub is enrolled, and a power
    cut in the first start must not have been the only chance to read it.
    """
    identity = Identity(seed_of(store, random_bytes, flash), store.count_boot())
    name = identity.hub_id.hex()
    print("varde: hub %s public %s" % (name, identity.signing_key.public.hex()))
    print("varde: boot %d hub %s" % (identity.boot, name))
    return identity
