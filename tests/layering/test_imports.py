"""Who may import whom: the table of docs/architecture.md, enforced on every file."""

from __future__ import annotations

import ast
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PURE = {"binascii", "hashlib", "struct", "sys"}
HARDWARE = {
    "bluetooth", "machine", "network", "esp32", "socket", "tls", "select", "vfs", "micropython",
    "os", "neopixel", "_thread", "time", "asyncio", "errno", "gc", "random", "deflate", "io",
}
STDLIB = set(sys.stdlib_module_names)


def rule_for(path: pathlib.PurePath) -> set[str] | None:
    """What a file may import besides its own package; None: any but the forbidden."""
    text, name = path.as_posix(), path.name
    if text.startswith("protocols/"):
        extra: set[str] = set()
        if name == "_compat.py":
            extra = {"micropython", "typing", "collections"}
        elif name.endswith("_micropython.py"):
            extra = {"micropython", "cryptolib"}
        elif name.endswith("_cpython.py"):
            extra = {"cryptography"}
        return PURE | extra | {"varde_protocols"}
    if text.startswith("firmware/varde_firmware/core/"):
        return PURE | {"varde_protocols", "varde_firmware.core"}
    if text.startswith("firmware/varde_firmware/shell/"):
        own = {"varde_firmware.core", "varde_firmware.shell"}
        return own | {"varde_protocols", "asyncio", "time"}
    if text.startswith("firmware/varde_firmware/ports/"):
        return PURE | HARDWARE | {"varde_protocols", "varde_firmware.ports"}
    if text.startswith("firmware/"):
        return None
    return None


FORBIDDEN = {
    "host": {"varde_firmware", "varde_simulator"},
    "simulator": {"varde_host", "varde_firmware"},
    "firmware": {"varde_host", "varde_simulator"},
    "protocols": {"varde_host", "varde_simulator", "varde_firmware"},
}
FILES = sorted(
    path.relative_to(ROOT)
    for top in FORBIDDEN
    for path in (ROOT / top).rglob("*.py")
    if "__pycache__" not in path.parts
)


# Text to the host, which sends them through the prompt; programs of the hub when they run.
ON_HUB = pathlib.PurePath("host/varde_host/bench/on_hub")


def forbidden_to(path: pathlib.PurePath) -> set[str]:
    return {"varde_host", "varde_simulator"} if path.parent == ON_HUB else FORBIDDEN[path.parts[0]]


def type_only(tree: ast.AST) -> set[ast.AST]:
    """Imports under `if TYPE_CHECKING:` cost nothing at run time and bind no layers."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            found.update(child for body in node.body for child in ast.walk(body))
    return found


def package_of(path: pathlib.Path, level: int) -> list[str]:
    """The package a relative import of `level` dots starts from; nothing for level 0."""
    if level == 0:
        return []
    parts = list(path.relative_to(ROOT).parts[1:])
    return parts[: len(parts) - level]


def imports_of(path: pathlib.Path) -> set[str]:
    tree = ast.parse(path.read_text())
    skipped = type_only(tree)
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join([*package_of(path, node.level), *filter(None, [node.module])])
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_keep_to_the_table(path: pathlib.Path) -> None:
    allowed = rule_for(path)
    for name in imports_of(ROOT / path):
        root = name.split(".")[0]
        assert root not in forbidden_to(path), f"{path} imports {name}"
        if allowed is not None and root != "__future__":
            fits = any(name == entry or name.startswith(entry + ".") for entry in allowed)
            assert fits, f"{path} imports {name}, which its layer may not"


def test_there_is_something_to_check() -> None:
    assert {"protocols", "firmware", "host", "simulator"} == {path.parts[0] for path in FILES}
