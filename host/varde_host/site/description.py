"""`site.json`: what may be told to anyone about a site, and where its private keys are.

    format          "varde-site-2"
    name            for people
    site_id         8 random bytes: what all the site's documents say they belong to
    server_names    names and addresses of the collector's certificate
    collector, receiver   {public, key} of each, `key` as in roles, and always a file
    roots           files of the roots that hubs pin
    roles           {role: {threshold, keys: [{public, key}]}}; `key` is a file beside this one, a
                    `pkcs11:` URI, or "" for a key that is kept elsewhere

Read as strictly as it is written: what else stands in it is refused, so that a slip of the hand
is not a site with one key less.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host import errors
from varde_host.site import keys, token_uri

FORMAT: Final = "varde-site-2"
SITE_ID_BYTES: Final = 8
MAX_BYTES: Final = 64 * 1024  # some hundred names and keys; a larger file is another one
MAX_KEYS: Final = 8  # of a role; the trust document has room for no more
MAX_NAMES: Final = 64
MAX_TEXT: Final = 256  # a DNS name has 253 characters

_FIELDS = {
    "format", "name", "site_id", "server_names", "collector", "receiver", "roots", "roles",
}  # fmt: skip
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Description:
    """What `site.json` says."""

    name: str
    site_id: bytes
    server_names: tuple[str, ...]
    collector: keys.RoleKey
    receiver: keys.RoleKey
    roots: tuple[str, ...]
    roles: dict[str, keys.Role]


def encode(described: Description) -> bytes:
    """Return the file's content."""
    roles = {
        name: {
            "threshold": role.threshold,
            "keys": [_encoded(key) for key in role.keys],
        }
        for name, role in described.roles.items()
    }
    fields = {
        "format": FORMAT,
        "name": described.name,
        "site_id": described.site_id.hex(),
        "server_names": list(described.server_names),
        "collector": _encoded(described.collector),
        "receiver": _encoded(described.receiver),
        "roots": list(described.roots),
        "roles": roles,
    }
    return (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode()


def _encoded(key: keys.RoleKey) -> dict[str, str]:
    return {"public": key.public.hex(), "key": key.place}


def check_names(name: str, server_names: Sequence[str]) -> None:
    """Raise ValueError for names that a description cannot hold."""
    _text(name)
    for server_name in _list(list(server_names), MAX_NAMES):
        _text(server_name)


def decode(data: bytes, where: str) -> Description:
    """Read the file's content. Raises InputRefused `site-malformed`."""
    if len(data) > MAX_BYTES:
        raise errors.InputRefused("site-malformed", where, reason=f"more than {MAX_BYTES} bytes")
    try:
        return _description(json.loads(data, object_pairs_hook=_once))
    except errors.InputRefused as error:  # a token's URI
        raise errors.InputRefused("site-malformed", where, reason=str(error)) from error
    except (ValueError, RecursionError) as error:
        raise errors.InputRefused("site-malformed", where, reason=error) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _description(raw: Any) -> Description:
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ValueError(f"format is not {FORMAT}")
    fields = _fields(raw, _FIELDS)
    raw_roles = _fields(fields["roles"], set(keys.ROLES))
    roles = {name: _role(name, raw_roles[name]) for name in keys.ROLES}
    collector, receiver = (_key(fields[name]) for name in ("collector", "receiver"))
    _file(collector.place)
    _file(receiver.place)
    held = [collector, receiver, *(key for role in roles.values() for key in role.keys)]
    if len({key.public for key in held}) != len(held):
        raise ValueError("a key stands twice: each is good for one thing")
    return Description(
        _text(fields["name"]),
        _fixed(fields["site_id"], SITE_ID_BYTES),
        tuple(_text(name) for name in _list(fields["server_names"], MAX_NAMES)),
        collector,
        receiver,
        tuple(_file(name) for name in _list(fields["roots"], MAX_KEYS)),
        roles,
    )


def _role(name: str, raw: Any) -> keys.Role:
    fields = _fields(raw, {"threshold", "keys"})
    made = tuple(_key(key) for key in _list(fields["keys"], MAX_KEYS))
    threshold = fields["threshold"]
    if type(threshold) is not int or not 1 <= threshold <= MAX_KEYS:
        raise ValueError(f"threshold of {name}")
    if made and threshold > len(made):
        raise ValueError(f"{name}: fewer keys than must sign")
    return keys.Role(threshold, made)


def _key(raw: Any) -> keys.RoleKey:
    fields = _fields(raw, {"public", "key"})
    return keys.RoleKey(_fixed(fields["public"], keys.PUBLIC_KEY_BYTES), _place(fields["key"]))


def _place(raw: Any) -> str:
    text = raw if raw == keys.ELSEWHERE else _text(raw, token_uri.MAX_CHARACTERS)
    if token_uri.is_token_uri(text):
        token_uri.parse(text)
        return text
    return text if text == keys.ELSEWHERE else _file(text)


def _fields(raw: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.keys() != names:
        raise ValueError("expected are exactly " + ", ".join(sorted(names)))
    return raw


def _list(raw: Any, most: int) -> list[Any]:
    if not isinstance(raw, list) or len(raw) > most:
        raise ValueError(f"a list of at most {most} is expected")
    return raw


def _text(raw: Any, most: int = MAX_TEXT) -> str:
    if not isinstance(raw, str) or not 0 < len(raw) <= most or not raw.isprintable():
        raise ValueError("a text is expected")
    return raw


def _file(raw: Any) -> str:
    """Return the name of a file beside the description; a path is none."""
    text = _text(raw)
    if not _FILE_NAME.fullmatch(text):
        raise ValueError("a file's name is expected")
    return text


def _fixed(raw: Any, length: int) -> bytes:
    text = _text(raw)
    if not re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text):
        raise ValueError(f"{length} bytes in lower case hexadecimal are expected")
    return bytes.fromhex(text)
