"""Gives a hub's modules short names for what only they know: private things, and arguments.

Names are read on a desk; on a hub each is held once in the heap and stands in every file that uses
it. Nobody outside a module or its heirs asks for a private name (`_x`), so each gets the shortest
(`_a`, `_b` ...) that is free wherever it occurs, and modules that never meet use the same ones
again. An argument that nobody passes by its name is called by a word that the interpreter has
anyway. Neither is ever sent, stored or compared: they show in error reports only, and the table
that `short_names` returns turns those back (`read_console.py`).

What must be known for that is looked up in the modules themselves:

- a private name that is asked of something else than `self` is unique on the hub: it may be asked
  of anything. So is none that the modules do not bind themselves.
- a method's name as a string is renamed like the method where it stands in a table of moves, is
  returned or asked for; a name that is a string in any other place stays as it is everywhere.
- a call with `**` may pass any argument of what it calls.
- an object has the names of its class and of all classes above, in whatever module these are.
"""

from __future__ import annotations

import ast
import collections
import itertools
import re
import string
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hub_source import dotted, edited, imported, tokens, words

_PRIVATE = re.compile(r"_[A-Za-z][A-Za-z0-9_]*\Z")
_LETTERS = string.ascii_letters + string.digits

# Words that every .mpy file can name by a number, and that no viper function takes for a type.
ARGUMENTS = (
    "value", "key", "index", "start", "end", "args", "items", "count", "values", "stop", "step",
    "read", "write", "find", "next", "get", "id", "copy", "map", "send", "pop", "sep", "keys",
)  # fmt: skip

Names = dict[str, dict[str, str]]  # by module: short name, name
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Place = ast.arg | ast.Name


def with_interpreter_words(sources: Mapping[str, str]) -> dict[str, str]:
    """The modules with other names for the arguments that no call passes by name."""
    trees = {inside: ast.parse(source) for inside, source in sources.items()}
    calls = [node for tree in trees.values() for node in ast.walk(tree)
             if isinstance(node, ast.Call)]  # fmt: skip
    by_name = {keyword.arg or "" for call in calls for keyword in call.keywords}
    with_any = {ast.unparse(call.func).rpartition(".")[2] for call in calls
                if any(keyword.arg is None for keyword in call.keywords)}  # fmt: skip
    if with_any & set().union(*(_classes(tree) for tree in trees.values())):
        with_any.add("__init__")
    texts = {}
    for inside, tree in trees.items():
        edits: dict[int, tuple[ast.expr, str]] = {}
        for node in ast.walk(tree):  # outer functions come first
            if isinstance(node, Function) and getattr(node, "name", "") not in with_any:
                _rename_arguments(node, by_name, edits)
        texts[inside] = edited(sources[inside], list(edits.values()))
    return texts


def _rename_arguments(
    function: Function, by_name: set[str], edits: dict[int, tuple[ast.expr, str]]
) -> None:
    """Add the edits for one function; what is renamed already keeps its new name."""
    own = [each for each in function.args.args if each.arg != "self"]
    body: Sequence[ast.AST] = (
        [function.body] if isinstance(function, ast.Lambda) else function.body
    )
    inside = [node for part in body for node in ast.walk(part)]
    fixed = set(_bound_otherwise(inside))
    taken = fixed | {node.id for node in inside if isinstance(node, ast.Name)}
    taken |= {edits[id(node)][1] for node in inside if id(node) in edits}
    taken |= {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    words = (word for word in ARGUMENTS if word not in taken)
    for argument in own:
        name = argument.arg
        if name in by_name or name in fixed or name in ARGUMENTS or id(argument) in edits:
            continue
        word = next(words, None)
        if word is None:
            return
        places: list[Place] = [argument]
        places += [node for node in inside if isinstance(node, ast.Name) and node.id == name]
        for place in places:
            edits[id(place)] = (_name_alone(place), word)


def _name_alone(node: Place) -> ast.Name:
    """Where a name stands, without the annotation of an argument."""
    name = node.arg if isinstance(node, ast.arg) else node.id
    return ast.Name(name, lineno=node.lineno, end_lineno=node.lineno, col_offset=node.col_offset,
                    end_col_offset=node.col_offset + len(name.encode()))  # fmt: skip


def _bound_otherwise(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that functions, comprehensions and others inside of a function bind anew."""
    for node in nodes:
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.comprehension):
            yield from (each.id for each in ast.walk(node.target) if isinstance(each, ast.Name))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
            yield from (
                each.id
                for each in ast.walk(node)
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            )
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names


def with_short_names(
    sources: Mapping[str, str], foreign: Iterable[str] = ()
) -> tuple[dict[str, str], Names]:
    """The modules with short private names; and, by module, what each of these stands for.

    `foreign` are sources that use these modules as they are: all their names stay.
    """
    trees = {inside: ast.parse(source) for inside, source in sources.items()}
    found = {inside: words(source) for inside, source in sources.items()}
    # Names of classes are printed: in errors, and as what an event is.
    kept = {*_modules(sources)}.union(*map(words, foreign), *map(_classes, trees.values()))
    kept.update(*map(_other_strings, trees.values()))
    bound = set().union(*(_bound(tree) for tree in trees.values()))
    where: dict[str, set[str]] = collections.defaultdict(set)
    for inside, names in found.items():
        for name in names:
            if _PRIVATE.match(name) and name in bound and name not in kept:
                where[name].add(inside)
    everywhere = set().union(*(_asked_of_anything(tree) for tree in trees.values()))
    short = _shortest(where, _meetings(trees), found, everywhere)
    texts = {inside: _renamed(source, short) for inside, source in sources.items()}
    table = {inside: {short[name]: name for name in where if inside in where[name]}
             for inside in sources}  # fmt: skip
    return texts, {inside: names for inside, names in table.items() if names}


def _modules(sources: Iterable[str]) -> Iterator[str]:
    for inside in sources:
        yield from dotted(inside).split(".")


def _classes(tree: ast.Module) -> Iterator[str]:
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _other_strings(tree: ast.Module) -> Iterator[str]:
    """The strings that are not the name of a method in one of the three places for such.

    ValueError if a name is put together when the program runs.
    """
    names: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            names.update(map(id, node.values))
        elif isinstance(node, ast.Return):
            names.add(id(node.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr"):
            names.add(id(node.args[1]))
            if not isinstance(node.args[1], (ast.Constant, ast.Name, ast.Subscript)):
                raise ValueError(f"{ast.unparse(node)}: the build cannot know this name")  # noqa: TRY004
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in names
        ):
            yield node.value


def _bound(tree: ast.Module) -> Iterator[str]:
    """What a module defines, assigns, or takes as an argument."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname
        elif isinstance(getattr(node, "ctx", None), ast.Store):
            yield from filter(None, [getattr(node, "id", getattr(node, "attr", None))])


def _asked_of_anything(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "super()"):
            yield node.attr


def _meetings(trees: Mapping[str, ast.Module]) -> list[set[str]]:
    """Sets of modules whose names may meet in one object: its class and all classes above."""
    above: dict[tuple[str, str], list[tuple[str, str]]] = {}
    files = {dotted(inside): inside for inside in trees}
    for inside, tree in trees.items():
        modules = imported(tree, inside)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base).rpartition(".") for base in node.bases]
                above[inside, node.name] = [
                    _place(modules[part or name] + ("." + name if part else ""), files)
                    if (part or name) in modules
                    else (inside, name)
                    for part, _, name in bases
                ]
    return [{inside for inside, _ in _line(each, above)} for each in above]


def _place(full: str, files: Mapping[str, str]) -> tuple[str, str]:
    module, _, name = full.rpartition(".")
    return files.get(module, ""), name


def _line(
    each: tuple[str, str], above: Mapping[tuple[str, str], list[tuple[str, str]]]
) -> set[tuple[str, str]]:
    """A class of ours and all above it; those of the interpreter have no such names."""
    found = {each} if each in above else set()
    return found.union(*(_line(base, above) for base in above.get(each, [])))


def _shortest(
    where: Mapping[str, set[str]],
    meetings: Sequence[set[str]],
    found: Mapping[str, set[str]],
    everywhere: set[str],
) -> dict[str, str]:
    """A short name for each, unlike all that it may meet: the most frequent ones choose first."""
    near = {inside: {inside}.union(*(each for each in meetings if inside in each))
            for inside in found}  # fmt: skip
    stay = {inside: names - where.keys() for inside, names in found.items()}
    used: dict[str, set[str]] = collections.defaultdict(set)
    short = {}
    for name in sorted(where, key=lambda name: (name not in everywhere, -len(where[name]), name)):
        places = set(found) if name in everywhere else where[name]
        reach = set().union(*(near[inside] for inside in places))
        taken = set().union(*(used[inside] | stay[inside] for inside in reach))
        short[name] = next(each for each in candidates() if each not in taken)
        for inside in places:
            used[inside].add(short[name])
    return short


def candidates() -> Iterator[str]:
    """_a, _b ... _aa ...: the shortest private names."""
    for count in itertools.count(1):
        for letters in itertools.product(_LETTERS, repeat=count):
            yield "_" + "".join(letters)


def _renamed(source: str, short: Mapping[str, str]) -> str:
    """The module with each name, and each string that is one, written short."""
    lines = source.splitlines(keepends=True)
    for token in reversed(list(tokens(source))):
        name = token.string
        if token.type == tokenize.STRING and name[1:-1] in short and name[0] in "\"'":
            text = f'"{short[name[1:-1]]}"'
        elif token.type == tokenize.NAME and name in short:
            text = short[name]
        else:
            continue
        row, column = token.start
        line = lines[row - 1]
        lines[row - 1] = line[:column] + text + line[token.end[1] :]
    return "".join(lines)
