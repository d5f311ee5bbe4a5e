"""What every file of the repository keeps to, whatever it is about."""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE_LINES = 400
FIRMWARE_MODULE_LINES = 300
FUNCTION_LINES = 80
LONG_FUNCTION_LINES = 40
LONG_SHARE = 0.1
# Straight-line viper, where a call costs more than the lines it would save.
STRAIGHT_LINE = {"_divide_steps", "_put_members"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "misc", "manager", "base"}
# Registries have no address here (a mirror is the machine's business), and the repository
# stands alone: it names no folder beside it and no path of a machine.
FORBIDDEN_TEXT = [
    r"https?://(?:[\w.-]*\.)?(?:pypi\.org|pythonhosted\.org)",
    r"https?://(?:[\w.-]*\.)?(?:npmjs\.(?:org|com)|deb\.debian\.org)",
    r"\.\./shared\b",
    r"(?<![\w.])/(?:work|home|root|tmp)/",
]
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".in", ".cddl", ".sh", ".json", ""}


def tracked() -> list[pathlib.Path]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [pathlib.Path(line) for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def is_generated(path: pathlib.Path) -> bool:
    """Written by a tool, and a test holds it to that tool: nobody reads or edits it."""
    return "Generated: do not edit." in (ROOT / path).read_text()[:400]


PYTHON = [path for path in tracked() if path.suffix == ".py" and not is_generated(path)]
PRODUCT_FOLDERS = {"protocols", "firmware", "host", "simulator"}
PRODUCT = [path for path in PYTHON if path.parts[0] in PRODUCT_FOLDERS]


def functions_of(path: pathlib.Path) -> list[tuple[str, int]]:
    tree = ast.parse((ROOT / path).read_text())
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_modules_and_functions_fit_a_reader(path: pathlib.Path) -> None:
    limit = FIRMWARE_MODULE_LINES if path.parts[0] == "firmware" else MODULE_LINES
    lines = (ROOT / path).read_text().count("\n")
    assert lines <= limit, f"{path}: {lines} lines, limit {limit}"
    assert path.stem not in FORBIDDEN_NAMES, f"{path}: name the one thing it holds"
    for name, length in functions_of(path):
        fits = length <= FUNCTION_LINES or name in STRAIGHT_LINE
        assert fits, f"{path}: {name} has {length} lines"


def test_nine_functions_in_ten_are_short() -> None:
    lengths = [length for path in PRODUCT for _name, length in functions_of(path)]
    long_ones = [length for length in lengths if length > LONG_FUNCTION_LINES]
    assert len(long_ones) <= LONG_SHARE * len(lengths)


@pytest.mark.parametrize("pattern", FORBIDDEN_TEXT)
def test_no_file_names_what_is_not_ours(pattern: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:90]}"
        for path in tracked()
        if path.suffix in TEXT_SUFFIXES and path.name != "test_house.py"
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, "\n".join(found)


def test_locked_requirements_have_hashes_and_no_addresses() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        packages = re.findall(r"^[\w.-]+==", text, re.MULTILINE)
        assert packages
        assert text.count("--hash=sha256:") >= len(packages)
        assert "://" not in text
