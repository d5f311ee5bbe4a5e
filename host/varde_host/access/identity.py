"""Who somebody was found to be when they logged in: all that a session keeps of a person.

What they may do does not stand here; that is found anew at each request (`grants`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Local:
    """Somebody of a site's own people file; `stamp` is new when their password, second factor or
    functions have been changed, so what was begun before ends."""

    site: str
    person: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Provided:
    """Somebody whom an identity provider vouches for, and the groups that it named."""

    issuer: str
    client_id: str
    person: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Practising:
    """Nobody in particular, in a world made for practice alone."""

    person: str


Identity = Local | Provided | Practising
_KINDS = {"local": Local, "provided": Provided, "practising": Practising}
_NAMES: dict[type, str] = {kind: name for name, kind in _KINDS.items()}


def owner(identity: Identity) -> str:
    """Return whose a session is: "t17" of one municipality is not "t17" of another."""
    match identity:
        case Local(site, person):
            return f"local {site} {person}"
        case Provided(issuer, _, person):
            return f"provided {issuer} {person}"
        case Practising(person):
            return f"practising {person}"


def encode(identity: Identity) -> str:
    """Return the text of an identity, for the store of sessions."""
    return json.dumps({"kind": _NAMES[type(identity)], **asdict(identity)})


def decode(text: str) -> Identity:
    """Return the identity of our own text (`encode`)."""
    fields = json.loads(text)
    kind = fields.pop("kind")
    if kind == "provided":
        fields["groups"] = tuple(fields["groups"])
    found: Identity = _KINDS[kind](**fields)
    return found
