"""Where a key is in a token: a `pkcs11:` URI (RFC 7512), as far as it finds one private key.

    pkcs11:token=Varde;object=service?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:FILE

Taken are the token's `token`, `manufacturer`, `serial`, `model`, the slot's `slot-id`, the key's
`object`, `id`, `type` (private), and after the question mark `module-path` and `pin-source`. A PIN
in the text (`pin-value`) is refused, and so is what would be ignored. No error repeats a value.
"""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import errors

SCHEME: Final = "pkcs11:"
MAX_CHARACTERS: Final = 1024  # labels have 32 bytes, ids some more; paths are the longest in it
MAX_ID_BYTES: Final = 255
_TOKEN_TEXTS = ("token", "manufacturer", "serial", "model")
_PATH_NAMES = (*_TOKEN_TEXTS, "slot-id", "object", "id", "type")
_QUERY_NAMES = ("module-path", "pin-source")
# RFC 7512 section 2.3: unreserved, percent-encoded and pk11-res-avail, and each part's own.
_CHARACTER = r"[A-Za-z0-9\-._~:\[\]@!$'()*+,={more}]|%[0-9A-Fa-f]{{2}}"
_PATH_VALUE = re.compile(f"(?:{_CHARACTER.format(more='&')})*")
_QUERY_VALUE = re.compile(f"(?:{_CHARACTER.format(more='/?|')})*")
_SLOT_ID = re.compile(r"0|[1-9][0-9]{0,19}")
_ASIDE = "'()*+,=:[]@!$-._~"


@dataclass(frozen=True)
class TokenUri:
    """Which key in which token, and what reaches it. None stands for what is not told."""

    token: str | None = None
    manufacturer: str | None = None
    serial: str | None = None
    model: str | None = None
    slot_id: int | None = None
    object: str | None = None
    id: bytes | None = None
    module: Path | None = None
    pin_source: Path | None = None

    def __str__(self) -> str:
        texts = [("token", self.token), ("manufacturer", self.manufacturer)]
        texts += [("serial", self.serial), ("model", self.model), ("object", self.object)]
        path = [f"{name}={_quoted(text)}" for name, text in texts if text is not None]
        if self.slot_id is not None:
            path.append(f"slot-id={self.slot_id}")
        if self.id is not None:
            path.append("id=" + "".join(f"%{byte:02X}" for byte in self.id))
        query = [] if self.module is None else [f"module-path={_quoted(self.module, '/')}"]
        if self.pin_source is not None:
            query.append(f"pin-source=file:{_quoted(self.pin_source, '/')}")
        return SCHEME + ";".join([*path, "type=private"]) + "?" * bool(query) + "&".join(query)

    @property
    def holder(self) -> str:
        """How the token is told to a person."""
        return next(
            (text for text in (self.token, self.serial, self.model, self.manufacturer) if text),
            f"slot {self.slot_id}",
        )


def is_token_uri(text: str) -> bool:
    """Tell if it claims to be one; schemes are spelled in any case (RFC 3986 section 3.1)."""
    return text[: len(SCHEME)].lower() == SCHEME


def parse(text: str) -> TokenUri:
    """Read a URI. Raises InputRefused `token-uri`."""
    if not is_token_uri(text) or len(text) > MAX_CHARACTERS:
        raise _refused(SCHEME)
    path, _, query = text[len(SCHEME) :].partition("?")
    told = _attributes(path, ";", _PATH_NAMES, _PATH_VALUE)
    asked = _attributes(query, "&", _QUERY_NAMES, _QUERY_VALUE)
    if told.pop("type", b"private") != b"private":
        raise _refused("type")
    if not {"token", "serial", "slot-id"} & told.keys():
        raise _refused("token")
    if not {"object", "id"} & told.keys():
        raise _refused("object")
    identifier = told.pop("id", None)
    if identifier is not None and not 0 < len(identifier) <= MAX_ID_BYTES:
        raise _refused("id")
    slot = told.pop("slot-id", None)
    if slot is not None and not _SLOT_ID.fullmatch(slot.decode("latin-1")):
        raise _refused("slot-id")
    texts = {name: _text(name, value) for name, value in told.items()}
    module, source = (_path(name, asked.get(name)) for name in _QUERY_NAMES)
    slot_id = None if slot is None else int(slot)
    return TokenUri(**texts, slot_id=slot_id, id=identifier, module=module, pin_source=source)


def _attributes(
    part: str, separator: str, names: tuple[str, ...], value_of: re.Pattern[str]
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for attribute in part.split(separator) if part else []:
        name, equals, value = attribute.partition("=")
        if not equals or name not in names or name in found or not value_of.fullmatch(value):
            known = (*_PATH_NAMES, *_QUERY_NAMES, "pin-value")
            raise _refused(name if name in known else "?")
        found[name] = urllib.parse.unquote_to_bytes(value)
    return found


def _text(name: str, value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable():
        raise _refused(name)
    return text


def _path(name: str, value: bytes | None) -> Path | None:
    """Return a file's path; `pin-source` may be a `file:` URI (section 2.4), never a program."""
    if value is None:
        return None
    text = _text(name, value)
    if name == "pin-source":
        text = re.sub("^file:(//(?=/))?", "", text)
    if not text.startswith("/"):
        raise _refused(name)
    return Path(text)


def _quoted(value: object, more: str = "") -> str:
    return urllib.parse.quote(str(value), safe=_ASIDE + more)


def _refused(attribute: str) -> errors.InputRefused:
    return errors.InputRefused("token-uri", SCHEME, attribute=attribute)
