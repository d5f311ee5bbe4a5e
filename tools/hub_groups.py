"""Puts modules that a hub always has loaded together into one file: one table of names for all.

Every `.mpy` brings the text of each name that it uses, and in the heap every module has a table of
names, one of constants and a dict of what it defines and imports. Modules that are loaded together
and stay need all that once: `steps.Wait` of a module in the same file is `Wait`. The source knows
nothing of it. What the manifest says of a group (TOGETHER) must hold, or the build stops:

- a name that two modules define means the same in both, or is private, and is then told apart;
- nobody takes such a module for a value: it is only asked for what it defines;
- what is local somewhere is not taken for what another module defines.

Each module that others than ours ask for (the supervisor, the bench's scripts) keeps a file of its
own, which only names what it defines. Lines are counted on: a group's table of names says at which
line each member begins, for `read_console.py`.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence, Set

from hub_frequent import with_frequent_names_first
from hub_names import Names, candidates
from hub_source import dotted, edited, imported, words

# Words before the name that a definition gives.
_WORDS: dict[type, str] = {
    ast.FunctionDef: "def ",
    ast.AsyncFunctionDef: "async def ",
    ast.ClassDef: "class ",
}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SCOPES = (*_DEFINITIONS, ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp)

Groups = Mapping[str, Sequence[str]]  # by path inside the slot: those of its modules, bottom up


class NotTogetherError(Exception):
    """What the manifest says of a group does not hold."""


def with_groups(
    sources: Mapping[str, str], short: Names, groups: Groups, asked: Set[str] = frozenset()
) -> tuple[dict[str, str], Names]:
    """The modules with one for each group in place of its members; and all their short names.

    `asked` are the members that keep a file of their own, for others.
    """
    home = {dotted(inside): group for group, members in groups.items() for inside in members}
    group_of = {inside: group for group, members in groups.items() for inside in members}
    names = {inside: dict(table) for inside, table in short.items()}
    own = _told_apart(sources, names, groups)
    for inside, source in own.items():
        for taken in words(source) & {_name(group) for group in groups}:
            raise NotTogetherError(f"{inside}: a group may not be called {taken}")
    texts = {inside: _resolved(source, inside, home, group_of.get(inside, ""))
             for inside, source in own.items()}  # fmt: skip
    result = {inside: text for inside, text in texts.items() if inside not in group_of}
    for group, members in groups.items():
        _check(group, {inside: ast.parse(texts[inside]) for inside in members})
        parts = list(_without_repeated_imports([texts[inside] for inside in members]))
        result[group] = with_frequent_names_first("".join(parts))
        names[group] = _first_lines(parts, members)
    for inside in asked & group_of.keys():
        public = {name for name in _defined(ast.parse(own[inside])) if not name.startswith("_")}
        result[inside] = f"from {dotted(group_of[inside])} import {', '.join(sorted(public))}\n"
    return result, names


def _first_lines(texts: Sequence[str], members: Sequence[str]) -> dict[str, str]:
    """By line of the group's text: the member whose line 1 it is."""
    found, line = {}, 1
    for inside, text in zip(members, texts, strict=True):
        found[str(line)] = inside
        line += len(text.splitlines())
    return found


def with_order(source: str, groups: Groups) -> str:
    """The order of loading, in pairs ("package.", "module module"), with groups for members.

    A group stands where the first of its members does that is in a package above the group.
    """
    home = {dotted(inside): dotted(group) for group, members in groups.items()
            for inside in members}  # fmt: skip
    lines = source.splitlines(keepends=True)
    seen: set[str] = set()
    for pair in ast.walk(ast.parse(source)):
        nodes = [node for node in (pair.elts if isinstance(pair, ast.Tuple) else [])
                 if isinstance(node, ast.Constant)]  # fmt: skip
        if len(nodes) != len(("package.", "modules")):
            continue
        package, modules = (str(node.value) for node in nodes)
        names = []
        for name in modules.split():
            group = home.get(package + name, package + name)
            if group.startswith(package) and group not in seen:
                names.append(group[len(package) :])
                seen.add(group)
        _write(lines, nodes[1], repr(" ".join(names)))
    return "".join(lines)


def _write(lines: list[str], node: ast.expr, text: str) -> None:
    """Put a text in one line in place of a node in one or more."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    after = lines[last][node.end_col_offset :]
    lines[first] = lines[first][: node.col_offset] + text + after
    for number in range(first + 1, last + 1):
        lines[number] = "\n"


def _told_apart(sources: Mapping[str, str], names: Names, groups: Groups) -> dict[str, str]:
    """The modules with another name for what is private and defined twice in a group."""
    texts = dict(sources)
    for members in groups.values():
        trees = {inside: ast.parse(sources[inside]) for inside in members}
        used = set().union(*(words(sources[inside]) for inside in members))
        seen: set[str] = set()
        for inside, tree in trees.items():
            constants = set(_constants(tree))
            twice = {}
            for name in sorted(set(_defined(tree))):
                if name in constants and name.startswith("_"):  # folded, whatever bears the name
                    twice[name] = f"{name}_{len(used)}"
                elif name in seen and name.startswith("_"):
                    twice[name] = next(each for each in candidates() if each not in used)
                    table = names.setdefault(inside, {})
                    table[twice[name]] = table.get(name, name)
                used.add(twice.get(name, name))
                seen.add(name)
            texts[inside] = edited(texts[inside], list(_renamings(tree, twice, inside)))
    return texts


def _constants(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        value = getattr(node, "value", None)
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
            yield ast.unparse(node.targets[0])  # type: ignore[attr-defined]


def _renamings(
    tree: ast.Module, names: Mapping[str, str], inside: str
) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield node, names[node.id]
        elif isinstance(node, _DEFINITIONS) and node.name in names:
            column = node.col_offset + len(_WORDS[type(node)])
            yield _word(node.lineno, column, node.name), names[node.name]
        elif (getattr(node, "arg", None) in names
              or not names.keys().isdisjoint(getattr(node, "names", ()))):  # fmt: skip
            raise NotTogetherError(f"{inside}: {ast.unparse(node)} is something else, too")


def _word(line: int, column: int, name: str) -> ast.Name:
    return ast.Name(name, lineno=line, end_lineno=line, col_offset=column,
                    end_col_offset=column + len(name))  # fmt: skip


def _defined(tree: ast.Module) -> Iterator[str]:
    """What a module defines, not in functions and classes; not what it imports."""
    nodes: list[ast.AST] = list(tree.body)
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, _DEFINITIONS):
            yield node.name
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if not isinstance(node, _SCOPES):
            nodes.extend(ast.iter_child_nodes(node))


def _local(tree: ast.Module) -> set[str]:
    """What functions, classes and the like bind."""
    nodes = [each for node in ast.walk(tree) if isinstance(node, _SCOPES)
             for each in ast.walk(node) if each is not node]  # fmt: skip
    found = {node.id for node in nodes
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}  # fmt: skip
    found |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    found |= {node.name or "" for node in nodes
              if isinstance(node, (*_DEFINITIONS, ast.ExceptHandler))}  # fmt: skip
    return found | {(node.asname or node.name).split(".")[0] for node in nodes
                    if isinstance(node, ast.alias)}  # fmt: skip


def _resolved(source: str, inside: str, home: Mapping[str, str], own: str) -> str:
    """The module with groups in place of members, and what its own group has by its name."""
    tree = ast.parse(source)
    edits = [*_asked_of_groups(tree, inside, home, own), *_taken_from(tree, inside, home, own)]
    lines = edited(source, edits).splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            _rewrite(lines, node, inside, home, own)
    doc = tree.body[0] if own and ast.get_docstring(tree) else None
    for number in range(doc.end_lineno or 0 if doc else 0):
        lines[number] = "\n"
    if own and any(text == _name(own) for _, text in edits):
        lines[0] = _import_of(own) + "\n"  # it asks for what it has another name of its own for
    return "".join(lines)


def _asked_of_groups(
    tree: ast.Module, inside: str, home: Mapping[str, str], own: str
) -> Iterator[tuple[ast.expr, str]]:
    """`member.name` as `name` in the member's group, as `group.name` elsewhere."""
    ours = {name: home[full] for name, full in imported(tree, inside).items() if full in home}
    local = _local(tree)
    bases = set()
    for node in ast.walk(tree):
        base = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and isinstance(base, ast.Name) and base.id in ours:
            bases.add(id(base))
            group = ours[base.id]
            is_plain = group == own and node.attr not in local
            yield (node, node.attr) if is_plain else (base, _name(group))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ours and id(node) not in bases:
            raise NotTogetherError(f"{inside}:{node.lineno}: takes {node.id} for a value")


def _taken_from(
    tree: ast.Module, inside: str, home: Mapping[str, str], own: str
) -> Iterator[tuple[ast.expr, str]]:
    """What `from member import name as other` brings, as `name` in the member's group."""
    places = {here: full.rpartition(".") for here, full in imported(tree, inside).items()}
    renamed = {here: name for here, (module, _, name) in places.items()
               if own and home.get(module) == own and here != name}  # fmt: skip
    local = _local(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in renamed:
            if renamed[node.id] in local:
                raise NotTogetherError(f"{inside}:{node.lineno}: {node.id} is something else, too")
            yield node, renamed[node.id]


def _name(group: str) -> str:
    return dotted(group).rpartition(".")[2]


def _import_of(group: str) -> str:
    package, _, name = dotted(group).rpartition(".")
    return f"from {package} import {name}"


def _rewrite(
    lines: list[str], node: ast.ImportFrom, inside: str, home: Mapping[str, str], own: str
) -> None:
    """Put in place of an import what is still to be imported, by full names."""
    modules = imported(ast.Module([node], []), inside)
    if not own and not any(full in home or full.rpartition(".")[0] in home
                           for full in modules.values()):  # fmt: skip
        return
    texts = []
    for here, full in modules.items():
        package, _, name = full.rpartition(".")
        if own in (home.get(full), home.get(package, "")) and own:
            continue
        if full in home:
            texts.append(_import_of(home[full]))
            continue
        package = dotted(home[package]) if package in home else package
        texts.append(f"from {package} import {name}" + (f" as {here}" if here != name else ""))
    for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
        lines[number - 1] = "\n"
    text = "; ".join(dict.fromkeys(texts)) or "pass"
    lines[node.lineno - 1] = " " * node.col_offset + text + "\n"


def _without_repeated_imports(texts: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            if line.startswith(("from ", "import ", "pass")):
                parts = [part for part in line.strip().split("; ") if part != "pass"]
                lines[number] = "; ".join(part for part in parts if part not in seen) + "\n"
                seen.update(parts)
        yield "".join(lines)


def _check(group: str, trees: Mapping[str, ast.Module]) -> None:
    """NotTogether if a name means two things."""
    meaning: dict[str, str] = {}
    for inside, tree in trees.items():
        means = dict.fromkeys(_defined(tree), inside)
        top = ast.Module([node for node in tree.body
                          if isinstance(node, (ast.Import, ast.ImportFrom))], [])  # fmt: skip
        means.update(imported(top, inside))
        means.update({alias.name: alias.name for node in top.body if isinstance(node, ast.Import)
                      for alias in node.names})  # fmt: skip
        for name, what in means.items():
            if meaning.setdefault(name, what) != what:
                raise NotTogetherError(f"{group}: {name} is of {meaning[name]}, and of {what}")
    words_of_interpreter = [name for name in meaning if hasattr(builtins, name)]
    if words_of_interpreter:
        raise NotTogetherError(f"{group}: the interpreter has {words_of_interpreter[0]}, too")
