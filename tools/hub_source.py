"""What the compiler gets of a module that goes on a hub: less than what stands in the file.

Heap and slot are small on a hub, and a module is written to be read. So some things are left to
the toolkit. Blocks that only type checkers read and definitions that only the other ends of a
format need are left out; constants of other modules are written as numbers, and their names, for
which nobody asks then, are not kept. Lines keep their numbers, so that an error report names the
line of the file. `hub_imports` and `hub_names` go on from here.
"""

from __future__ import annotations

import ast
import io
import posixpath
import tokenize
from collections.abc import Collection, Iterator, Mapping, Sequence

_CHECKS_ONLY = "TYPE_CHECKING"


def without_checks(source: str) -> str:
    """The module without the blocks under `if TYPE_CHECKING:`; the compiler would keep them."""
    return _without(source, [
        node for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.If) and not node.orelse and ast.unparse(node.test) == _CHECKS_ONLY
    ])  # fmt: skip


def with_flags(source: str, flags: Mapping[str, bool]) -> str:
    """The module with these names of `_compat` written as what they are on a hub.

    The compiler then leaves out the branch that is never taken.
    """
    places = [node for node in ast.walk(ast.parse(source))
              if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
              and node.id in flags]  # fmt: skip
    return edited(source, [(node, str(flags[node.id])) for node in places])


def without_definitions(source: str, names: Collection[str]) -> str:
    """The module without these of its definitions: `name`, or `Class.name`. KeyError if none."""
    found = dict(_definitions(ast.parse(source)))
    return _without(source, [found[name] for name in names])


def with_own_constants(source: str, names: Collection[str]) -> str:
    """The module with these constants written with an underscore before them.

    `_LIMIT = const(5)` is folded and gone, while `LIMIT = const(5)` also keeps name and number in
    the module, for others to ask.
    """
    places = [node for node in ast.walk(ast.parse(source))
              if isinstance(node, ast.Name) and node.id in names]  # fmt: skip
    return edited(source, [(node, "_" + node.id) for node in places])


def with_numbers(sources: Mapping[str, str]) -> dict[str, str]:
    """The modules with `module.NAME` written as the number that it is: `NAME = const(...)`."""
    trees = {inside: ast.parse(source) for inside, source in sources.items()}
    numbers = {dotted(inside): dict(_numbers(tree)) for inside, tree in trees.items()}
    texts = {}
    for inside, tree in trees.items():
        modules = imported(tree, inside)
        for node in ast.walk(tree):  # a name that may also be something else stays as it is
            modules.pop(getattr(node, "arg", ""), None)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                modules.pop(node.id, None)
        edits = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                number = numbers.get(modules.get(node.value.id, ""), {}).get(node.attr)
                if number is not None and node.lineno == node.end_lineno:
                    edits.append((node, str(number) if number >= 0 else f"({number})"))
        texts[inside] = edited(sources[inside], edits)
    return texts


def own_constants(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """By module: the constants (`NAME = const(...)`) that no other module names."""
    trees = {inside: ast.parse(source) for inside, source in sources.items()}
    asked = {inside: _names_asked_of_others(tree) for inside, tree in trees.items()}
    found = {}
    for inside, tree in trees.items():
        by_others = set().union(*(asked[other] for other in trees if other != inside))
        taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        found[inside] = {name for name in _constants(tree)
                         if name not in by_others and "_" + name not in taken}  # fmt: skip
    return found


def still_named(sources: Mapping[str, str], elsewhere: Mapping[str, Collection[str]]) -> list[str]:
    """What was left out and is named all the same: "module: name"."""
    missed = []
    for inside, names in elsewhere.items():
        module = posixpath.splitext(posixpath.basename(inside))[0]
        for user, source in sources.items():
            for name in names:
                owner, _, own = name.rpartition(".")
                if _names(ast.parse(source), owner or module, own, user == inside and not owner):
                    missed.append(f"{user}: {name}")
    return missed


def _names(tree: ast.Module, owner: str, name: str, is_global: bool) -> bool:
    """Whether `owner.name` is in there, `from ... owner import name`, or `name` by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found = {(getattr(node.value, "attr", getattr(node.value, "id", "")), node.attr)}
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")[-1]
            found = {(module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Name) and is_global:
            found = {(owner, node.id)}
        else:
            continue
        if (owner, name) in found:
            return True
    return False


def _without(source: str, nodes: list[ast.stmt]) -> str:
    lines = source.splitlines(keepends=True)
    for node in nodes:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        for number in range(first, (node.end_lineno or node.lineno) + 1):
            lines[number - 1] = "\n"
    return "".join(lines)


def edited(source: str, edits: Sequence[tuple[ast.expr, str]]) -> str:
    """The module with other text for some expressions, each in one line."""
    lines = source.splitlines(keepends=True)
    for node, text in sorted(edits, key=lambda edit: edit[0].col_offset, reverse=True):
        line = lines[node.lineno - 1].encode()  # an offset counts bytes
        line = line[: node.col_offset] + text.encode() + line[node.end_col_offset :]
        lines[node.lineno - 1] = line.decode()
    return "".join(lines)


def words(source: str) -> set[str]:
    """All names in a module, also those of attributes and arguments."""
    return {token.string for token in tokens(source) if token.type == tokenize.NAME}


def tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source).readline)


def dotted(inside: str) -> str:
    """The module's full name, of its path inside the slot."""
    return inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(tree: ast.Module, inside: str) -> dict[str, str]:
    """By the name it has here: the full name of what `from ... import` brings."""
    here = dotted(inside).split(".")
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            up = node.level - inside.endswith("/__init__.py")
            package = here[: len(here) - up] if node.level else []
            for alias in node.names:
                full = [*package, *filter(None, [node.module]), alias.name]
                found[alias.asname or alias.name] = ".".join(full)
    return found


def _numbers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What `const` says, with the constants before it in the module."""
    known: dict[str, int] = {}
    for name, node in _definitions(tree):
        value = getattr(node, "value", None)
        called = value.func if isinstance(value, ast.Call) else None
        if getattr(called, "id", "") == "const" and isinstance(value, ast.Call):
            names = {each.id for each in ast.walk(value.args[0]) if isinstance(each, ast.Name)}
            if names <= set(known):
                known[name] = int(eval(ast.unparse(value.args[0]), {}, dict(known)))
                yield name, known[name]


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    yield f"{node.name}.{member.name}", member
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield target.id, node


def _constants(tree: ast.Module) -> Iterator[str]:
    for name, node in _definitions(tree):
        value = getattr(node, "value", None)
        called = value.func if isinstance(value, ast.Call) else None
        if getattr(called, "id", "") == "const" and not name.startswith("_"):
            yield name


def _names_asked_of_others(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        if isinstance(node, ast.ImportFrom):
            names.update(alias.name for alias in node.names)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)  # for getattr
    return names
