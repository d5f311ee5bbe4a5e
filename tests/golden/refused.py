"""What our formats refuse, each with the code of its error."""

from __future__ import annotations

from typing import Any

from golden.values import (
    ANSWER,
    ANSWER_AAD,
    COLLECTOR,
    COLLECTOR_KID,
    HUB,
    HUB_ID,
    IV,
    config,
    readings,
    session,
)  # fmt: skip
from varde_protocols import cbor, cose


def signed(protected: bytes, unprotected: Any, payload: Any, signature: Any) -> bytes:
    return cbor.encode([protected, unprotected, payload, signature])


def refused_sign1() -> list[dict[str, Any]]:
    good = cbor.encode({1: -8, 4: HUB_ID})
    mark = bytes(64)
    rows = [
        ("malformed", "no array", cbor.encode({1: 2})),
        ("malformed", "three parts", cbor.encode([good, {}, b""])),
        ("malformed", "tagged", b"\xd2" + signed(good, {}, b"", mark)),
        ("malformed", "protected is a map", cbor.encode([{1: -8, 4: HUB_ID}, {}, b"", mark])),
        ("malformed", "protected is empty", signed(b"\xa0", {}, b"", mark)),
        ("malformed", "protected is no map", signed(b"\x80", {}, b"", mark)),
        ("malformed", "algorithm is text", signed(cbor.encode({1: "EdDSA"}), {}, b"", mark)),
        ("malformed", "payload is missing", signed(good, {}, None, mark)),
        ("malformed", "payload is text", signed(good, {}, "x", mark)),
        ("malformed", "signature of 63 bytes", signed(good, {}, b"", mark[1:])),
        ("malformed", "signature of 65 bytes", signed(good, {}, b"", bytes(65))),
        ("unknown-algorithm", "ES256", signed(cbor.encode({1: -7, 4: HUB_ID}), {}, b"", mark)),
        ("unknown-header", "no kid", signed(cbor.encode({1: -8}), {}, b"", mark)),
        ("unknown-header", "kid unprotected", signed(cbor.encode({1: -8}), {4: HUB_ID}, b"",
                                                     mark)),
        ("unknown-header", "content type", signed(cbor.encode({1: -8, 3: 0, 4: HUB_ID}), {}, b"",
                                                  mark)),
        ("unknown-header", "critical", signed(cbor.encode({1: -8, 2: [9], 4: HUB_ID}), {}, b"",
                                              mark)),
        ("unknown-header", "a text label", signed(cbor.encode({1: -8, "a": 0}), {}, b"", mark)),
        ("unknown-header", "a text label beside the kid",
         signed(cbor.encode({1: -8, 4: HUB_ID, "a": 0}), {}, b"", mark)),
        ("unknown-header", "labels of all types",
         signed(cbor.encode({1: -8, "a": 0, b"a": 1}), {"b": 0, b"": 1, 2: 3}, b"", mark)),
        ("unknown-header", "unprotected header", signed(good, {5: b""}, b"", mark)),
        ("bad-kid", "kid of 7 bytes", signed(cbor.encode({1: -8, 4: HUB_ID[1:]}), {}, b"", mark)),
        ("bad-kid", "kid is text", signed(cbor.encode({1: -8, 4: "12345678"}), {}, b"", mark)),
        ("cbor-trailing", "a byte behind", signed(good, {}, b"", mark) + b"\0"),
        ("cbor-truncated", "the last byte is missing", signed(good, {}, b"", mark)[:-1]),
        ("cbor-not-shortest", "long head of the payload",
         signed(good, {}, b"x", mark).replace(b"\xa0\x41x", b"\xa0\x58\x01x")),
        ("cbor-unsorted", "kid before algorithm",
         signed(b"\xa2\x04\x48" + HUB_ID + b"\x01\x27", {}, b"", mark)),
    ]  # fmt: skip
    return [{"error": error, "case": case, "message": data} for error, case, data in rows]


def refused_encrypt0() -> list[dict[str, Any]]:
    good = cbor.encode({1: 30})
    sealed = bytes(20)
    rows = [
        ("malformed", "no array", b"\x00"),
        ("malformed", "four parts", cbor.encode([good, {5: IV}, sealed, b""])),
        ("malformed", "tagged", b"\xd0" + cbor.encode([good, {5: IV}, sealed])),
        ("malformed", "IV of 12 bytes", cbor.encode([good, {5: IV[1:]}, sealed])),
        ("malformed", "IV is text", cbor.encode([good, {5: "1234567890123"}, sealed])),
        ("malformed", "shorter than the tag", cbor.encode([good, {5: IV}, bytes(15)])),
        ("malformed", "detached", cbor.encode([good, {5: IV}, None])),
        ("unknown-algorithm", "64-bit tag", cbor.encode([cbor.encode({1: 10}), {5: IV}, sealed])),
        ("unknown-algorithm", "AES-GCM", cbor.encode([cbor.encode({1: 1}), {5: IV}, sealed])),
        ("unknown-header", "no IV", cbor.encode([good, {}, sealed])),
        ("unknown-header", "kid", cbor.encode([good, {4: b"x", 5: IV}, sealed])),
        ("unknown-header", "IV protected",
         cbor.encode([cbor.encode({1: 30, 5: IV}), {}, sealed])),
        ("unknown-header", "text labels",
         cbor.encode([cbor.encode({1: 30, "a": 0}), {5: IV, b"": 0}, sealed])),
        ("unknown-header", "text label unprotected", cbor.encode([good, {"a": 0}, sealed])),
        ("unknown-header", "headers are no map", cbor.encode([good, [], sealed])),
        ("cbor-trailing", "a byte behind", cbor.encode([good, {5: IV}, sealed]) + b"\0"),
        ("cbor-truncated", "the last byte is missing", cbor.encode([good, {5: IV}, sealed])[:-1]),
        ("decrypt-failed", "not ours", cbor.encode([good, {5: IV}, sealed])),
    ]  # fmt: skip
    return [{"error": error, "case": case, "message": data} for error, case, data in rows]


def refused_gaps() -> list[tuple[str, str, dict[int, Any]]]:
    event = {1: 5, 2: 47, 3: 7, 4: 12}
    gap = {1: [[1, 2]], 2: [[1, 0x2A5F]], 3: 1}
    return [
        ("record-range", "a gap of nothing", {**event, 5: {**gap, 1: []}}),
        ("record-range", "a gap of 32",
         {**event, 5: {**gap, 1: [[2 * i, 2 * i] for i in range(32)]}}),
        ("record-range", "a gap that runs back", {**event, 5: {**gap, 1: [[2, 1]]}}),
        ("record-range", "gaps that touch", {**event, 5: {**gap, 1: [[1, 2], [3, 4]]}}),
        ("record-shape", "a gap of three", {**event, 5: {**gap, 1: [[1, 2, 3]]}}),
        ("record-range", "a gap of nobody's", {**event, 5: {**gap, 2: []}}),
        ("record-range", "a gap of 32 sources",
         {**event, 5: {**gap, 2: [[slot, 0x2A5F] for slot in range(32)]}}),
        ("record-range", "a source twice",
         {**event, 5: {**gap, 2: [[1, 0x2A5F], [1, 0x2A5F]]}}),
        ("record-range", "a source that is no characteristic",
         {**event, 5: {**gap, 2: [[1, 0x20000]]}}),
        ("record-shape", "a source of one", {**event, 5: {**gap, 2: [[1]]}}),
    ]


def refused_reports() -> list[tuple[str, str, dict[int, Any]]]:
    report = {1: 7, 2: 53, 3: 7, 4: 12}
    return [
        ("record-range", "no facts", {**report, 5: {}}),
        ("record-range", "65 facts", {**report, 5: dict.fromkeys(range(1, 66))}),
        ("record-range", "facts are a list", {**report, 5: [1]}),
        ("record-range", "fact 0", {**report, 5: {0: 1}}),
        ("record-range", "fact 256", {**report, 5: {256: 1}}),
        ("record-range", "a fact by name", {**report, 5: {"a": 1}}),
        ("record-shape", "a fact that is a map", {**report, 5: {1: {}}}),
        ("record-shape", "a fact three deep", {**report, 5: {1: [[[1]]]}}),
        ("record-shape", "a fact that is a float", {**report, 5: {1: 0.5}}),
    ]


def refused_records() -> list[dict[str, Any]]:
    reading = cbor.decode(readings()[0].payload())
    event = {1: 4, 2: 47, 3: 7, 4: 12, 5: {1: 1, 2: 3}}
    anchor = {1: 2, 2: 46, 3: 7, 4: 70000, 5: {1: 1771234567890, 2: 1, 3: 40}}
    clock = {1: 1, 2: 0x2A2B, 3: b"x", 4: 0}
    the_session = cbor.decode(session().payload())

    def body(record: dict[int, Any], **changes: Any) -> dict[int, Any]:
        named = {int(key[1:]): value for key, value in changes.items()}
        return {**record, 5: {**record[5], **named}}

    def without(record: dict[int, Any], key: int) -> dict[int, Any]:
        return {**record, 5: {k: v for k, v in record[5].items() if k != key}}

    rows = [
        ("record-shape", "no map", [1, 2, 3, 4, 5]),
        ("record-shape", "body is no map", {**event, 5: [1, 3]}),
        ("record-unknown-key", "sixth key", {**event, 6: 0}),
        ("record-unknown-key", "text key", {**event, "seq": 0}),
        ("record-unknown-key", "keys of all types", {**event, "": 0, b"": 0, -1: 0}),
        (
            "record-unknown-key",
            "keys of all types in a body",
            {**event, 5: {"": 0, b"": 0, -1: 0}},
        ),
        ("record-unknown-key", "unknown key in a body", body(event, k3=0)),
        ("record-unknown-key", "key 0", {**event, 0: 0}),
        ("record-missing-key", "no seq", {k: v for k, v in event.items() if k != 2}),
        ("record-missing-key", "nothing", {}),
        ("record-missing-key", "no detail", without(event, 2)),
        ("record-missing-key", "no sealed value", without(reading, 4)),
        ("record-range", "kind is text", {**event, 1: "event"}),
        ("record-range", "kind 256", {**event, 1: 256}),
        ("record-range", "negative kind", {**event, 1: -1}),
        ("record-range", "negative seq", {**event, 2: -1}),
        ("record-range", "seq of 64 bits", {**event, 2: 1 << 63}),
        ("record-range", "seq is a float", {**event, 2: 1.5}),
        ("record-range", "seq is true", {**event, 2: True}),
        ("record-range", "boot of 32 bits", {**event, 3: 1 << 31}),
        ("record-range", "uptime of 49 bits", {**event, 4: 1 << 48}),
        ("record-range", "code of 17 bits", body(event, k1=1 << 16)),
        ("record-range", "detail is bytes", body(event, k2=b"")),
        ("record-range", "negative UTC", body(anchor, k1=-1)),
        ("record-range", "UTC is text", body(anchor, k1="2026-02-16")),
        ("record-range", "source 256", body(anchor, k2=256)),
        ("record-range", "negative uncertainty", body(anchor, k3=-1)),
        ("record-range", "slot 256", body(reading, k1=256)),
        ("record-range", "characteristic of 18 bits", body(reading, k2=1 << 17)),
        ("record-range", "negative session", body(reading, k3=-1)),
        ("record-range", "nothing sealed", body(reading, k4=b"")),
        ("record-range", "too much sealed", body(reading, k4=bytes(641))),
        ("record-range", "sealed is text", body(reading, k4="x")),
        ("record-missing-key", "no verification", without(reading, 5)),
        ("record-range", "a verification of 7 bytes", body(reading, k5=bytes(7))),
        ("record-range", "a verification of 9 bytes", body(reading, k5=bytes(9))),
        ("record-range", "a verification that is null", body(reading, k5=None)),
        ("record-unknown-key", "a sixth key in a reading", body(reading, k6=0)),
        ("record-missing-key", "no occasion", {**event, 1: 3, 5: {1: 1, 2: 0x2A2B, 3: b"x"}}),
        ("record-range", "a clock of nothing", {**event, 1: 3, 5: {**clock, 3: b""}}),
        ("record-range", "a clock of 33 bytes", {**event, 1: 3, 5: {**clock, 3: bytes(33)}}),
        ("record-range", "occasion 256", {**event, 1: 3, 5: {**clock, 4: 256}}),
        *refused_gaps(),
        *refused_reports(),
        ("record-range", "public key of 31 bytes", body(the_session, k1=bytes(31))),
        ("record-range", "receiver kid of 9 bytes", body(the_session, k2=bytes(9))),
    ]
    coded = [(error, case, cbor.encode(value)) for error, case, value in rows]
    coded += [
        ("cbor-too-large", "1025 bytes", cbor.encode({**event, 1: 7, 5: bytes(1013)})),
        ("cbor-trailing", "a byte behind", cbor.encode(event) + b"\0"),
        ("cbor-truncated", "cut", cbor.encode(event)[:-1]),
        ("cbor-truncated", "empty", b""),
    ]
    return [{"error": error, "case": case, "payload": data} for error, case, data in coded]


def answer(
    payload: bytes, key: Any = COLLECTOR, kid: bytes = COLLECTOR_KID, aad: bytes = ANSWER_AAD
) -> bytes:
    return cose.sign1(key, kid, payload, aad)


def refused_answers() -> list[dict[str, Any]]:
    rows = [
        (2, "exchange-wrong-nonce", "an earlier answer", {**ANSWER, 1: bytes(16)}),
        (2, "exchange-wrong-hub", "another hub's answer", {**ANSWER, 2: COLLECTOR_KID}),
        (4, "exchange-range-not-sent", "a record that was not sent", {**ANSWER, 3: [[41, 43]]}),
        (4, "exchange-range-not-sent", "everything", {**ANSWER, 3: [[0, (1 << 63) - 1]]}),
        (4, "exchange-range-not-sent", "one never used", {**ANSWER, 3: [[50, 50]]}),
        (4, "exchange-range-not-sent", "a number of 41 bits", {**ANSWER, 3: [[1 << 40, 1 << 40]]}),
        (4, "exchange-range-not-sent", "the largest of 32 bits",
         {**ANSWER, 3: [[(1 << 31) - 1, (1 << 31) - 1]]}),
        (4, "exchange-range-not-sent", "up to the largest", {**ANSWER, 3: [[41, (1 << 63) - 1]]}),
        (4, "exchange-range-order", "first behind last", {**ANSWER, 3: [[42, 41]]}),
        (4, "exchange-range-order", "descending", {**ANSWER, 3: [[42, 42], [41, 41]]}),
        (4, "exchange-range-order", "touching", {**ANSWER, 3: [[41, 41], [42, 42]]}),
        (4, "exchange-range-order", "overlapping", {**ANSWER, 3: [[41, 42], [42, 42]]}),
        (4, "exchange-refused-not-sent", "fourth of three", {**ANSWER, 7: [[3, None, 3]]}),
        (4, "exchange-refused-not-sent", "another seq", {**ANSWER, 7: [[2, 47, 3]]}),
        (4, "exchange-refused-order", "one twice", {**ANSWER, 7: [[2, 46, 3], [2, 46, 5]]}),
        (4, "exchange-refused-acknowledged", "both", {**ANSWER, 7: [[0, 41, 3]]}),
        (3, "exchange-shape", "ranges are a map", {**ANSWER, 3: {}}),
        (3, "exchange-shape", "a range of three", {**ANSWER, 3: [[41, 42, 43]]}),
        (3, "exchange-shape", "refusals without reason", {**ANSWER, 7: [[2, 46]]}),
        (3, "exchange-shape", "241 ranges", {**ANSWER, 3: [[2 * i, 2 * i] for i in range(241)]}),
        (3, "exchange-shape", "240 ranges, one refusal",
         {**ANSWER, 3: [[2 * i, 2 * i] for i in range(240)], 7: [[0, None, 3]]}),
        (3, "exchange-range", "nonce of 15 bytes", {**ANSWER, 1: bytes(15)}),
        (3, "exchange-range", "time is text", {**ANSWER, 4: "now"}),
        (3, "exchange-range", "negative time", {**ANSWER, 4: -1}),
        (3, "exchange-range", "a heartbeat of 59 s", {**ANSWER, 5: 59}),
        (3, "exchange-range", "a heartbeat of more than a day", {**ANSWER, 5: 86401}),
        (3, "exchange-range", "config number of 33 bits", {**ANSWER, 6: 1 << 32}),
        (3, "exchange-range", "a negative seq", {**ANSWER, 3: [[-1, 41]]}),
        (3, "exchange-range", "reason 256", {**ANSWER, 7: [[2, 46, 256]]}),
        (3, "exchange-range", "index is null", {**ANSWER, 7: [[None, 46, 3]]}),
        (3, "exchange-unknown-key", "an eighth key", {**ANSWER, 8: 0}),
        (3, "exchange-missing-key", "no refusals", {k: v for k, v in ANSWER.items() if k != 7}),
        (3, "exchange-shape", "no map", list(ANSWER.values())),
    ]  # fmt: skip
    messages = [(detail, error, case, answer(cbor.encode(value)))
                for detail, error, case, value in rows]  # fmt: skip
    good = cbor.encode(ANSWER)
    message = answer(good)
    messages += [
        (1, "bad-signature", "signed by the hub", answer(good, key=HUB)),
        (1, "bad-signature", "one bit off", message[:-1] + bytes((message[-1] ^ 1,))),
        (1, "bad-signature", "for another purpose", answer(good, aad=b"")),
        (1, "unknown-key", "another kid", answer(good, kid=HUB_ID)),
        (3, "cbor-truncated", "cut", message[:-1]),
        (3, "cbor-trailing", "a byte behind", message + b"\0"),
        (3, "cbor-trailing", "signed, but two values", answer(good + b"\0")),
    ]
    return [{"detail": detail, "error": error, "case": case, "message": data}
            for detail, error, case, data in messages]  # fmt: skip


def _refused_sensors() -> list[Any]:
    """Rows of error, case, key 5 and what stands there."""
    sensor = config().fields()[5][0]

    def changed(index: int, value: Any) -> list[Any]:
        return [[*sensor[:index], value, *sensor[index + 1 :]]]

    return [
        ("shape", "sensors are null", 5, None),
        ("shape", "a sensor of four", 5, [sensor[:4]]),
        ("count", "25 sensors", 5, [[i, None, "x", 1, [1], *sensor[5:]] for i in range(25)]),
        ("duplicate", "a slot twice", 5, [sensor, [1, None, "x", *sensor[3:]]]),
        ("duplicate", "an address twice", 5, [sensor, [2, *sensor[1:]]]),
        ("duplicate", "a name that begins as another", 5,
         [[1, None, "BP", *sensor[3:]], [2, None, "BPM", *sensor[3:]]]),
        ("range", "the slot of test readings", 5, changed(0, 255)),
        ("length", "an address of 6 bytes", 5, changed(1, bytes(6))),
        ("range", "an address type of 2", 5, changed(1, b"\x02" + bytes(6))),
        ("sensor", "neither address nor name", 5, changed(1, None)),
        ("length", "a model of 25 bytes", 5, changed(5, "m" * 25)),
        ("text", "a model in capitals", 5, changed(5, "UA-651")),
        ("range", "bond 3", 5, changed(6, 3)),
        ("sensor", "a passkey without its bond", 5, changed(7, 123456)),
        ("range", "a passkey of seven digits", 5, [[*sensor[:6], 2, 1_000_000, *sensor[8:]]]),
        ("length", "a verification of 7 bytes", 5, changed(9, bytes(7))),
        ("length", "a verification that is null", 5, changed(9, None)),
        ("shape", "a sensor of a time before verifications", 5, [sensor[:9]]),
        ("count", "a user without consent", 5, changed(8, [1])),
        ("range", "the unknown user", 5, changed(8, [255, 1])),
        ("range", "a consent code of five digits", 5, changed(8, [1, 10_000])),
        ("length", "a name of 30 bytes", 5, changed(2, "x" * 30)),
        ("length", "an empty name", 5, changed(2, "")),
        ("range", "a service of 18 bits", 5, changed(3, 1 << 17)),
        ("count", "no characteristic", 5, changed(4, [])),
        ("count", "nine characteristics", 5, changed(4, list(range(9)))),
        ("count", "a characteristic alone", 5, changed(4, 0x2A5E)),
        ("range", "a characteristic as text", 5, changed(4, ["2A5E"])),
        ("range", "the characteristic of test readings", 5, changed(4, [0x2A5E, 0x10070])),
        ("range", "the service of test readings", 5, changed(3, 0x10070)),
        ("duplicate", "a characteristic twice", 5, changed(4, [0x2A5E, 0x2A5E])),
    ]


def _refused_modems() -> list[tuple[str, str, int, Any]]:
    return [
        ("shape", "a modem that is a map", 9, {}),
        ("shape", "a modem of three", 9, ["a", "", ""]),
        ("length", "an empty APN", 9, ["", "", "", ""]),
        ("length", "an APN of 64 bytes", 9, ["a" * 64, "", "", ""]),
        ("text", "an APN with a quote", 9, ['a"b', "", "", ""]),
        ("text", "an APN with a port", 9, ["a:1", "", "", ""]),
        ("length", "a user of 64 bytes", 9, ["a", "u" * 64, "", ""]),
        ("text", "a user with a quote", 9, ["a", 'u"', "", ""]),
        ("text", "a password that is not ASCII", 9, ["a", "", "\u00e6", ""]),
        ("text", "a PIN of three digits", 9, ["a", "", "", "123"]),
        ("text", "a PIN of nine digits", 9, ["a", "", "", "123456789"]),
        ("text", "a PIN with a letter", 9, ["a", "", "", "123a"]),
        ("text", "a PIN that is a number", 9, ["a", "", "", 1234]),
    ]


def _refused_times() -> list[tuple[str, str, int, Any]]:
    daily = [480, 0x7F, 0]
    return [
        ("count", "no local time", 11, None),
        ("count", "an offset alone", 11, [60]),
        ("range", "fourteen hours and one minute ahead", 11, [841, 0]),
        ("range", "thirteen hours behind", 11, [-780, 0]),
        ("range", "an offset in words", 11, ["Europe/Oslo", 0]),
        ("range", "a rule of another continent", 11, [60, 2]),
        ("count", "thirteen reminders", 12, [[i, 1, 0] for i in range(13)]),
        ("count", "no reminders, by null", 12, None),
        ("count", "a reminder with a limit", 12, [[*daily, 90]]),
        ("count", "a reminder without weekdays", 12, [[480, 0]]),
        ("range", "a reminder at 24:00", 12, [[1440, 0x7F, 0]]),
        ("range", "a reminder on no weekday", 12, [[480, 0, 0]]),
        ("range", "a reminder on an eighth weekday", 12, [[480, 0x80, 0]]),
        ("range", "a reminder for slot 256", 12, [[480, 1, 256]]),
        ("sensor", "a reminder for a sensor that is not there", 12, [[480, 1, 9]]),
        ("duplicate", "a reminder twice", 12, [daily, daily]),
        ("duplicate", "reminders that descend", 12, [[481, 1, 0], daily]),
        ("count", "quiet from ten", 13, [1320]),
        ("range", "quiet for no time", 13, [1320, 1320]),
        ("range", "quiet until 24:00", 13, [1320, 1440]),
        ("range", "quiet until half a minute past", 13, [1320, 420.5]),
    ]


def refused_configs() -> list[dict[str, Any]]:
    """Rows that say what the golden config must not have at `key`; without `value`: no key."""
    rows = [
        ("unknown-key", "a fourteenth key", 14, 0),
        ("unknown-key", "a limit for a patient's values", "spo2_min", 90),
        *_refused_times(),
        ("unknown-key", "a text key", "wifi", 0),
        ("shape", "networks are a map", 1, {}),
        ("shape", "a network of three", 1, [["a", "b", "c"]]),
        ("count", "nine networks", 1, [[str(i), ""] for i in range(9)]),
        ("duplicate", "a network twice", 1, [["a", ""], ["a", "password"]]),
        ("length", "an SSID of 33 bytes", 1, [["x" * 33, ""]]),
        ("length", "an empty SSID", 1, [["", ""]]),
        ("length", "a password of 7 bytes", 1, [["a", "1234567"]]),
        ("text", "a password of 64 bytes that is no key", 1, [["a", "x" * 64]]),
        ("text", "a password of 64 bytes of other text", 1, [["a", "\u00e6" * 32]]),
        ("length", "a password of 65 bytes", 1, [["a", "x" * 65]]),
        ("length", "a password in bytes", 1, [["a", b"password"]]),
        ("text", "a line feed in a password", 1, [["a", "pass\nword"]]),
        ("length", "an empty host", 2, ""),
        ("text", "a URL for a host", 2, "https://a.example"),
        ("text", "a Kelvin sign for a k", 2, "\u212aube.example"),
        ("length", "a host of 254 bytes", 2, "a" * 254),
        ("range", "port 0", 3, 0),
        ("range", "port 65536", 3, 65536),
        ("range", "port is text", 3, "443"),
        ("range", "a heartbeat of 59 s", 4, 59),
        ("range", "a heartbeat of more than a day", 4, 86401),
        *_refused_sensors(),
        ("length", "NTP host is null", 6, None),
        ("range", "NTP port 0", 7, 0),
        ("length", "a board of 33 bytes", 8, "x" * 33),
        *_refused_modems(),
        ("range", "a budget of less than nothing", 10, -1),
        ("range", "a budget of more than a TiB", 10, (1 << 30) + 1),
    ]
    changes = [{"error": "config-" + error, "case": case, "key": key, "value": cbor.encode(value)}
               for error, case, key, value in rows]  # fmt: skip
    return [*changes, {"error": "config-missing-key", "case": "no NTP port", "key": 7}]
