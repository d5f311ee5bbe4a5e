"""What the toolkit says to people, in bokmål, nynorsk and English.

One TOML file per language, with the same keys and the same {fields} in each (a test holds them to
it). Bokmål is written first and is the default. Logs and documents are English and not in here.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib.resources
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LANGUAGES = ("nb", "nn", "en")
LANGUAGE_VARIABLE = "VARDE_LANGUAGE"
_OPTION = "--language"


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return all texts of one language by dotted key."""
    file = importlib.resources.files(__name__).joinpath(f"{language}.toml")
    return dict(_flatten(tomllib.loads(file.read_text(encoding="utf-8")), ""))


def _flatten(table: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in table.items():
        name = prefix + key
        rows += [(name, value)] if isinstance(value, str) else _flatten(value, name + ".")
    return rows


class Speaker:
    """Gives texts in one language."""

    def __init__(self) -> None:
        self.language = LANGUAGES[0]

    def text(self, key: str, **fields: object) -> str:
        """Return the text of `key` with its fields filled in; KeyError is a bug of ours."""
        return catalogue(self.language)[key].format(**fields)

    def has(self, key: str) -> bool:
        """Tell if there is a text of that name."""
        return key in catalogue(self.language)


_spoken: contextvars.ContextVar[str | None] = contextvars.ContextVar("spoken", default=None)


class _InUse(Speaker):
    """Speaks what the command line asked for, or within `spoken` what that says."""

    @property
    def language(self) -> str:
        return _spoken.get() or self._asked

    @language.setter
    def language(self, language: str) -> None:
        self._asked = language


@contextlib.contextmanager
def spoken(language: str) -> Iterator[None]:
    """Speak a language here, and in tasks and threads begun from here, as a server's pages do."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


speaker = _InUse()
text = speaker.text
has = speaker.has


def asked_language(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the language that the command line or else the environment asks for.

    Looked up before the arguments are parsed, as their help texts depend on it. An unknown
    language falls back to the default here; the parser refuses it by name.
    """
    asked = environment.get(LANGUAGE_VARIABLE, "")
    for number, argument in enumerate(arguments):
        if argument == _OPTION and number + 1 < len(arguments):
            asked = arguments[number + 1]
        elif argument.startswith(_OPTION + "="):
            asked = argument.partition("=")[2]
    return asked if asked in LANGUAGES else LANGUAGES[0]


def use_asked(arguments: Sequence[str]) -> None:
    """Speak the language that was asked for from here on."""
    speaker.language = asked_language(arguments, os.environ)
