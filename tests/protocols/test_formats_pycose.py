"""Our COSE messages read by pycose, in an environment of its own, as it needs cbor2 5."""

from __future__ import annotations

import json
import pathlib
import subprocess
from typing import Any

import pytest

from golden import formats
from golden.vectors import VECTORS

PYTHON = VECTORS.parents[1] / ".venv-pycose" / "bin" / "python"
READER = pathlib.Path(__file__).with_name("pycose_reader.py")
COSE = formats.load("cose.json")
RECORDS = formats.load("records.json")
EXCHANGE = formats.load("exchange.json")
DOCUMENTS = formats.load("documents.json")


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip("no .venv-pycose: `make setup` makes it")
    command = [str(PYTHON), str(READER), str(VECTORS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_sign1(seen: dict[str, Any]) -> None:
    for row, theirs in zip(COSE["sign1"], seen["sign1"], strict=True):
        assert theirs == {"algorithm": "EDDSA", "kid": COSE["keys"]["hub_id"], "good": True,
                          "payload": row["payload"]}  # fmt: skip


def test_encrypt0(seen: dict[str, Any]) -> None:
    for row, theirs in zip(COSE["encrypt0"], seen["encrypt0"], strict=True):
        assert theirs == {"algorithm": "AES_CCM_16_128_128", "iv": row["iv"],
                          "plaintext": row["plaintext"]}  # fmt: skip


def test_records(seen: dict[str, Any]) -> None:
    for row, theirs in zip(RECORDS["records"], seen["records"], strict=True):
        assert (theirs["good"], theirs["payload"]) == (True, row["payload"])


def test_answers(seen: dict[str, Any]) -> None:
    assert len(seen["answers"]) == len(EXCHANGE["answers"])
    for theirs in seen["answers"]:
        assert (theirs["good"], theirs["kid"]) == (True, EXCHANGE["keys"]["collector_kid"])


def test_documents(seen: dict[str, Any]) -> None:
    for row, theirs in zip(DOCUMENTS["documents"], seen["documents"], strict=True):
        kids = [DOCUMENTS["keys"][name]["kid"] for name in row["signers"]]
        assert theirs["signers"] == {kid: ["EDDSA", True] for kid in kids}
        assert theirs["payload"] == row["payload"]
        assert theirs["protected"] == f"a13a00010000{row['kind']:02x}"
