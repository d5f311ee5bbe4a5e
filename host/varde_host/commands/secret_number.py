"""A passkey or a consent code: asked for when it is wanted, and never on the command line."""

from __future__ import annotations

import asyncio
import getpass
import sys
from pathlib import Path

from varde_host import errors, messages, output


class SecretNumber:
    """The number in `file`, "-" for standard input; without one the terminal is asked, by the text
    of `key`, and does not show what is typed."""

    def __init__(self, key: str, file: Path | None, most: int) -> None:
        self._key = key
        self._file = file
        self._most = most

    async def ask(self) -> int:
        """Return the number. Raises InputRefused `secret-number`, `file-read`."""
        return self._parse(await asyncio.to_thread(self._text))

    def _text(self) -> str:
        if self._file is not None and str(self._file) != "-":
            try:
                return self._file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "UTF-8"
                raise errors.InputRefused(
                    "file-read", str(self._file), reason=reason
                ) from error
        if self._file is None and sys.stdin.isatty():
            return getpass.getpass(messages.text(self._key) + ": ", stream=sys.stderr)
        output.progress(messages.text(self._key))
        return sys.stdin.readline()

    def _parse(self, text: str) -> int:
        digits = text.strip().replace(" ", "")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(self._most))
        if not is_number or int(digits) > self._most:
            raise errors.InputRefused("secret-number", most=self._most)
        return int(digits)
