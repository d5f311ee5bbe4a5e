"""Writes constants of a hub's modules as literals, where they are used or where they are made.

`IDLE = "idle"` is a name, a place in its module's table and a look-up at each use; the text alone
is none of these: the interpreter holds each short text once, whoever uses it. Longer texts stay,
because every module would hold its own. What a module makes of constants when it is loaded is
made by the build (`with_made`): what it is made of need not be on a hub.
"""

from __future__ import annotations

import ast
import collections
import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping

from hub_source import dotted, edited, imported, without_definitions, words

# mpy-cross interns a text of up to this many bytes.
_LONGEST = 10


def with_made(source: str, names: Collection[str]) -> str:
    """The module with `NAME = b"..."` for what it makes with its own functions, or `struct`'s.

    The functions get their byte order from their arguments. KeyError if there is no such name.
    """
    if not names:
        return source
    tree = ast.parse(source)
    known: dict[str, object] = {"const": int}
    for node in tree.body:
        is_plain = isinstance(node, (ast.Import, ast.Assign)) or (
            isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == "binascii"
        )
        if is_plain or (isinstance(node, ast.FunctionDef) and not node.decorator_list):
            with contextlib.suppress(NameError):  # of what other modules make
                exec(compile(ast.Module([node], []), "<build>", "exec"), known)
    lines = source.splitlines(keepends=True)
    places = {ast.unparse(node.targets[0]): node for node in tree.body
              if isinstance(node, ast.Assign)}  # fmt: skip
    for name in names:
        node, value = places[name], known[name]
        if not isinstance(value, bytes):
            raise TypeError(f"{name}: only bytes are made by the build")
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            lines[number - 1] = "\n"
        lines[node.lineno - 1] = f"{name} = {value!r}\n"
    return "".join(lines)


def with_literals(sources: Mapping[str, str], foreign: Iterable[str] = ()) -> dict[str, str]:
    """The modules with `module.NAME`, and NAME, written as the literal that it is.

    `foreign` are sources that may ask these modules for anything.
    """
    trees = {inside: ast.parse(source) for inside, source in sources.items()}
    kept = set().union(*map(words, foreign), *map(_bound_by_other_means, trees.values()))
    literals = {dotted(inside): {name: text for name, text in _literals(tree) if name not in kept}
                for inside, tree in trees.items()}  # fmt: skip
    texts = {}
    for inside, tree in trees.items():
        own = literals[dotted(inside)]
        modules = imported(tree, inside)
        edits: list[tuple[ast.expr, str]] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in own:
                edits.append((node, own[node.id]))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                text = literals.get(modules.get(node.value.id, ""), {}).get(node.attr)
                if text and node.lineno == node.end_lineno:
                    edits.append((node, text))
        texts[inside] = edited(sources[inside], edits)
    asked = {node.attr for text in texts.values() for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.Attribute)}  # fmt: skip
    return {inside: without_definitions(text, literals[dotted(inside)].keys() - asked)
            for inside, text in texts.items()}  # fmt: skip


def _literals(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """NAME = "text" and NAME = 5, in one line and once."""
    names = collections.Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)
                                and isinstance(node.ctx, ast.Store))  # fmt: skip
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            is_short = isinstance(value, ast.Constant) and (
                type(value.value) is int
                or (isinstance(value.value, str) and len(value.value.encode()) <= _LONGEST)
            )
            if is_short and name.isupper() and names[name] == 1 and len(node.targets) == 1:
                yield name, ast.unparse(value)


def _bound_by_other_means(tree: ast.Module) -> Iterator[str]:
    """Names that are more than a module's: imported, arguments, attributes, strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, (ast.ClassDef, ast.Global)):
            yield from getattr(node, "names", ())
            yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name)
                        and isinstance(each.ctx, ast.Store))  # fmt: skip
