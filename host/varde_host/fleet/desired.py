"""What a hub shall have: what is published for it, and the changes of a draft upon that.

A draft holds the settings that somebody changed, and beside each what stood there at that moment.
So it fits whatever is published meanwhile as long as nobody else changed the same settings; where
somebody did, `conflicts` names them and nothing is pushed: neither change is lost in silence.

Settings are plain values, those that go on the wire, by their fields' names in the formats.
Whether a hub could run the result, its own code says (`hub_config`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from varde_host import errors
from varde_host.collector import answer
from varde_protocols import assignment, documents, hub_config
from varde_protocols.errors import WireError

TERMS: Final = ("window", "allowance_kib", "source")
"""The settings that are an assignment's own, beside its config."""

FIELDS: Final = (*hub_config.HubConfig.FIELDS, *TERMS)
"""All settings, in the order of the formats."""

Plain = dict[str, Any]
"""All settings of a hub, or some, by field."""

# For a hub of which nothing is known, as `varde hub assignment` has them.
DEFAULTS: Final[Mapping[str, Any]] = {
    "networks": [],
    "collector_port": 8443,
    "heartbeat_s": answer.DEFAULT_HEARTBEAT_S,
    "sensors": [],
    "ntp_host": "pool.ntp.org",
    "ntp_port": 123,
    "board": "generic",
    "modem": None,
    "data_budget_kib": 0,
    "local_time": list(hub_config.NORWAY),
    "reminders": [],
    "quiet": None,
    "window": None,
    "allowance_kib": None,
    "source": None,
}

Edit = Callable[[Plain], Mapping[str, Any]]
"""Gives the settings that it changes, for a hub that shall have those it is given."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Settings that are to change, by field, and what each was; no entry in `was`: not published.

    Both hold secrets.
    """

    changes: Plain = field(default_factory=dict, repr=False)
    was: Plain = field(default_factory=dict, repr=False)


def plain_of(given: assignment.Assignment) -> Plain:
    """Return the settings of an assignment."""
    config = given.config.fields()
    fields = {name: config[at] for at, name in enumerate(hub_config.HubConfig.FIELDS, 1)}
    return {**fields, **{name: getattr(given, name) for name in TERMS}}


def conflicts(published: Plain | None, draft: Draft) -> list[str]:
    """Return the fields that somebody else has changed since they were put into the draft."""
    if published is None:
        return []
    return [
        name
        for name, wanted in draft.changes.items()
        if published[name] != wanted
        and (name not in draft.was or published[name] != draft.was[name])
    ]


def wanted(published: Plain | None, draft: Draft) -> Plain:
    """Return the settings that a hub shall have; the caller has looked for conflicts."""
    return {**(DEFAULTS if published is None else published), **draft.changes}


def edited(published: Plain | None, draft: Draft, edits: Iterable[Edit]) -> Draft:
    """Return the draft with more changes. What is as published is no change, and left out."""
    changes, was = dict(draft.changes), dict(draft.was)
    for edit in edits:
        for name, value in edit(wanted(published, Draft(changes))).items():
            changes[name] = value
            if published is not None:
                was[name] = published[name]
    if published is not None:
        changes = {name: value for name, value in changes.items() if published[name] != value}
    return Draft(changes, {name: value for name, value in was.items() if name in changes})


def config_of(plain: Plain, where: str) -> hub_config.HubConfig:
    """Return the config, checked by the code that a hub checks it with.

    Raises InputRefused `config-refused`; `where` names the hub.
    """
    names = hub_config.HubConfig.FIELDS
    try:
        return hub_config.from_fields(
            {at: plain[name] for at, name in enumerate(names, 1) if name in plain}
        )
    except WireError as error:
        raise refused(error, where) from error


def assignment_of(plain: Plain, given: Mapping[str, Any], where: str) -> assignment.Assignment:
    """Return the assignment of these settings; `given` has its other fields, all of them.

    Raises InputRefused `config-refused`.
    """
    terms = {name: plain[name] for name in TERMS}
    fields = {"config": config_of(plain, where), **terms, **given}
    try:
        return assignment.Assignment(*(fields[name] for name in assignment.Assignment.FIELDS))
    except WireError as error:
        raise refused(error, where) from error


def check(plain: Plain, where: str) -> None:
    """Raise InputRefused `config-refused` unless a hub could be given these settings."""
    site_id = bytes(documents.SITE_ID_BYTES)
    given = {"number": 1, "hub_id": None, "release": None, "signed_ms": 0, "ring": ""}
    assignment_of(plain, {"site_id": site_id, **given}, where)


def refused(error: WireError, where: str) -> errors.InputRefused:
    """Return what to tell a person of the wire's error."""
    named = f"{where}: {error.where}"
    return errors.InputRefused("config-refused", named, reason=f"{error.code}: {error.hint}")


def changed(before: Plain | None, after: Plain) -> list[str]:
    """Return the fields that differ, in the order of the formats; before nothing all do."""
    return [name for name in FIELDS if before is None or before[name] != after.get(name)]


def changed_secrets(name: str, before: Any, after: Any) -> list[str]:
    """Return what of a changed setting has other secrets than before: names that may be shown."""
    if before is None or after is None or name not in {"networks", "sensors", "modem"}:
        return []
    rows = ([before], [after]) if name == "modem" else (before, after)
    members = [{row[0]: row[1:] for row in each} for each in rows]
    return [str(key) for key, rest in members[1].items() if members[0].get(key, rest) != rest]
