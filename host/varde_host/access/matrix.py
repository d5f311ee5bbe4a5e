"""The role matrix, as data: which function of the service may do which action.

Deny by default: an action or a function that the file does not know is refused, by a wrong page
table as well as by a stranger.
"""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from varde_host import errors, messages
from varde_host.inventory import who

SEES = "sees"
CHANGES = "changes"
_FILE = "matrix.toml"


@dataclass(frozen=True)
class Matrix:
    """`actions` says of each if it sees or changes; `may` holds each function's actions, `reasons`
    why a function has an action that its name does not explain."""

    actions: Mapping[str, str]
    may: Mapping[str, frozenset[str]]
    reasons: Mapping[tuple[str, str], str]


def may(function: str, action: str) -> bool:
    """Tell if a function of the service may do an action; no for what nobody knows."""
    return action in whole().may.get(function, frozenset())


def require(by: who.Who, action: str) -> None:
    """Raise InputRefused `til-01` unless they may do this."""
    if not may(by.function, action):
        raise errors.InputRefused(
            "til-01", str(by), function=messages.text(f"function.{by.function}"),
            action=title(action),
        )  # fmt: skip


def actions() -> tuple[str, ...]:
    """Return all actions, in the file's order."""
    return tuple(whole().actions)


def functions_that_may(action: str) -> tuple[str, ...]:
    """Return the functions that may do an action, in the order of `who.FUNCTIONS`."""
    return tuple(each for each in who.FUNCTIONS if may(each, action))


def title(action: str) -> str:
    """Return what an action is called, in the language in use; one that is none by its key."""
    key = f"action.{action}"
    return messages.text(key) if messages.has(key) else action


def table() -> list[tuple[str, dict[str, bool]]]:
    """Return the table, action by action: the function, and if it may."""
    return [(each, {role: may(role, each) for role in who.FUNCTIONS}) for each in actions()]


@functools.cache
def whole() -> Matrix:
    """Return the matrix that Varde comes with."""
    file = importlib.resources.files(__package__).joinpath(_FILE)
    return read(tomllib.loads(file.read_text(encoding="utf-8")))


def read(data: Mapping[str, Any]) -> Matrix:
    """Return a matrix of a file's content; ValueError says what is wrong with it.

    An auditor who could change something, a role that is no function of the service, an action
    that is not listed, or one that nobody may do, are mistakes of whoever wrote the file.
    """
    known: dict[str, str] = dict(data["actions"])
    roles = {name: frozenset(role["may"]) for name, role in data["roles"].items()}
    if wrong := {what for what in known.values() if what not in (SEES, CHANGES)}:
        raise ValueError(f"an action sees or changes: {wrong}")
    if set(roles) != set(who.FUNCTIONS):
        raise ValueError(f"roles are the functions of the service: {set(roles)}")
    if unknown := frozenset[str]().union(*roles.values()) ^ set(known):
        raise ValueError(f"unknown to the one or to the other: {unknown}")
    if changed := [each for each in roles[who.AUDITOR] if known[each] == CHANGES]:
        raise ValueError(f"the auditor changes nothing: {changed}")
    reasons = {(row["role"], row["action"]): row["because"] for row in data.get("reasons", ())}
    if idle := [pair for pair in reasons if pair[1] not in roles.get(pair[0], ())]:
        raise ValueError(f"reasons for what nobody has: {idle}")
    return Matrix(known, roles, reasons)
