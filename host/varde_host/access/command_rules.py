"""Holds `--by` of the commands to the role matrix: who may not on a page may not here either.

`--by` is what somebody says of themselves; what they can do in truth follows from the files and
keys that they can read. So this keeps people to their tasks, and is no lock: that is the keys.
"""

from __future__ import annotations

import functools
import importlib.resources
import inspect
import os
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

from varde_host.access import matrix
from varde_host.inventory import who, words

_FILE: Final = "commands.toml"
_BY: Final = "by"


def held(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command's function that refuses first whom the matrix refuses (`til-01`).

    `name` is the command as it is typed. One that asks nobody who they are stays as it is.
    """
    if _BY not in inspect.signature(function).parameters:
        return function

    @functools.wraps(function)
    def checked(*positional: Any, **named: Any) -> Any:
        given = inspect.signature(function).bind(*positional, **named).arguments
        require(name, given)
        return function(*positional, **named)

    return checked


def require(name: str, given: Mapping[str, Any]) -> None:
    """Raise InputRefused `til-01` unless whoever `given` names may give this command.

    Where nobody is named, the command itself says that it wants somebody.
    """
    said = given.get(_BY) or os.environ.get(who.BY_VARIABLE)
    if said:
        matrix.require(who.parse(said), action(name, given))


def action(name: str, given: Mapping[str, Any]) -> str:
    """Return which action a command is; "" for one that the table does not have, which nobody
    may do. Raises InputRefused `state-unknown` as the command would."""
    rule = rules().get(name, "")
    if isinstance(rule, str):
        return rule
    said = str(given.get(rule["argument"], ""))
    key = words.state_key(said) if rule["argument"] == "state" else said.strip()
    found: str = rule["when"].get(key, rule["others"])
    return found


def possible(name: str) -> frozenset[str]:
    """Return all actions that a command can be."""
    rule = rules().get(name, frozenset())
    if isinstance(rule, str):
        return frozenset({rule})
    return frozenset({*rule["when"].values(), rule["others"]}) if rule else frozenset()


@functools.cache
def rules() -> Mapping[str, Any]:
    """Return the table that Varde comes with."""
    file = importlib.resources.files(__package__).joinpath(_FILE)
    table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))["actions"]
    return table
