"""Imports the application's modules from the bottom up.

Each import inside an import goes deeper into the C stack: some 2 KiB a level on the unix
interpreter, and the ESP32's main task has 16 KiB in all. Left to the import lines, the chain from
the application down to the curve arithmetic is a dozen deep. So the supervisor calls `load`
first: each module finds what it needs already loaded, and no chain is deeper than two.

Loading a module leaves as much garbage as module, and what is collected late leaves holes between
what stays: collected after each, 512 KiB hold the application in one piece.
"""

import gc

from varde_firmware.core import unload

# From then on as well: a heap that is collected only when it is full has its long-lived objects
# all over, and no piece of 1 KiB for a signature. With 24 KiB the hub needs 8 KiB more heap than
# with 16, which cost 1.1 M instructions of the 7.9 M for a reading (benchmarks/bench_hub.py).
THRESHOLD_BYTES = 16_384

BOTTOM_UP = (
    "varde_protocols._compat",
    "varde_protocols.value",
    "varde_protocols.errors",
    "varde_protocols.crypto.sha512_micropython",
    "varde_protocols.crypto.sha512",
    "varde_protocols.crypto.field25519_run_micropython",
    "varde_protocols.crypto.field25519_micropython",
    "varde_protocols.crypto.ed25519_point",
    "varde_protocols.crypto.ed25519_comb",
    "varde_protocols.crypto.ed25519_look_up_micropython",
    "varde_protocols.crypto.edwards25519_micropython",
    "varde_protocols.crypto.edwards25519_public_micropython",
    "varde_protocols.crypto.ed25519_micropython",
    "varde_protocols.crypto.ed25519",
    "varde_protocols.crypto.x25519_micropython",
    "varde_protocols.crypto.x25519",
    "varde_protocols.crypto.aes_ccm_micropython",
    "varde_protocols.crypto.aes_ccm",
    "varde_protocols.crypto.hkdf",
    "varde_protocols.cbor_scalars",
    "varde_protocols.cbor_micropython",
    "varde_protocols.cbor",
    "varde_protocols.field_checks",
    "varde_protocols.cose",
    "varde_protocols.assigned",
    "varde_protocols.records",
    "varde_protocols.sealing",
    "varde_protocols.exchange",
    "varde_protocols.http_response",
    "varde_protocols.hub_config",
    "varde_firmware.core.decider",
    "varde_firmware.core.sensor_words",
    "varde_firmware.core.steps",
    "varde_firmware.core.sureness",
    "varde_firmware.core.link_security",
    "varde_firmware.core.sensor_session",
    "varde_firmware.core.procedures",
    "varde_firmware.core.drivers",
    "varde_firmware.core.drivers.battery",
    "varde_firmware.core.drivers.sensor_clock",
    "varde_firmware.core.drivers.plain",
    "varde_firmware.core.hold_offs",
    "varde_firmware.core.scanner_words",
    "varde_firmware.core.scanner",
    "varde_firmware.core.ad_structures",
    "varde_firmware.core.advertising",
    "varde_firmware.core.bonds",
    "varde_firmware.core.journal_sector",
    "varde_firmware.core.journal_index",
    "varde_firmware.core.journal_report",
    "varde_firmware.core.journal",
    "varde_firmware.core.recorder",
    "varde_firmware.core.known_values",
    "varde_firmware.core.hub_clock",
    "varde_firmware.core.link",
    "varde_firmware.core.uplink",
    "varde_firmware.core.backoff",
    "varde_firmware.core.status",
    "varde_firmware.ports",
    "varde_firmware.ports.https_client",
    "varde_firmware.ports.radio_handler",
    "varde_firmware.ports.ble_radio",
    "varde_firmware.ports.assembly",
    "varde_firmware.shell.clock",
    "varde_firmware.shell.identity",
    "varde_firmware.shell.inbox",
    "varde_firmware.shell.keeper",
    "varde_firmware.shell.upkeep_task",
    "varde_firmware.shell.bond_keeper",
    "varde_firmware.shell.sensor_link",
    "varde_firmware.shell.sensor_task",
    "varde_firmware.shell.exchange_round",
    "varde_firmware.shell.hub_time",
    "varde_firmware.core.data_budget",
    "varde_firmware.shell.data_meter",
    "varde_firmware.shell.wifi_link",
    "varde_firmware.shell.link_task",
    "varde_firmware.shell.uplink_task",
    "varde_firmware.shell.hub_parts",
)


def load(names: "tuple[str, ...]" = BOTTOM_UP) -> None:
    """Import these modules in order, and forget this one: 4 KB of names."""
    for name in names:
        __import__(name)
        gc.collect()
    unload.unload(__name__)
    gc.threshold(THRESHOLD_BYTES)  # type: ignore[attr-defined]
