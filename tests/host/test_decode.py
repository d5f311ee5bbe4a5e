"""The `varde decode` command: one value, and a stream of lines."""

from __future__ import annotations

import io
import json
import os
import pathlib
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from varde_host.commands import decode
from varde_host.errors import InputRefused
from varde_protocols import assigned

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = json.loads((ROOT / "protocols/vectors/ble.json").read_text(), parse_float=Decimal)
PROGRAM = """
import typer
from varde_host.commands import decode
app = typer.Typer()
app.callback()(lambda: None)
app.command("decode")(decode.decode)
app()
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}/protocols{os.pathsep}{ROOT}/host"}


def exact(text: str) -> Any:
    """Parse JSON without binary floats."""
    return json.loads(text, parse_float=Decimal)


def model_of(vector: dict[str, Any]) -> str:
    """The model whose rule a vector needs, "" if it follows the specification."""
    note = vector.get("note", "")
    return note.removeprefix("quirk:").split(" ")[0] if note.startswith("quirk:") else ""


def one(char: str, value: str, model: str = "") -> tuple[int, dict[str, Any], str]:
    stdout, stderr = io.BytesIO(), io.BytesIO()
    status = decode.run_one(char, value, stdout, stderr, model)
    return status, exact(stdout.getvalue().decode()), stderr.getvalue().decode()


def many(text: str | bytes) -> list[dict[str, Any]]:
    given_bytes = text.encode() if isinstance(text, str) else text
    stdout = io.BytesIO()
    assert decode.run_lines(io.BytesIO(given_bytes), stdout) == 0
    output = stdout.getvalue().decode("ascii")
    assert output.endswith("\n") or not output
    return [exact(line) for line in output.splitlines()]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_vectors(vector: dict[str, Any]) -> None:
    status, fields, complaint = one(vector["char"], vector["hex"], model_of(vector))
    if "error" in vector["expected"]:
        assert status == 1
        assert fields["error"]
        assert complaint.count("\n") == 1
    else:
        assert (status, complaint) == (0, "")
        assert {key: fields[key] for key in vector["expected"]} == vector["expected"]


def test_all_vectors_are_there() -> None:
    assert len(VECTORS) == 108


def test_vectors_as_lines_say_the_same() -> None:
    parts = [(vector["char"], vector["hex"], model_of(vector)) for vector in VECTORS]
    text = "".join(" ".join(part).rstrip() + "\n" for part in parts)
    assert many(text) == [one(*part)[1] for part in parts]


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if model_of(one)], ids=lambda vector: vector["id"]
)
def test_a_quirk_is_read_for_its_model_only(vector: dict[str, Any]) -> None:
    for model in ("", "and-ua651", "omron-evolv"):
        assert one(vector["char"], vector["hex"], model)[1]["error"] == "over-long"


def test_digits_are_those_of_the_sensor() -> None:
    stdout = io.BytesIO()
    decode.run_one("2A5F", "00e8f35a00", stdout, io.BytesIO())
    assert b'{"spo2": 100.0, "pulse_rate": 90, ' in stdout.getvalue()
    stdout = io.BytesIO()
    decode.run_one("2A9D", "00783e", stdout, io.BytesIO())
    assert b'"weight": 79.96,' in stdout.getvalue()


@pytest.mark.parametrize(
    "char",
    ["2A19", "2a19", "0x2A19", "0X2a19", "00002a19", "00002A19-0000-1000-8000-00805F9B34FB"],
)
def test_spellings_of_a_characteristic(char: str) -> None:
    assert one(char, "64")[1] == {"level": 100}


@pytest.mark.parametrize(
    "char",
    ["10041", "0x10041", "jumper-stream", "Jumper-Stream", "CDEACB81-5235-4C07-8846-93A37EE6B86D"],
)
def test_spellings_of_a_vendor_s_characteristic(char: str) -> None:
    assert one(char, "81386344", "jumper-500f")[1]["spo2"] == 99
    assert "jumper-500f" in one(char, "81386344")[1]["hint"]


def test_every_assigned_number_has_its_spellings() -> None:
    for number in assigned.NUMBERS:
        assert decode.characteristic_number(assigned.name(number)) == number
        assert decode.characteristic_number(f"{number:X}") == number


@pytest.mark.parametrize("model", ["beurer_bm", "Beurer-BM", "x" * 400, "\x1b[31m"])
def test_an_unknown_model_is_refused(model: str) -> None:
    status, answer, complaint = one("2A19", "64", model)
    assert (status, answer["error"]) == (1, "bad-model")
    assert "beurer-bm" in answer["hint"]
    assert len(complaint) < 400
    assert "\x1b" not in complaint


def test_bare_numbers_have_a_size() -> None:
    assert one("SFLOAT", "c8e0")[1] == {"value": Decimal("2.00")}
    assert one("sfloat", "c8")[1]["error"] == "truncated"
    assert one("FLOAT", "c8e00000ff")[1]["error"] == "over-long"


@pytest.mark.parametrize(
    "char",
    ["", "2A1", "2A199", "10043", "00012A19", "battery", "2A19\n", "٢A19",
     "00002A19-0000-1000-8000-00805F9B34FC", "0x00002A19-0000-1000-8000-00805F9B34FB0"],
)  # fmt: skip
def test_what_is_no_characteristic(char: str) -> None:
    status, answer, _ = one(char, "64")
    assert (status, answer["error"]) == (1, "bad-characteristic")


@pytest.mark.parametrize("value", ["0x64", "64"])
def test_spellings_of_a_value(value: str) -> None:
    assert one("2A19", value)[1] == {"level": 100}


@pytest.mark.parametrize("value", ["6", "zz", "6 4", " 64", "64\n", "0x", "٦٤", "6_4"])
def test_what_is_no_hex(value: str) -> None:
    status, answer, complaint = one("2A19", value)
    assert status == 1
    assert answer["error"] == ("truncated" if value == "0x" else "bad-hex")
    assert complaint.isascii()


def test_the_reason_is_on_standard_error() -> None:
    assert one("2A35", "010203040506")[2] == (
        "2A35 map at byte 5: truncated; needs 2, has 1; was it cut by a small MTU?\n"
    )
    assert one("2A1B", "00")[2].startswith("characteristic 2A1B: unknown-characteristic; ")


def test_lines_of_every_sort_are_answered_in_order() -> None:
    long = "2A19 " + "00" * decode.MAX_LINE_BYTES
    lines = ["2A19 64", "", "  ", "2A19", "2A19 64 65", "2A19 zz", "nix 64", "2A1B 00", long,
             "2A19 65", "2A19 6464", "2A19 64\r", "\t2A19  64 ", "2A19 64 beurer-bm",
             "2A19 64 beurer-bm 1"]  # fmt: skip
    codes = [answer.get("error") for answer in many("\n".join(lines) + "\n")]
    assert codes == [
        None, "empty-line", "empty-line", "bad-line", "bad-model", "bad-hex", "bad-characteristic",
        "unknown-characteristic", "line-too-long", "out-of-range", "over-long", None, None, None,
        "bad-line",
    ]  # fmt: skip


def test_a_last_line_without_its_end_counts() -> None:
    assert many("2A19 64") == [{"level": 100}]
    assert many("") == []
    assert many("\n")[0]["error"] == "empty-line"


def test_bytes_that_are_no_text() -> None:
    assert [answer["error"] for answer in many(b"2A19 \xff\xfe\n\x00\n2A19\xa064\n")] == [
        "bad-hex", "bad-line", "bad-line",
    ]  # fmt: skip


@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(1, 40))
def test_how_the_input_is_cut_makes_no_difference(parts: list[bytes], size: int) -> None:
    text = b"2A19 64\n".join(parts)
    whole, pieces = decode.LineDecoder(), decode.LineDecoder()
    cut = [pieces.receive(text[start : start + size]) for start in range(0, len(text), size)]
    answers = whole.receive(text) + whole.finish()
    assert "".join(cut) + pieces.finish() == answers
    for answer in answers.splitlines():
        json.loads(answer)


def test_a_line_without_end_takes_no_memory() -> None:
    decoder = decode.LineDecoder()
    for _ in range(100):
        assert decoder.receive(b"0" * 100_000) == ""
    assert len(decoder._unfinished) <= decode.MAX_LINE_BYTES + 1
    assert "line-too-long" in decoder.receive(b"\n2A19 64\n")


def test_a_refusal_shows_only_the_start_of_what_was_given() -> None:
    with pytest.raises(InputRefused) as caught:
        decode.characteristic_number("\x1b[31m" + "x" * 500)
    assert len(caught.value.where) < 60
    assert "\x1b" not in caught.value.where


class TestCommandLine:
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command("decode")(decode.decode)

    def invoke(self, *arguments: str, text: str = "") -> Any:
        return CliRunner().invoke(self.app, ["decode", *arguments], input=text)

    def test_one_value(self) -> None:
        result = self.invoke("--char", "2A19", "--hex", "64")
        assert (result.exit_code, result.stdout) == (0, '{"level": 100}\n')

    def test_a_model(self) -> None:
        frame = "56710049000000ea07080b1438000041010000"
        result = self.invoke("--char", "2A35", "--hex", frame, "--model", "beurer-bm")
        assert (result.exit_code, exact(result.stdout)["pulse_rate"]) == (0, 65)

    def test_a_bad_value(self) -> None:
        result = self.invoke("--char", "2A19", "--hex", "65")
        assert result.exit_code == 1
        assert exact(result.stdout)["error"] == "out-of-range"
        assert "out-of-range" in result.stderr

    def test_lines(self) -> None:
        result = self.invoke("--lines", text="2A19 64\n2A19 65\n")
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) == 2

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["--char", "2A19"],
            ["--hex", "64"],
            ["--lines", "--char", "2A19"],
            ["--lines", "--model", "beurer-bm"],
        ],
    )
    def test_a_wrong_command_line(self, arguments: list[str]) -> None:
        assert self.invoke(*arguments).exit_code == 2


def test_answers_come_while_the_pipe_stays_open() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "decode", "--lines"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        for _ in range(3):
            process.stdin.write(b"2A19 64\n")
            process.stdin.flush()
            assert process.stdout.readline() == b'{"level": 100}\n'
        process.stdin.close()
        assert process.wait(timeout=60) == 0
