"""Leaves out of a hub's modules what they import for nothing, once `hub_source` is done with them.

`const` is the compiler's own word, flags and numbers have been written in place of their names:
what brought them is an import line that costs 50 bytes of the slot and two places in the module's
table. An imported name stays if its module names it, or another module does through it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from hub_source import dotted, imported


def without_unused_imports(sources: Mapping[str, str]) -> dict[str, str]:
    """The modules without the imported names that nobody names; lines keep their numbers."""
    trees = {inside: ast.parse(source) for inside, source in sources.items()}
    asked = {full for inside, tree in trees.items() for full in _full_names(tree, inside)}
    texts = {}
    for inside, tree in trees.items():
        used = _used(tree)
        lines = sources[inside].splitlines(keepends=True)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                kept = [alias for alias in node.names if _here(alias) in used
                        or f"{dotted(inside)}.{_here(alias)}" in asked]  # fmt: skip
                if len(kept) < len(node.names):
                    _write(lines, node, kept)
        texts[inside] = "".join(lines)
    return texts


def _here(alias: ast.alias) -> str:
    """The name that an import gives a thing in its module."""
    return (alias.asname or alias.name).split(".")[0]


def _used(tree: ast.Module) -> set[str]:
    """The names in a module; not `const` where the compiler folds it, as in `NAME = const(5)`."""
    folded = {id(node.value.func) for node in tree.body
              if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)}  # fmt: skip
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)
            and not (node.id == "const" and id(node) in folded)}  # fmt: skip


def _full_names(tree: ast.Module, inside: str) -> Iterator[str]:
    """What a module asks of others: `package.module.name`."""
    modules = imported(tree, inside)
    yield from modules.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{modules.get(node.value.id, '')}.{node.attr}"


def _write(lines: list[str], node: ast.Import | ast.ImportFrom, kept: Sequence[ast.alias]) -> None:
    """Put an import with only these names in place of one that is there."""
    shorter = [ast.alias(alias.name, alias.asname) for alias in kept]
    text = "pass"  # a block may not be empty
    if kept and isinstance(node, ast.ImportFrom):
        text = ast.unparse(ast.ImportFrom(node.module, shorter, node.level))
    elif kept:
        text = ast.unparse(ast.Import(shorter))
    for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
        lines[number - 1] = "\n"
    lines[node.lineno - 1] = " " * node.col_offset + text + "\n"
