"""Leaves out what errors tell their reader to do next: nobody reads a hub's modules' words there.

An error keeps its code and its place; a program on a desk that hears of the code has the rest.
Whatever takes a parameter called `hint` is given "" for it, and so is a variable of that name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from hub_source import edited

_HINT = "hint"
_NOTHING = '""'


def without_hints(sources: Mapping[str, str]) -> dict[str, str]:
    """The modules without the texts of their hints."""
    trees = {inside: ast.parse(source) for inside, source in sources.items()}
    places = _takers(list(trees.values()))
    return {inside: edited(sources[inside], [(node, _NOTHING) for node in _hints(tree, places)
                                             if node.lineno == node.end_lineno])
            for inside, tree in trees.items()}  # fmt: skip


def _takers(trees: list[ast.Module]) -> dict[str, int]:
    """By name of a function or class: where among its arguments the hint stands.

    Raises ValueError if something else stands there in another function of that name.
    """
    places: dict[str, int] = {}
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    named = [(name, [argument.arg for argument in function.args.args if argument.arg != "self"])
             for tree in trees for name, function in _functions(tree)]  # fmt: skip
    for name, arguments in named:
        if _HINT in arguments:
            places[name] = arguments.index(_HINT)
    for name, arguments in named:
        if name in places and arguments[places[name] : places[name] + 1] not in ([], [_HINT]):
            raise ValueError(f"{name}: one takes a hint where another takes something else")
    for _ in classes:  # at most so many generations
        for node in classes:
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in places:
                    places.setdefault(node.name, places[base.id])
    return places


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods by name; what makes an object by that of its class."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    makes = isinstance(node, ast.ClassDef) and member.name == "__init__"
                    yield node.name if makes else member.name, member  # type: ignore[union-attr]


def _hints(tree: ast.Module, places: Mapping[str, int]) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            at = places.get(name, len(node.args))
            if at < len(node.args) and isinstance(node.args[at], (ast.Constant, ast.BinOp)):
                yield node.args[at]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == _HINT:
            yield node.value
