"""Gives the names that a large file uses most often the cheap places in its table of names."""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator

# A place up to 127 is one byte in bytecode; some are taken before the first line.
_ONE_BYTE = 120
_WORTH_IT = 3  # uses: naming it once more takes two bytes


def with_frequent_names_first(text: str) -> str:
    """The text, naming what it names most often in its first line, where nothing is done.

    A place in a file's table of names is a byte up to 127 and two from there on; places are given
    out in the order of the first use. Once the module has been loaded the line is no more.
    """
    count = collections.Counter(_names_in_bytecode(ast.parse(text)))
    first = [name for name, times in count.most_common(_ONE_BYTE) if times >= _WORTH_IT]
    return f"__name__ or __name__.{'.'.join(first)}; {text}"


def _names_in_bytecode(tree: ast.Module) -> Iterator[str]:
    """Names of attributes, arguments and what is not local, as often as bytecode has them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            inner = list(ast.walk(node))
            names = [each for each in inner if isinstance(each, ast.Name)]
            local = {each.id for each in names if isinstance(each.ctx, ast.Store)}
            local.update(each.arg for each in inner if isinstance(each, ast.arg))
            yield from (each.arg for each in node.args.args)
            if not isinstance(node, ast.Lambda):
                yield from (node.name, node.name)
            yield from (each.id for each in names if each.id not in local)
