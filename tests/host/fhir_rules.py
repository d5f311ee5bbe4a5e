"""The rule table of the profiles (`fhir_rules.toml`), asked with fhirpathpy."""

from __future__ import annotations

import functools
import json
import pathlib
import tomllib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import fhirpathpy
from fhirpathpy.models import models

TABLE = pathlib.Path(__file__).with_suffix(".toml")


class Rule(NamedTuple):
    """Where `when` holds of a resource, `then` must; `of` is the type that `when` begins with."""

    id: str
    targets: tuple[str, ...]
    source: str
    line: str
    text: str
    of: str
    when: Callable[[Any], bool]
    then: Callable[[Any], bool]


@functools.cache
def table() -> dict[str, Any]:
    """Return the file as it is."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return all rules; their expressions are parsed once."""
    return tuple(
        Rule(
            each["id"], tuple(each.get("targets", ())), each["source"], str(each["line"]),
            each["text"], each["when"].partition(".")[0], _truth(each["when"]),
            _truth(each["then"]),
        )
        for each in table()["rule"]
    )  # fmt: skip


def _truth(expression: str) -> Callable[[Any], bool]:
    asked = fhirpathpy.compile(expression, models["r4"])

    def holds(resource: Any) -> bool:
        return asked(resource, {"resource": resource}) == [True]

    return holds


def as_floats(resource: Any) -> Any:
    """Return it as fhirpathpy wants it: no digit is looked at here."""
    return json.loads(json.dumps(resource, default=_float))


def _float(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def broken_by(resource: Any, target: str) -> Iterator[Rule]:
    """Return the rules that a resource does not keep."""
    for rule in asked(resource, target):
        if not rule.then(resource):
            yield rule


def asked(resource: Any, target: str) -> Iterator[Rule]:
    """Return the rules that bind a resource in a target's style."""
    for rule in rules():
        is_bound = rule.of == resource["resourceType"] and target in (rule.targets or (target,))
        if is_bound and rule.when(resource):
            yield rule
