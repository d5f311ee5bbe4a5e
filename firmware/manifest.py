"""What a hub's file system holds: the source of `tools/build_firmware.py`.

Folders are relative to the repository; the application goes into a slot, the supervisor beside it.
"""

# (source folder, package) compiled to .mpy, into the slot
PACKAGES = [
    ("protocols", "varde_protocols"),
    ("firmware", "varde_firmware"),
    ("firmware", "boards"),
]
# Copied as they are to the root: the supervisor must start whatever the bytecode version is.
ROOT_FILES = ["firmware/boot.py", "firmware/main.py", "firmware/choice.py"]
# Not for the hub: CPython's back ends, decoders that only readers of values need, and documents
# that a hub does not take.
EXCLUDED = [
    "*_cpython.py", "*.pyi", "varde_protocols/gatt/*", "varde_protocols/wipe_record.py",
    "varde_firmware/ports/link_ports.py",
]  # fmt: skip
# Nor these definitions: the other ends of our formats, and what no driver asks for.
ELSEWHERE = {
    "varde_protocols/_compat.py": ["__all__"],
    "varde_protocols/assigned.py": ["_NAMES", "by_name", "name"],
    "varde_protocols/assignment.py": ["Assignment.encode"],
    "varde_protocols/cbor.py": ["__all__", "decode_first"],
    "varde_protocols/cose.py": ["decrypt0", "encrypt0_iv"],
    "varde_protocols/cose_faults.py": ["of_encrypt0"],
    "varde_protocols/crypto/aes_ccm.py": ["TagMismatch", "open_sealed"],
    "varde_protocols/crypto/aes_ccm_micropython.py": ["_differing_bits", "open_sealed"],
    "varde_protocols/crypto/sha512_micropython.py": ["_low_word_first"],
    "varde_protocols/document_request.py": [
        "ANSWER_TYPE", "DocumentRequest._check", "MAX_AFTER", "MAX_REQUEST_BYTES", "_checks",
        "check", "parse",
    ],
    "varde_protocols/documents.py": ["sign"],
    "varde_protocols/errors.py": ["GattError"],
    "varde_protocols/exchange.py": [
        "ANSWER_TYPE", "Answer.acknowledges", "REFUSED_CONFLICT", "REFUSED_MALFORMED",
        "REFUSED_SIGNATURE", "REFUSED_TOO_LARGE", "REFUSED_WRONG_HUB", "_item_end",
        "encode_answer", "split_body", "verify_request",
    ],
    "varde_protocols/hub_config.py": ["HubConfig.fields", "NORWAY", "_plain"],
    "varde_protocols/records.py": ["SOURCE_BENCH", "Unknown", "_KINDS", "decode"],
    "varde_protocols/release.py": ["Release.encode"],
    "varde_protocols/sealing.py": ["Content.decode", "SessionOpener"],
    "varde_protocols/service_request.py": ["sign"],
    "varde_protocols/test_readings.py": ["Known", "VALUE_BYTES", "is_one", "read"],
    "varde_protocols/trust.py": ["Trust.encode"],
    "varde_protocols/trust_chain.py": ["replay"],
    "varde_protocols/update_words.py": ["of_detail"],
}  # fmt: skip
# Bytes that a module makes of constants when it is loaded: the build makes them.
MADE = {
    "varde_protocols/crypto/edwards25519_micropython.py": [
        "_TAKE_ENTRY", "_ADD_ENTRY", "DOUBLE", "_TO_AFFINE", "_TO_U_FRACTION",
    ],
    "varde_protocols/crypto/edwards25519_public_micropython.py": [
        "_ADD_SUMMAND", "_SUBTRACT_SUMMAND", "_MAKE_SUMMAND", "_CARRY_AFFINE",
    ],
    "varde_protocols/crypto/field25519_micropython.py": ["_P_LIMBS", "_ONE"],
    "varde_protocols/crypto/sha512_micropython.py": ["_ROUND_CONSTANTS", "_INITIAL_STATE"],
    "varde_protocols/crypto/x25519_micropython.py": ["_STEP", "_DIVIDE"],
}  # fmt: skip
# Modules that are always loaded together, bottom up: one file each, see tools/hub_groups.py.
# Clock and identity stay apart: the console's listener needs them when another one is broken.
TOGETHER = {
    "varde_protocols/formats.py": [
        "varde_protocols/value.py",
        "varde_protocols/errors.py",
        "varde_protocols/cbor_scalars.py",
        "varde_protocols/field_checks.py",
        "varde_protocols/cose.py",
        "varde_protocols/assigned.py",
        "varde_protocols/records.py",
        "varde_protocols/update_words.py",
        "varde_protocols/exchange.py",
        "varde_protocols/http_response.py",
        "varde_protocols/hub_config.py",
    ],
    "varde_firmware/core/keeping.py": [
        "varde_protocols/sealing.py",
        "varde_firmware/core/decider.py",
        "varde_firmware/core/sensor_words.py",
        "varde_firmware/core/journal_sector.py",
        "varde_firmware/core/journal_index.py",
        "varde_firmware/core/journal_report.py",
        "varde_firmware/core/journal.py",
        "varde_firmware/core/recorder.py",
        "varde_firmware/core/known_values.py",
        "varde_firmware/core/hub_clock.py",
        "varde_firmware/core/link.py",
        "varde_firmware/core/backoff.py",
        "varde_firmware/core/status.py",
        "varde_firmware/core/value_ring.py",
    ],
    "varde_firmware/core/sensing.py": [
        "varde_firmware/core/steps.py",
        "varde_firmware/core/sureness.py",
        "varde_firmware/core/link_security.py",
        "varde_firmware/core/sensor_session.py",
        "varde_firmware/core/procedures.py",
        "varde_firmware/core/hold_offs.py",
        "varde_firmware/core/scanner_words.py",
        "varde_firmware/core/scanner.py",
        "varde_firmware/core/ad_structures.py",
        "varde_firmware/core/advertising.py",
        "varde_firmware/core/bonds.py",
        "varde_firmware/core/uplink.py",
        "varde_firmware/core/data_budget.py",
    ],
    "varde_firmware/shell/resident.py": [
        "varde_firmware/ports/exclusive.py",
        "varde_firmware/ports/bond_store.py",
        "varde_firmware/ports/heap.py",
        "varde_firmware/ports/wifi.py",
        "varde_firmware/ports/time_client.py",
        "varde_firmware/ports/https_client.py",
        "varde_firmware/ports/radio_handler.py",
        "varde_firmware/ports/ble_radio.py",
        "varde_firmware/shell/inbox.py",
        "varde_firmware/shell/keeper.py",
        "varde_firmware/shell/upkeep_task.py",
        "varde_firmware/shell/bond_keeper.py",
        "varde_firmware/shell/link_services.py",
        "varde_firmware/shell/sensor_link.py",
        "varde_firmware/shell/sensor_task.py",
        "varde_firmware/shell/exchange_round.py",
        "varde_firmware/shell/hub_time.py",
        "varde_firmware/shell/data_meter.py",
        "varde_firmware/shell/wifi_link.py",
        "varde_firmware/shell/link_task.py",
        "varde_firmware/shell/uplink_task.py",
        "varde_firmware/shell/tester.py",
    ],
    "varde_firmware/shell/updating.py": [  # while something newer is asked for or fetched
        "varde_protocols/document_request.py",
        "varde_protocols/release.py",
        "varde_firmware/core/block_map.py",
        "varde_firmware/core/update_rules.py",
        "varde_firmware/core/update_plan.py",
        "varde_firmware/shell/update_documents.py",
        "varde_firmware/shell/block_fetch.py",
        "varde_firmware/shell/update_release.py",
        "varde_firmware/shell/unpack.py",
        "varde_firmware/shell/updater.py",
    ],
    "varde_firmware/shell/reminding.py": [  # in homes that are reminded to measure
        "varde_firmware/core/reminders.py",
        "varde_firmware/ports/signals.py",
        "varde_firmware/shell/reminder_task.py",
    ],
    "varde_firmware/shell/by_modem.py": [  # on a board that has one
        "varde_firmware/core/ladder_words.py",
        "varde_firmware/core/ladder.py",
        "varde_firmware/core/at_talk.py",
        "varde_firmware/core/modem_words.py",
        "varde_firmware/core/talking_modem.py",
        "varde_firmware/core/modem.py",
        "varde_firmware/shell/modem_link.py",
        "varde_firmware/shell/failover.py",
    ],
}
# Of these, what the supervisor and the bench's scripts (host/varde_host/bench/on_hub) ask for.
ASKED_FOR = [
    "varde_firmware/core/journal.py", "varde_firmware/core/journal_sector.py",
    "varde_firmware/ports/signals.py", "varde_protocols/cose.py",
]  # fmt: skip
# DESIGN: the application bundle of a slot
BUDGET_BYTES = 200_000
