"""The golden vectors of signed documents: what is made of `site`, and what is refused."""

from __future__ import annotations

from typing import Any

from golden import site
from golden.values import HUB_ID, root
from varde_protocols import cbor, cose, documents
from varde_protocols.cbor_scalars import Tag
from varde_protocols.crypto import ed25519

ORDER_8_U = 325606250916557431795983626356110631294008115727848805560023387167927233504
ORDER_8_KEY = (ORDER_8_U | 1 << 255).to_bytes(32, "little")


def document_vectors() -> dict[str, Any]:
    """The content of documents.json."""
    return {
        "keys": {name: {"seed": bytes([101 + place]) * 32, "public": site.key(name).public,
                        "kid": cose.key_id(site.key(name).public)}
                 for place, name in enumerate(site.NAMES)},
        "hub_id": HUB_ID,
        "documents": [
            {"kind": kind, "type": type(value).__name__, "signers": list(signers),
             "payload": value.encode(), "message": site.signed(kind, value, *signers)}
            for kind, value, signers in site.rows()
        ],
        "malformed": malformed(),
        "refused": [
            {"type": name, "error": error, "case": case, "key": key,
             **({} if value is MISSING else {"value": cbor.encode(value)})}
            for name, error, case, key, value in refused()
        ],
    }  # fmt: skip


MISSING = object()


def malformed() -> list[dict[str, Any]]:
    """A good trust in other bytes, none of which is a document."""
    good = site.signed(documents.TRUST, site.trusts()[0], *site.TRUST_SIGNERS[0])
    body, _, payload, signatures = cbor.decode(good).value
    first = signatures[0]

    def document(*parts: Any, tag: int = 98) -> bytes:
        return cbor.encode(Tag(tag, list(parts)))

    def signed(*signers: Any) -> bytes:
        return document(body, {}, payload, list(signers))

    strangers = [site.key(f"stranger-{number}") for number in range(1, 8)]
    many = [cbor.decode(documents.sign(documents.TRUST, payload, [each])).value[3][0]
            for each in strangers]  # fmt: skip
    rows = [
        ("empty", b""),
        ("no tag", good[2:]),
        ("COSE_Sign1's tag", document(body, {}, payload, signatures, tag=18)),
        ("three parts", document(body, {}, payload)),
        ("an unprotected header", document(body, {4: b"x"}, payload, signatures)),
        ("the kind unprotected", document(b"", {-65537: 1}, payload, signatures)),
        ("the kind as content type", document(cbor.encode({3: 1}), {}, payload, signatures)),
        ("a header beside the kind",
         document(cbor.encode({-65537: 1, 3: 0}), {}, payload, signatures)),
        ("a detached payload", document(body, {}, None, signatures)),
        ("no signatures", signed()),
        ("a signature that is none", signed(b"")),
        ("the same signature twice", signed(first, first)),
        ("signatures descending", signed(*reversed(signatures))),
        ("nine signatures", signed(*sorted([*signatures, *many], key=lambda one: one[0]))),
        ("a signature of ES256", signed([cbor.encode({1: -7, 4: bytes(8)}), {}, bytes(64)])),
        ("a signature without kid", signed([cbor.encode({1: -8}), {}, bytes(64)])),
        ("a kid of 7 bytes", signed([cbor.encode({1: -8, 4: bytes(7)}), {}, bytes(64)])),
        ("an unprotected kid", signed([first[0], {4: bytes(8)}, first[2]])),
        ("a signature of 63 bytes", signed([first[0], {}, first[2][1:]])),
        ("a long head of the payload", good.replace(b"\xa0\x59", b"\xa0\x5a\0\0", 1)),
        ("an array without length", good[:2] + b"\x9f" + good[3:] + b"\xff"),
        ("a byte behind", good + b"\0"),
        ("the last byte missing", good[:-1]),
        ("oversized", document(body, {}, bytes(documents.MAX_DOCUMENT_BYTES), signatures)),
    ]  # fmt: skip
    return [{"case": case, "message": data} for case, data in rows]


def refused() -> list[tuple[str, str, str, Any, Any]]:
    """(type, error, case, key, value): what the first golden payload must not have there."""
    return [*_trusts(), *_releases(), *_assignments(), *_wipe_records()]


def _trusts() -> list[tuple[str, str, str, Any, Any]]:
    roles = site.trusts()[0].roles
    shared = site.role(1, "assignment-1", "service-1")
    collector = site.trusts()[0].collector_public
    nine = [9, sorted(ed25519.SigningKey(bytes([i]) * 32).public for i in range(9))]
    rows: list[tuple[str, str, Any, Any]] = [
        ("range", "epoch 0", 1, 0),
        ("range", "an epoch of 33 bits", 1, 1 << 32),
        ("range", "a site id of 7 bytes", 2, bytes(7)),
        ("role", "roles are an array", 3, []),
        ("role", "nobody for the next trust", 3, {**roles, 1: [1, []]}),
        ("role", "no service role", 3, {k: v for k, v in roles.items() if k != 4}),
        ("range", "a fifth role", 3, {**roles, 5: site.role(1, "stranger-1")}),
        ("range", "a role by name", 3, {**roles, "trust": site.role(1, "stranger-1")}),
        ("role", "a role without threshold", 3, {**roles, 1: [roles[1][1]]}),
        ("role", "nine keys", 3, {**roles, 1: nine}),
        ("range", "a threshold of 0", 3, {**roles, 1: [0, roles[1][1]]}),
        ("range", "a threshold above the keys", 3, {**roles, 1: [4, roles[1][1]]}),
        ("range", "a threshold that is true", 3, {**roles, 3: [True, roles[3][1]]}),
        ("range", "one release key is enough", 3, {**roles, 2: [1, roles[2][1]]}),
        ("range", "two for a service request", 3, {**roles, 4: [2, roles[4][1]]}),
        ("range", "a key of 31 bytes", 3, {**roles, 3: [1, [bytes(31)]]}),
        ("range", "a key as text", 3, {**roles, 3: [1, ["k" * 32]]}),
        ("order", "keys descending", 3, {**roles, 1: [2, roles[1][1][::-1]]}),
        ("duplicate", "a key twice in a role", 3, {**roles, 3: [1, [roles[3][1][0]] * 2]}),
        ("duplicate", "a key in two roles", 3, {**roles, 4: shared}),
        ("duplicate", "the collector's key in a role", 3, {**roles, 3: [1, [collector]]}),
        ("roots", "roots are a map", 4, {}),
        ("roots", "one root", 4, [root(300, 1)]),
        ("roots", "five roots", 4, [root(300, i) for i in range(5)]),
        ("roots", "a root twice", 4, [root(300, 1)] * 2),
        ("root", "a root as PEM", 4, [root(300, 1), b"-----BEGIN CERTIFICATE-----"]),
        ("root", "a root cut short", 4, [root(300, 1), root(300, 2)[:-1]]),
        ("range", "a root of 2049 bytes", 4, [root(300, 1), root(2049, 2)]),
        ("range", "a root as text", 4, [root(300, 1), "root"]),
        ("range", "a root that is a list", 4, [root(300, 1), []]),
        ("range", "a collector key of 31 bytes", 5, bytes(31)),
        ("range", "a collector key that is a list", 5, []),
        ("range", "a receiver key of 33 bytes", 6, bytes(33)),
        ("key", "a collector key of order 1", 5, b"\1" + bytes(31)),
        ("key", "a collector key off the curve", 5, b"\2" + bytes(31)),
        ("key", "a receiver key of zeros", 6, bytes(32)),
        ("key", "a receiver key of order 8", 6, ORDER_8_KEY),
        ("algorithm", "ES256", 7, -7),
        ("range", "a negative time", 8, -1),
        ("unknown-key", "a ninth key", 9, 0),
        ("missing-key", "no time", 8, MISSING),
    ]
    return [("Trust", "trust-" + error, *row) for error, *row in rows]  # type: ignore[misc]


def _releases() -> list[tuple[str, str, str, Any, Any]]:
    both = [list(component._items()) for component in site.releases()[0].components]
    bundle = both[0]

    def changed(index: int, value: Any) -> list[Any]:
        return [[*bundle[:index], value, *bundle[index + 1 :]]]

    rows: list[tuple[str, str, Any, Any]] = [
        ("range", "number 0", 1, 0),
        ("range", "an empty name", 2, ""),
        ("range", "a name of 33 bytes", 2, "x" * 33),
        ("range", "a target in bytes", 3, b"esp32s3"),
        ("text", "a target with a slash", 3, "../esp32"),
        ("shape", "components are a map", 4, {}),
        ("shape", "a component of five", 4, [bundle[:5]]),
        ("components", "no component", 4, []),
        ("components", "two of a kind", 4, [bundle, bundle]),
        ("components", "the interpreter first", 4, both[::-1]),
        ("range", "a third kind", 4, changed(0, 3)),
        ("range", "nothing to fetch", 4, changed(1, 0)),
        ("range", "more than a slot holds", 4, changed(1, (4 << 20) + 1)),
        ("range", "half a SHA-256", 4, changed(2, bytes(16))),
        ("range", "blocks of 1 byte", 4, changed(3, 1)),
        ("blocks", "too many blocks", 4, [[1, 4 << 20, bytes(32), 1024, bytes(32), 0]]),
        ("range", "a negative min_from", 4, changed(5, -1)),
        ("range", "a floor above itself", 5, 8),
        ("unknown-key", "a seventh key", 7, 0),
        ("missing-key", "no floor", 5, MISSING),
    ]
    return [("Release", "release-" + error, *row) for error, *row in rows]  # type: ignore[misc]


def _assignments() -> list[tuple[str, str, str, Any, Any]]:
    config = site.assignments()[0].config.fields()
    rows: list[tuple[str, str, Any, Any]] = [
        ("assignment-range", "no site", 1, b""),
        ("assignment-range", "number 0", 2, 0),
        ("assignment-range", "a hub id of 9 bytes", 3, bytes(9)),
        ("config-shape", "no config", 4, None),
        ("config-unknown-key", "a config with a root", 4, {**config, 14: root(300, 1)}),
        ("config-unknown-key", "a config with a key", 4, {**config, "collector": bytes(32)}),
        ("config-text", "a config that no hub may run", 4, {**config, 2: "http://a"}),
        ("assignment-shape", "a release by number only", 5, 7),
        ("assignment-shape", "a release of three", 5, [7, bytes(32), 0]),
        ("assignment-range", "half a SHA-256", 5, [7, bytes(16)]),
        ("assignment-range", "a negative time", 6, -1),
        ("config-unknown-key", "a config with a patient's limit", 4, {**config, "pulse max": 120}),
        ("config-count", "a window of one", 7, [60]),
        ("config-range", "a window of no time", 7, [60, 60]),
        ("config-range", "a window until 24:00", 7, [60, 1440]),
        ("config-range", "a negative allowance", 8, -1),
        ("config-count", "a source without a path", 9, ["a.example", 443]),
        ("config-text", "a source that is an address of the web", 9, ["https://a", 443, ""]),
        ("config-range", "a source at port 0", 9, ["a.example", 0, ""]),
        ("config-text", "a path that does not begin", 9, ["a.example", 443, "blobs"]),
        ("config-text", "a path that ends twice", 9, ["a.example", 443, "/blobs/"]),
        ("config-text", "a path that is a slash", 9, ["a.example", 443, "/"]),
        ("config-text", "a path with a query", 9, ["a.example", 443, "/blobs?x="]),
        ("config-text", "a path with a line in it", 9, ["a.example", 443, "/a\r\nX: y"]),
        ("config-length", "a path of 129 bytes", 9, ["a.example", 443, "/" + "a" * 128]),
        ("config-length", "a ring of 17 bytes", 10, "a" * 17),
        ("config-length", "no ring, by null", 10, None),
        ("assignment-unknown-key", "an eleventh key", 11, 0),
        ("assignment-unknown-key", "a receiver key", "receiver", bytes(32)),
        ("assignment-missing-key", "no hub, not even null", 3, MISSING),
    ]
    return [("Assignment", *row) for row in rows]  # type: ignore[misc]


def _wipe_records() -> list[tuple[str, str, str, Any, Any]]:
    record = site.wipe_records()[0]
    step = record.steps[0]
    rows: list[tuple[str, str, Any, Any]] = [
        ("range", "no site", 1, b""),
        ("range", "a hub id of 7 bytes", 2, bytes(7)),
        ("range", "a chip id of 8 bytes", 3, bytes(8)),
        ("range", "an empty kit id", 4, ""),
        ("range", "finished before it started", 6, record.started_ms - 1),
        ("range", "more readings than records", 8, 13),
        ("undecided", "readings given up by nobody", 9, None),
        ("shape", "a function alone", 9, ["oppfolgingstjeneste"]),
        ("text", "a person in two words", 9, ["oppfolgingstjeneste", "t 17"]),
        ("count", "no steps", 10, []),
        ("count", "65 steps", 10, [step] * 65),
        ("shape", "a step of two", 10, [step[:2]]),
        ("range", "a step outside the time", 10, [[step[0], 1, step[2]]]),
        ("range", "evidence of 31 bytes", 10, [[*step[:2], bytes(31)]]),
        ("range", "no tool", 11, ""),
        ("unknown-key", "a twelfth key", 12, 0),
        ("missing-key", "no decision, not even null", 9, MISSING),
    ]
    return [("WipeRecord", "wipe-" + error, *row) for error, *row in rows]  # type: ignore[misc]
