"""The order in which the hub loads its modules holds up with what they import."""

from __future__ import annotations

import ast
import pathlib

import pytest

from varde_firmware import load_order

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = "firmware/varde_firmware/load_order.py"


def file_of(name: str) -> pathlib.Path | None:
    """The module's file, None if it is a package or not ours."""
    top = "protocols" if name.startswith("varde_protocols") else "firmware"
    path = ROOT / top / (name.replace(".", "/") + ".py")
    return path if path.exists() else None


def imports_of(name: str) -> set[str]:
    """Our modules that this one imports when it is loaded on a hub."""
    path = file_of(name)
    if path is None:
        return set()
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text())]
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom):
            package = name.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, *filter(None, [node.module])])
            found.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
        nodes.extend(ast.iter_child_nodes(node))
    ours = {each for each in found if each.startswith("varde_") and file_of(each)}
    return {each for each in ours if not each.endswith("_cpython")}


@pytest.mark.parametrize("name", load_order.BOTTOM_UP)
def test_what_a_module_imports_is_loaded_before_it(name: str) -> None:
    before = set(load_order.BOTTOM_UP[: load_order.BOTTOM_UP.index(name)])
    # One level deeper is fine, two are not.
    late = sorted(each for each in imports_of(name) - before if imports_of(each) - before)
    assert not late, f"put {late} before {name} in {HERE}"
