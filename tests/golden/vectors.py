"""The golden vectors of our own formats, made with fixed keys.

`PYTHONPATH=protocols:tests .venv/bin/python -m golden.vectors` writes
protocols/vectors/*.json again but for those of others. A test holds that the files are
what this makes, so that a format never changes unseen; the oracle tests read them with other
people's libraries.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from golden import (
    bench_record_vectors,
    document_request_vectors,
    document_vectors,
    refused,
    service,
)
from golden.values import (
    ANSWER,
    CCM_KEY,
    COLLECTOR,
    COLLECTOR_KID,
    CONTENTS,
    HUB,
    HUB_ID,
    IV,
    KEYS,
    NONCE,
    PAYLOAD,
    SENT,
    WORKING_GROUP,
    all_records,
    config,
    request,
    sent_messages,
)  # fmt: skip
from varde_protocols import cbor, cose, exchange, hub_config, records

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "protocols" / "vectors"


def fields_of(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.FIELDS}


def cose_vectors() -> dict[str, Any]:
    return {
        "keys": KEYS,
        "working_group": WORKING_GROUP,
        "sign1": [
            {"payload": payload, "external_aad": aad,
             "message": cose.sign1(HUB, HUB_ID, payload, aad)}
            for payload in (b"", PAYLOAD, bytes(23), bytes(24), bytes(255), bytes(256))
            for aad in (b"", b"varde exchange request 1")
        ],
        "encrypt0": [
            {"key": CCM_KEY, "iv": IV, "plaintext": plaintext, "external_aad": aad,
             "message": cose.encrypt0(CCM_KEY, IV, plaintext, aad)}
            for plaintext in (b"", PAYLOAD, bytes(240))
            for aad in (b"", b"context")
        ],
        "refused_sign1": refused.refused_sign1(),
        "refused_encrypt0": refused.refused_encrypt0(),
    }  # fmt: skip


def record_vectors() -> dict[str, Any]:
    rows = []
    for record in all_records():
        row = {"type": type(record).__name__, "fields": fields_of(record),
               "payload": record.payload(),
               "message": cose.sign1(HUB, HUB_ID, record.payload())}  # fmt: skip
        if isinstance(record, records.Unknown):
            row["fields"] = {**row["fields"], "body": cbor.encode(record.body)}
        if isinstance(record, records.Report):
            row["fields"] = {**row["fields"], "facts": cbor.encode(record.facts)}
        if isinstance(record, records.Reading):
            row["content"] = fields_of(CONTENTS[record.seq][2])
        rows.append(row)
    return {"keys": KEYS, "records": rows, "refused": refused.refused_records()}


def exchange_vectors() -> dict[str, Any]:
    messages = sent_messages()
    empty = exchange.Answer(NONCE, HUB_ID, [], 1771234600000, 60, 2, [])
    answer = exchange.Answer(*ANSWER.values())
    return {
        "keys": KEYS,
        "request": {
            "fields": fields_of(request()),
            "records": messages,
            "sent_seqs": SENT,
            "body": exchange.encode_request(HUB, HUB_ID, request(), messages),
        },
        "empty_request": {
            "fields": fields_of(request(0)),
            "records": [],
            "sent_seqs": [],
            "body": exchange.encode_request(HUB, HUB_ID, request(0), []),
        },
        "answers": [
            {"fields": fields_of(each),
             "message": exchange.encode_answer(COLLECTOR, COLLECTOR_KID, each)}
            for each in (answer, empty)
        ],
        "refused_answers": refused.refused_answers(),
    }  # fmt: skip


def config_vectors() -> dict[str, Any]:
    mine = config()
    fields = fields_of(mine)
    fields["networks"] = [fields_of(network) for network in mine.networks]
    fields["modem"] = fields_of(mine.modem)
    fields["sensors"] = [fields_of(sensor) for sensor in mine.sensors]
    least = hub_config.HubConfig(
        [], "10.0.0.2", 1, 60, [], "::1", 1, "x", hub_config.Modem("a", "", "", ""), 0,
        [-720, hub_config.RULE_NONE], [], None,
    )  # fmt: skip
    return {
        "config": fields,
        "encoded": cbor.encode(mine.fields()),
        "least": cbor.encode(least.fields()),
        "refused": refused.refused_configs(),
    }


def as_json(value: Any) -> str:
    """Bytes as hex; rows of a list one a line, so that a change shows where it is."""

    def plain(item: Any) -> Any:
        if isinstance(item, bytes):
            return item.hex()
        if isinstance(item, dict):
            return {key: plain(member) for key, member in item.items()}
        return [plain(member) for member in item] if isinstance(item, list) else item

    parts = []
    for name, member in plain(value).items():
        if isinstance(member, list):
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in member)
            parts.append(f' "{name}": [\n{rows}\n ]')
        else:
            parts.append(f' "{name}": {json.dumps(member, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def build() -> dict[str, str]:
    """File name to content."""
    return {
        "cose.json": as_json(cose_vectors()),
        "records.json": as_json(record_vectors()),
        "exchange.json": as_json(exchange_vectors()),
        "hub_config.json": as_json(config_vectors()),
        "documents.json": as_json(document_vectors.document_vectors()),
        "service_request.json": as_json(service.service_vectors()),
        "bench_records.json": as_json(bench_record_vectors.bench_record_vectors()),
        "document_request.json": as_json(document_request_vectors.document_request_vectors()),
    }


if __name__ == "__main__":
    for file_name, content in build().items():
        (VECTORS / file_name).write_text(content)
