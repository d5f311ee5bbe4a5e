"""`access.toml` in the site's folder: who gets in, and for how long.

    [local]
    allowed = true                       # people with a password and a code of their own
    [sessions]
    idle_minutes = 30
    whole_hours = 10
    [data]                               # not in the site's folder: addresses without passwords
    inventory = "postgresql://..."
    database = "postgresql://..."
    [oidc]
    issuer = "https://login.example.org"
    client_id = "varde"
    client_secret_file = "oidc.secret"   # or client_key_file (private_key_jwt), or neither
    group_claim = "groups"
    [oidc.groups]
    "Varde lager" = ["lagertekniker"]

The file may be left out: then people log in locally. It is read anew when it has changed, so that
what is taken away is gone with the next click. An unknown key is refused: a misspelt one would
look like a rule and be none.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from varde_host import errors
from varde_host.database import engine
from varde_host.inventory import who
from varde_host.site import toml_file

FILE: Final = "access.toml"
MAX_BYTES: Final = 64 * 1024
MOST_GROUPS: Final = 200
# NIST SP 800-63B-4 section 2.2.3: at AAL2 an hour of rest and 24 hours in all are the most.
MOST_IDLE_MINUTES: Final = 60
MOST_WHOLE_HOURS: Final = 12
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Provider:
    """The municipality's own identity provider: OpenID Connect by its discovery document."""

    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    client_key_file: Path | None = None
    group_claim: str = "groups"
    person_claim: str = ""
    """"" makes a short id of issuer and subject: it says who, and names nobody."""
    scopes: tuple[str, ...] = ("openid",)
    acr: tuple[str, ...] = ()
    """The token must say one of these levels, e.g. two factors; () leaves it to the provider."""
    ca_file: Path | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """What the file says."""

    is_local_allowed: bool = True
    idle_ms: int = 30 * 60_000
    whole_ms: int = 10 * 3_600_000
    inventory: str | None = None
    database: str | None = None
    provider: Provider | None = None


def load(directory: Path) -> Rules:
    """Return the site's rules; raises InputRefused `access-file`, `file-read`."""
    path = directory / FILE
    try:
        status = path.stat()
    except FileNotFoundError:
        return Rules()
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    return _loaded(path, (status.st_mtime_ns, status.st_size, status.st_ino))


@functools.lru_cache(maxsize=100)
def _loaded(path: Path, _mark: tuple[int, int, int]) -> Rules:
    return read(toml_file.tables(path, "access-file", MAX_BYTES), path)


def read(data: Mapping[str, Any], path: Path) -> Rules:
    """Return the rules of a file's content; raises InputRefused `access-file`."""
    table = _Table(data, path, "")
    local, sessions, stored = (table.table(name) for name in ("local", "sessions", "data"))
    oidc = table.table("oidc")
    table.refuse_others()
    rules = Rules(
        is_local_allowed=local.yes("allowed", default=True),
        idle_ms=sessions.number("idle_minutes", 30, MOST_IDLE_MINUTES) * 60_000,
        whole_ms=sessions.number("whole_hours", 10, MOST_WHOLE_HOURS) * 3_600_000,
        inventory=stored.address("inventory"),
        database=stored.address("database"),
        provider=_provider(oidc) if "oidc" in data else None,
    )
    for part in (local, sessions, stored):
        part.refuse_others()
    return rules


def _provider(table: _Table) -> Provider:
    issuer = table.text("issuer")
    if not is_safe(issuer):
        raise table.refused("oidc.issuer")
    groups = table.table("groups")
    found = Provider(
        issuer=issuer,
        client_id=table.text("client_id"),
        client_secret_file=table.file("client_secret_file"),
        client_key_file=table.file("client_key_file"),
        group_claim=table.text("group_claim", "groups"),
        person_claim=table.text("person_claim", ""),
        scopes=table.texts("scopes", ("openid",)),
        acr=table.texts("acr", ()),
        ca_file=table.file("ca_file"),
        groups={name: _functions(groups, name) for name in groups.data},
    )
    table.refuse_others()
    if "openid" not in found.scopes or len(found.groups) > MOST_GROUPS:
        raise table.refused("oidc.scopes, oidc.groups")
    return found


def _functions(groups: _Table, name: str) -> tuple[str, ...]:
    functions = groups.texts(name, ())
    if not functions or not set(functions) <= set(who.FUNCTIONS):
        raise groups.refused(f"oidc.groups.{name[:40]}")
    return functions


def is_safe(address: str) -> bool:
    """Tell if an address is one of HTTPS; plain HTTP is for a provider on this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


class _Table:
    """Takes what it knows out of a table of TOML; what is left is unknown."""

    def __init__(self, data: object, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._known: set[str] = set()
        if not isinstance(data, Mapping):
            raise self.refused(name)
        self.data = data

    def refused(self, what: str) -> errors.InputRefused:
        return errors.InputRefused("access-file", str(self._path), what=what[:80])

    def refuse_others(self) -> None:
        if others := sorted(set(self.data) - self._known):
            raise self.refused(f"{self._name} {others[0]}".strip())

    def table(self, name: str) -> _Table:
        self._known.add(name)
        return _Table(self.data.get(name, {}), self._path, name)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > 300 or (default is None and not value):
            raise self.refused(f"{self._name}.{name}")
        return value

    def texts(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._value(name, list(default))
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.refused(f"{self._name}.{name}")
        return tuple(value)

    def yes(self, name: str, *, default: bool) -> bool:
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise self.refused(f"{self._name}.{name}")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        value = self._value(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise self.refused(f"{self._name}.{name}: 1-{most}")
        return value

    def file(self, name: str) -> Path | None:
        given = self.text(name, "")
        return self._path.parent / given if given else None

    def address(self, name: str) -> str | None:
        """Return a database's URL, or a file beside this one. No password stands here."""
        given = self.text(name, "")
        if not given:
            return None
        if not engine.is_url(given):
            return str(self._path.parent / given)
        if engine.has_password(given):
            raise self.refused(f"{self._name}.{name}")
        return given

    def _value(self, name: str, default: object) -> object:
        self._known.add(name)
        return self.data.get(name, default)
