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
ROOT_FILES = ["firmware/boot.py", "firmware/main.py"]
# Not for the hub: CPython's back ends, decoders that only readers of values need, and documents
# that a hub does not take.
EXCLUDED = [
    "*_cpython.py", "*.pyi", "varde_protocols/gatt/*", "varde_protocols/release.py",
    "varde_protocols/wipe_record.py",
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
    "varde_protocols/documents.py": ["sign"],
    "varde_protocols/errors.py": ["GattError"],
    "varde_protocols/exchange.py": [
        "ANSWER_TYPE", "Answer.acknowledges", "REFUSED_CONFLICT", "REFUSED_MALFORMED",
        "REFUSED_SIGNATURE", "REFUSED_TOO_LARGE", "REFUSED_WRONG_HUB", "_item_end",
        "encode_answer", "split_body", "verify_request",
    ],
    "varde_protocols/hub_config.py": ["HubConfig.fields", "_plain"],
    "varde_protocols/records.py": ["SOURCE_BENCH", "Unknown", "_KINDS", "decode"],
    "varde_protocols/sealing.py": ["Content.decode", "SessionOpener"],
    "varde_protocols/service_request.py": ["sign"],
    "varde_protocols/trust.py": ["Trust.encode"],
    "varde_protocols/trust_chain.py": ["MAX_REPLAYED", "replay"],
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
# DESIGN: the application bundle of a slot
BUDGET_BYTES = 200_000
