"""Passphrases and token PINs: from a file, or asked for at the terminal, once.

They never stand among the arguments or in the environment, which other users of a machine may
read; those name a file at most. `/dev/fd/N` is a file too, so a passphrase can come by an open
descriptor that nobody else sees.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from varde_host import errors, messages

PASSPHRASE_FILE_VARIABLE: Final = "VARDE_PASSPHRASE_FILE"  # noqa: S105 names a file
PIN_FILE_VARIABLE: Final = "VARDE_PIN_FILE"
# A new one: what NIST SP 800-63B-4 asks of a password that stands alone, section 3.1.1.2.
LEAST_CHARACTERS: Final = 15
MAX_BYTES: Final = 1024  # a line longer than that is some other file

Opened = TypeVar("Opened")


class Secrets:
    """Remembers what was told for as long as one command runs, and asks for nothing twice."""

    def __init__(
        self, passphrase_files: Sequence[Path] = (), pin_file: Path | None = None
    ) -> None:
        self._passphrase_files = list(passphrase_files)
        self._pin_file = pin_file
        self._known: list[bytes] = []
        self._pins: dict[str, str] = {}
        self._refused_pins: set[str] = set()
        self._has_given_up = False

    def __repr__(self) -> str:
        return "Secrets()"

    def tell(self, passphrase: bytes) -> None:
        """Remember a passphrase."""
        self._known.append(passphrase)

    def open(self, where: str, attempt: Callable[[bytes], Opened]) -> Opened:
        """Return what `attempt` returns for a passphrase that fits.

        Those already told are tried first, then the next file, then the terminal is asked, once.
        `attempt` raises InputRefused for one that does not fit; the last such error goes on.
        Raises InputRefused `passphrase-needed`, `passphrase-text`, `secret-open`, `file-read`.
        """
        refused: errors.InputRefused | None = None
        for passphrase in list(self._known):
            try:
                opened = attempt(passphrase)
            except errors.InputRefused as error:
                refused = error
            else:
                self._known.sort(key=lambda known: known != passphrase)  # it opens the next, too
                return opened
        while self._passphrase_files:
            self._known.append(_line_of(self._passphrase_files.pop(0)))
            try:
                return attempt(self._known[-1])
            except errors.InputRefused as error:
                refused = error
        if refused is not None and (self._has_given_up or not sys.stdin.isatty()):
            raise refused
        return attempt(self._asked(where))

    def _asked(self, where: str) -> bytes:
        """Ask the terminal; who has nothing to say is not asked again by this command."""
        if self._has_given_up:
            raise errors.InputRefused("passphrase-needed", where)
        try:
            self._known.append(_typed("site.passphrase", where))
        except errors.InputRefused:
            self._has_given_up = True
            raise
        return self._known[-1]

    def new(self, where: str) -> bytes:
        """Return a passphrase for something new: of the next file, or typed twice.

        Raises InputRefused as `open` does, and `passphrase-short`, `passphrase-differs`.
        """
        if self._passphrase_files:
            passphrase = _line_of(self._passphrase_files.pop(0))
        else:
            passphrase = _typed("site.new-passphrase", where)
            if _typed("site.passphrase-again", where) != passphrase:
                raise errors.InputRefused("passphrase-differs", where)
        if len(passphrase.decode()) < LEAST_CHARACTERS:
            raise errors.InputRefused("passphrase-short", where, least=LEAST_CHARACTERS)
        self._known.append(passphrase)
        return passphrase

    def pin(self, token: str, source: Path | None) -> str:
        """Return a token's PIN, from the URI's `source`, our own file, or the terminal.

        Raises InputRefused `pin-needed`, and as `open` does.
        """
        if token in self._refused_pins:
            raise errors.InputRefused("token-pin", token)
        if token not in self._pins:
            file = source or self._pin_file
            if file is None and not sys.stdin.isatty():
                raise errors.InputRefused("pin-needed", token)
            told = _typed("site.pin", token) if file is None else _line_of(file)
            self._pins[token] = told.decode()
        return self._pins[token]

    def refuse_pin(self, token: str) -> None:
        """Remember that a token did not take its PIN: a second try would bring it nearer to
        locking itself."""
        self._refused_pins.add(token)


def from_environment(
    passphrase_files: Sequence[Path] = (), pin_file: Path | None = None
) -> Secrets:
    """Return secrets of these files; the environment names, if it does, those that are not given.

    Each for itself: who names a passphrase's file has not taken back the PIN's.
    """
    passphrase, pin = map(os.environ.get, (PASSPHRASE_FILE_VARIABLE, PIN_FILE_VARIABLE))
    found = passphrase_files or ([Path(passphrase)] if passphrase else [])
    return Secrets(found, pin_file or (Path(pin) if pin else None))


def open_mode(status: os.stat_result) -> str | None:
    """Return the mode of a secret's file that others may read, in octal; None for a good one.

    Good is PostgreSQL's rule for `server.key`: 0600 or less, or 0640 if it is root's, so that a
    service gets it by its group.
    """
    mode = stat.S_IMODE(status.st_mode)
    allowed = 0o640 if status.st_uid == 0 else 0o600
    is_open = stat.S_ISREG(status.st_mode) and mode & 0o777 & ~allowed
    return f"{mode:04o}" if is_open else None


def _line_of(file: Path) -> bytes:
    """Return the first line of a file, "-" for standard input."""
    try:
        descriptor = os.dup(0) if str(file) == "-" else os.open(file, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as opened:
            mode = open_mode(os.fstat(descriptor))
            if mode is not None:
                raise errors.InputRefused("secret-open", str(file), mode=mode)
            line = opened.readline(MAX_BYTES + 1)
    except OSError as error:
        raise errors.InputRefused("file-read", str(file), reason=error.strerror) from error
    return _checked(line, str(file))


def _typed(key: str, where: str) -> bytes:
    if not sys.stdin.isatty():
        raise errors.InputRefused("passphrase-needed", where)
    asked = messages.text(key, where=where) + ": "
    return _checked(getpass.getpass(asked, stream=sys.stderr).encode(), where)


def _checked(line: bytes, where: str) -> bytes:
    """Return the text as one spelling of bytes: NFC (OpaqueString of RFC 8265 section 4.2), so
    that it is the same from every keyboard. Raises InputRefused `passphrase-text`."""
    try:
        text = unicodedata.normalize("NFC", line.decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        text = ""
    made = text.encode()
    if not made or len(line) > MAX_BYTES or any(unicodedata.category(c) == "Cc" for c in text):
        raise errors.InputRefused("passphrase-text", where, most=MAX_BYTES)
    return made
