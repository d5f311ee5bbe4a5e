"""Every golden vector of ours, read with cbor2 and cryptography alone.

Nothing of varde_protocols is imported here: what it makes must be readable without it.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from golden import formats

COSE = formats.load("cose.json")
RECORDS = formats.load("records.json")
EXCHANGE = formats.load("exchange.json")
CONFIG = formats.load("hub_config.json")
CBOR = formats.load("cbor.json")
KEYS = {name: bytes.fromhex(text) for name, text in RECORDS["keys"].items()}


def unhex(row: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(row[name]) for name in names]


def opened(message: bytes, public: bytes, kid: bytes, aad: bytes = b"") -> bytes:
    """The payload of a COSE_Sign1 as RFC 9052 section 4.4 verifies it."""
    protected, unprotected, payload, signature = cbor2.loads(message)
    assert cbor2.loads(protected) == {1: -8, 4: kid}
    assert unprotected == {}
    signed = cbor2.dumps(["Signature1", protected, aad, payload])
    Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    return payload


def decrypted(message: bytes, key: bytes, aad: bytes) -> bytes:
    """The plaintext of a COSE_Encrypt0 as RFC 9052 section 5.3 decrypts it."""
    protected, unprotected, ciphertext = cbor2.loads(message)
    assert cbor2.loads(protected) == {1: 30}
    assert list(unprotected) == [5]
    structure = cbor2.dumps(["Encrypt0", protected, aad])
    return AESCCM(key, tag_length=16).decrypt(unprotected[5], ciphertext, structure)


def test_keys() -> None:
    for name, kid in (("hub", "hub_id"), ("collector", "collector_kid")):
        private = Ed25519PrivateKey.from_private_bytes(KEYS[name + "_seed"])
        assert private.public_key().public_bytes_raw() == KEYS[name + "_public"]
        assert hashlib.sha256(KEYS[name + "_public"]).digest()[:8] == KEYS[kid]
    for name in ("receiver", "session"):
        secret = X25519PrivateKey.from_private_bytes(KEYS[name + "_private"])
        assert secret.public_key().public_bytes_raw() == KEYS[name + "_public"]


@pytest.mark.parametrize("row", COSE["sign1"])
def test_sign1(row: dict[str, str]) -> None:
    payload, aad, message = unhex(row, "payload", "external_aad", "message")
    assert opened(message, KEYS["hub_public"], KEYS["hub_id"], aad) == payload
    with pytest.raises(InvalidSignature):
        opened(message, KEYS["hub_public"], KEYS["hub_id"], aad + b"x")


@pytest.mark.parametrize("row", COSE["encrypt0"])
def test_encrypt0(row: dict[str, str]) -> None:
    key, plaintext, aad, message = unhex(row, "key", "plaintext", "external_aad", "message")
    assert decrypted(message, key, aad) == plaintext
    with pytest.raises(InvalidTag):
        decrypted(message, key, aad + b"x")


def test_working_group_rows_are_as_published() -> None:
    """A slip of the pen in the vectors would show here."""
    for row in COSE["working_group"]["sign1"]:
        public, protected, payload, signature, message = unhex(
            row, "public", "protected", "payload", "signature", "message"
        )
        tagged = cbor2.loads(message)
        assert tagged.tag == 18
        assert list(tagged.value) == [protected, {4: b"11"}, payload, signature]
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    for row in COSE["working_group"]["encrypt0"]:
        key, plaintext, message = unhex(row, "key", "plaintext", "message")
        tagged = cbor2.loads(message)
        assert tagged.tag == 16
        assert decrypted(cbor2.dumps(tagged.value), key, b"") == plaintext


@pytest.mark.parametrize("row", RECORDS["records"])
def test_records(row: dict[str, Any]) -> None:
    payload, message = unhex(row, "payload", "message")
    assert opened(message, KEYS["hub_public"], KEYS["hub_id"]) == payload
    record = cbor2.loads(payload)
    assert sorted(record) == [1, 2, 3, 4, 5]
    fields = row["fields"]
    assert [record[2], record[3], record[4]] == [fields[n] for n in ("seq", "boot", "uptime_ms")]
    if row["type"] == "Unknown":
        assert (record[1], cbor2.dumps(record[5]).hex()) == (fields["kind"], fields["body"])
        return
    if row["type"] == "Report":
        assert (record[1], cbor2.dumps(record[5]).hex()) == (7, fields["facts"])
        return
    kinds = {"Reading": 1, "Anchor": 2, "Clock": 3, "Event": 4, "Gap": 5, "Session": 6}
    assert record[1] == kinds[row["type"]]
    body = [record[5][key] for key in sorted(record[5])]
    others = [value for name, value in fields.items() if name not in ("seq", "boot", "uptime_ms")]
    assert [v.hex() if isinstance(v, bytes) else v for v in body] == others


def payload_of(kind: str) -> list[dict[int, Any]]:
    rows = [row for row in RECORDS["records"] if row["type"] == kind]
    return [cbor2.loads(bytes.fromhex(row["payload"])) for row in rows]


def test_readings_open_with_the_receivers_key() -> None:
    session = payload_of("Session")[0]
    shared = X25519PrivateKey.from_private_bytes(KEYS["receiver_private"]).exchange(
        X25519PublicKey.from_public_bytes(session[5][1])
    )
    salt = KEYS["hub_id"] + session[3].to_bytes(4, "big")
    info = cbor2.dumps(["varde reading", session[2], session[5][2], session[5][1]])
    key = HKDF(hashes.SHA256(), 16, salt, info).derive(shared)
    rows = [row for row in RECORDS["records"] if row["type"] == "Reading"]
    assert len(rows) == 4
    for row, reading in zip(rows, payload_of("Reading"), strict=True):
        seq, boot, uptime_ms, body = (reading[key] for key in (2, 3, 4, 5))
        assert (boot, body[3]) == (session[3], session[2])
        context = cbor2.dumps([KEYS["hub_id"], boot, seq, uptime_ms, body[1], body[2]])
        content = cbor2.loads(decrypted(body[4], key, context))
        iv = cbor2.loads(body[4])[1][5]
        assert iv == seq.to_bytes(8, "big") + boot.to_bytes(4, "big") + b"\0"
        said = row["content"]
        assert content == {
            1: bytes.fromhex(said["value"]), 2: said["service"],
            3: bytes.fromhex(said["address"]), **({4: said["model"]} if said["model"] else {}),
        }  # fmt: skip


def test_requests() -> None:
    for name in ("request", "empty_request"):
        row = EXCHANGE[name]
        body = bytes.fromhex(row["body"])
        decoder = cbor2.CBORDecoder(io.BytesIO(body))
        items = [decoder.decode() for _ in range(1 + len(row["records"]))]
        head = cbor2.dumps(items[0])
        assert body == head + b"".join(bytes.fromhex(text) for text in row["records"])
        payload = opened(head, KEYS["hub_public"], KEYS["hub_id"], b"varde exchange request 1")
        values = list(row["fields"].values())
        assert cbor2.loads(payload) == dict(enumerate([bytes.fromhex(values[0]), *values[1:]], 1))


@pytest.mark.parametrize("row", EXCHANGE["answers"])
def test_answers(row: dict[str, Any]) -> None:
    message = bytes.fromhex(row["message"])
    payload = opened(message, KEYS["collector_public"], KEYS["collector_kid"],
                     b"varde exchange answer 1")  # fmt: skip
    nonce, hub_id, *rest = row["fields"].values()
    wanted = [bytes.fromhex(nonce), bytes.fromhex(hub_id), *rest]
    assert cbor2.loads(payload) == dict(enumerate(wanted, 1))


def test_config() -> None:
    config = cbor2.loads(bytes.fromhex(CONFIG["encoded"]))
    said = CONFIG["config"]
    assert sorted(config) == list(range(1, 14))
    assert config[9] == list(said["modem"].values())
    assert config[1] == [[row["ssid"], row["password"]] for row in said["networks"]]
    for key, name in (
        (2, "collector_host"),
        (3, "collector_port"),
        (4, "heartbeat_s"),
        (6, "ntp_host"),
        (7, "ntp_port"),
        (8, "board"),
        (10, "data_budget_kib"),
        (11, "local_time"),
        (12, "reminders"),
        (13, "quiet"),
    ):
        assert config[key] == said[name]
    for sensor, row in zip(config[5], said["sensors"], strict=True):
        address = sensor[1] and sensor[1].hex()
        assert [sensor[0], address, *sensor[2:9], sensor[9].hex()] == list(row.values())
    assert len(cbor2.loads(bytes.fromhex(CONFIG["least"]))) == 13


@pytest.mark.parametrize("row", CBOR["appendix_a"], ids=lambda row: row["hex"])
def test_appendix_a(row: dict[str, Any]) -> None:
    value = cbor2.loads(bytes.fromhex(row["hex"]))
    if "decoded" in row:
        assert value == row["decoded"]
