"""Read the COSE golden vectors with pycose; run in its own environment, prints JSON.

Usage: pycose_reader.py VECTORS_FOLDER
"""

import json
import pathlib
import sys

import cbor2
from pycose.headers import IV, KID, Algorithm
from pycose.keys import OKPKey, SymmetricKey
from pycose.keys.curves import Ed25519
from pycose.messages import Enc0Message, Sign1Message, SignMessage

SIGN1_TAG = 18
ENCRYPT0_TAG = 16


def tagged(message: bytes, tag: int) -> bytes:
    """pycose.decode wants the tag that our messages leave out."""
    return bytes((0xC0 | tag,)) + message if tag < 24 else bytes((0xD8, tag)) + message


def sign1(row: dict, public: bytes) -> dict:
    message = Sign1Message.decode(tagged(bytes.fromhex(row["message"]), SIGN1_TAG))
    message.key = OKPKey(crv=Ed25519, x=public)
    message.external_aad = bytes.fromhex(row.get("external_aad", ""))
    return {
        "algorithm": message.phdr[Algorithm].fullname,
        "kid": message.phdr[KID].hex(),
        "payload": message.payload.hex(),
        "good": message.verify_signature(),
    }


def encrypt0(row: dict) -> dict:
    message = Enc0Message.decode(tagged(bytes.fromhex(row["message"]), ENCRYPT0_TAG))
    message.key = SymmetricKey(k=bytes.fromhex(row["key"]))
    message.external_aad = bytes.fromhex(row["external_aad"])
    return {
        "algorithm": message.phdr[Algorithm].fullname,
        "iv": message.uhdr[IV].hex(),
        "plaintext": message.decrypt().hex(),
    }


def document(row: dict, publics: dict) -> dict:
    """Each signer's kid, and whether its key made the signature."""
    message = SignMessage.decode(bytes.fromhex(row["message"]))
    signers = {}
    for signer in message.signers:
        kid = signer.phdr[KID].hex()
        signer.key = OKPKey(crv=Ed25519, x=bytes.fromhex(publics[kid]))
        signers[kid] = signer.phdr[Algorithm].fullname, signer.verify_signature()
    return {"payload": message.payload.hex(), "signers": signers,
            "protected": message.phdr_encoded.hex()}  # fmt: skip


def exchange_rows(folder: pathlib.Path) -> list:
    exchange = json.loads((folder / "exchange.json").read_text())
    aad = b"varde exchange answer 1".hex()
    return [{"message": row["message"], "external_aad": aad} for row in exchange["answers"]]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    vectors = json.loads((folder / "cose.json").read_text())
    records = json.loads((folder / "records.json").read_text())
    signed = json.loads((folder / "documents.json").read_text())
    publics = {key["kid"]: key["public"] for key in signed["keys"].values()}
    hub = bytes.fromhex(vectors["keys"]["hub_public"])
    collector = bytes.fromhex(vectors["keys"]["collector_public"])
    result = {
        "cbor2": getattr(cbor2, "__version__", ""),
        "sign1": [sign1(row, hub) for row in vectors["sign1"]],
        "encrypt0": [encrypt0(row) for row in vectors["encrypt0"]],
        "records": [sign1(row, hub) for row in records["records"]],
        "documents": [document(row, publics) for row in signed["documents"]],
        "answers": [sign1(row, collector) for row in exchange_rows(folder)],
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
