"""The values behind the golden vectors: fixed keys, and one of everything made with them."""

from __future__ import annotations

from typing import Any

from varde_protocols import cose, exchange, hub_config, records, sealing, update_words
from varde_protocols.crypto import ed25519, x25519

HUB = ed25519.SigningKey(bytes(range(32)))
HUB_ID = sealing.key_id(HUB.public)
COLLECTOR = ed25519.SigningKey(bytes(range(32, 64)))
COLLECTOR_KID = sealing.key_id(COLLECTOR.public)
RECEIVER_PRIVATE = bytes(range(64, 96))
RECEIVER_PUBLIC = x25519.public_key(RECEIVER_PRIVATE)
SESSION_PRIVATE = bytes(range(96, 128))
BOOT = 7
SESSION_SEQ = 41
NONCE = bytes(range(16))
VERIFICATION = bytes.fromhex("5ea1ed0123456789")

KEYS = {
    "hub_seed": bytes(range(32)),
    "hub_public": HUB.public,
    "hub_id": HUB_ID,
    "collector_seed": bytes(range(32, 64)),
    "collector_public": COLLECTOR.public,
    "collector_kid": COLLECTOR_KID,
    "receiver_private": RECEIVER_PRIVATE,
    "receiver_public": RECEIVER_PUBLIC,
    "receiver_kid": sealing.key_id(RECEIVER_PUBLIC),
    "session_private": SESSION_PRIVATE,
    "session_public": x25519.public_key(SESSION_PRIVATE),
}


# --- COSE ----------------------------------------------------------------------------------------

# Working group examples (github.com/cose-wg/Examples). eddsa-sig-01 keeps its kid unprotected and
# has a content type, so its structure is checked, and our profile must refuse it as it stands.
WORKING_GROUP = {
    "sign1": [
        {
            "source": "eddsa-examples/eddsa-sig-01.json",
            "seed": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "public": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "protected": "a201270300",
            "payload": b"This is the content.",
            "signature": "7142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7afb87"
            "11497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d",
            "message": "d28445a201270300a10442313154546869732069732074686520636f6e74656e742e5840"
            "7142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7afb87"
            "11497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d",
            "difference": "tag 18, kid unprotected, content type: our profile refuses the message",
        }
    ],
    "encrypt0": [
        {
            "source": "aes-ccm-examples/aes-ccm-enc-02.json",
            "key": "849b57219dae48de646d07dbb533566e",
            "iv": "89f52f65a1c580933b5261a72f",
            "plaintext": b"This is the content.",
            "message": "d08344a101181ea1054d89f52f65a1c580933b5261a72f5824"
            "6899da0a132bd2d2b9b10915743ee1f7b92a4680903f2c00d37e14d4ebdc7ef2c03cf5a9",
            "difference": "tag 16; without it the message is ours, byte for byte",
        }
    ],
}

PAYLOAD = b"a varde is a cairn"
CCM_KEY = bytes(range(16))
IV = bytes(range(100, 113))


# --- records -------------------------------------------------------------------------------------

CONTENTS = {
    # An oximeter's spot check (2A5E), a scale (2A9D), the longest value there can be.
    42: (1, 0x2A5E, sealing.Content(bytes.fromhex("1361004800"), 0x1822,
                                    bytes.fromhex("00a0b1c2d3e4f5"), "")),
    43: (2, 0x2A9D, sealing.Content(bytes.fromhex("0204e2"), 0x181D,
                                    bytes.fromhex("01a0b1c2d3e4f6"), "and-uc352")),
    44: (255, 0x1FFFF, sealing.Content(bytes(512), 0x1FFFF, bytes(7), "m" * 24)),
    45: (0, 0, sealing.Content(b"", 0, bytes(7), "")),
}  # fmt: skip


def sealer() -> sealing.SessionSealer:
    return sealing.SessionSealer(HUB_ID, BOOT, SESSION_SEQ, SESSION_PRIVATE, RECEIVER_PUBLIC)


def session() -> records.Session:
    mine = sealer()
    return records.Session(SESSION_SEQ, BOOT, 3000, mine.public_key, mine.receiver_kid)


def readings() -> list[records.Reading]:
    mine = sealer()
    made = []
    for seq, (slot, characteristic, content) in CONTENTS.items():
        uptime_ms = seq * 60000
        sealed = mine.seal(seq, uptime_ms, slot, characteristic, content)
        made.append(
            records.Reading(seq, BOOT, uptime_ms, slot, characteristic, SESSION_SEQ, sealed,
                            b"" if slot == 0 else VERIFICATION)
        )  # fmt: skip
    return made


def all_records() -> list[Any]:
    return [
        session(),
        *readings(),
        records.Anchor(46, BOOT, 70000, 1771234567890, records.SOURCE_SNTP, 40),
        records.Anchor((1 << 63) - 1, (1 << 31) - 1, (1 << 48) - 1, (1 << 48) - 1, 255, 0),
        records.Event(47, BOOT, 12, records.EVENT_BOOT, 3),
        records.Event(0, 0, 0, 0, 0),
        records.Clock(50, BOOT, 81000, 2, 0x2A2B, bytes.fromhex("ea0702120f1e00031a01"), 1),
        records.Clock(51, BOOT, 81001, 255, 0x1FFFF, bytes(32), 255),
        records.Gap(52, BOOT, 82000, [[7, 7], [9, 31]], [[1, 0x2A5F], [3, 0x10011]], 1),
        records.Report(53, BOOT, 83000, {1: "0.1.0", 5: 1, 31: -71, 41: [[1, 40, None, -60]]}),
        records.Report(54, BOOT, 83001, {255: [b"x", True, [0, -1]]}),
        records.Report(55, BOOT, 83002, {70: 7, 71: [2, 8, 6, 12, 11, 47, 1], 72: [5, 3, 1],
                                         73: 2}),
        records.Event(56, BOOT, 83003, records.EVENT_UPDATE_RETURNED,
                      update_words.detail(update_words.CONFIG, update_words.NO_EXCHANGE, 12)),
        records.Event(57, BOOT, 83004, records.EVENT_UPDATE_REFUSED,
                      update_words.detail(3, 19, (1 << 32) - 1)),
        records.Unknown(8, 48, BOOT, 80000, {1: 2, 2: b"clock", 3: [None, True]}),
        records.Unknown(255, 49, BOOT, 80001, None),
    ]  # fmt: skip


# --- exchange ------------------------------------------------------------------------------------


def request(count: int = 3) -> exchange.Request:
    return exchange.Request(NONCE, BOOT, 90000, 41, 50, count, 2)


SENT = [41, 42, 46]
ANSWER = {
    1: NONCE, 2: HUB_ID, 3: [[41, 42]], 4: 1771234600000, 5: 300, 6: 3,
    7: [[2, 46, exchange.REFUSED_CONFLICT]],
}  # fmt: skip
ANSWER_AAD = b"varde exchange answer 1"


def sent_messages() -> list[bytes]:
    chosen = [record for record in all_records() if record.seq in SENT]
    return [cose.sign1(HUB, HUB_ID, record.payload()) for record in chosen]


# --- hub config ----------------------------------------------------------------------------------


def root(size: int, mark: int) -> bytes:
    """Bytes with the outside of a certificate: nothing here looks inside."""
    return b"\x30\x82" + (size - 4).to_bytes(2, "big") + bytes([mark]) * (size - 4)


def config() -> hub_config.HubConfig:
    return hub_config.HubConfig(
        [hub_config.Network("varde-lab", "correct horse"), hub_config.Network("åpent nett", "")],
        "collector.example.org",
        8443,
        300,
        [
            hub_config.Sensor(1, bytes.fromhex("00a0b1c2d3e4f5"), None, 0x1822, [0x2A5E, 0x2A5F],
                              "", hub_config.BOND_NONE, None, None, VERIFICATION),
            hub_config.Sensor(2, bytes.fromhex("01a0b1c2d3e4f6"), "UC-352", 0x181D, [0x2A9D],
                              "and-uc352", hub_config.BOND_PLAIN, None, [1, 1234], bytes(8)),
            hub_config.Sensor(3, None, "A&D_UA-651", 0x1810, [0x2A35], "and-ua651",
                              hub_config.BOND_AUTHENTICATED, 123456, None, b""),
        ],
        "ntp.example.org",
        123,
        "sim",
        hub_config.Modem("telenor.smart", "user", "pass,word", "0123"),
        51_200,
        [60, hub_config.RULE_EU],
        [[480, 0x1F, 3], [480, 0x7F, 2], [1200, 0x60, hub_config.ANY_SLOT]],
        [1320, 420],
    )
