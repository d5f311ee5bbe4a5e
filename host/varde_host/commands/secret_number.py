"""A passkey or a consent code: asked for when it is wanted, and never on the command line."""

from __future__ import annotations

import asyncio
import getpass
import sys
from pathlib import Path

from varde_host import errors, messages, output


class SecretNumber:
    """The number in `file`, "-" for standard input; without one the terminal is asked, by the text
    of `key`, and does not show what is typed. A file is read at once, before anybody waits for a
    sensor: raises InputRefused `secret-number`, `file-read`."""

    def __init__(self, key: str, file: Path | None, most: int) -> None:
        self._key = key
        self._most = most
        self._asks_terminal = file is None
        self._number: int | None = None
        if file is not None and str(file) != "-":
            self._number = self._parse(_text_of(file))

    async def ask(self) -> int:
        """Return the number. Raises InputRefused `secret-number`."""
        if self._number is None:
            self._number = self._parse(await asyncio.to_thread(self._typed))
        return self._number

    def _typed(self) -> str:
        if self._asks_terminal and sys.stdin.isatty():
            return getpass.getpass(messages.text(self._key) + ": ", stream=sys.stderr)
        output.progress(messages.text(self._key))
        return sys.stdin.readline()

    def _parse(self, text: str) -> int:
        digits = text.strip().replace(" ", "")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(self._most))
        if not is_number or int(digits) > self._most:
            raise errors.InputRefused("secret-number", most=self._most)
        return int(digits)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "UTF-8"
        raise errors.InputRefused("file-read", str(file), reason=reason) from error
