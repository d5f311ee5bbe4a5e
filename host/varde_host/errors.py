"""The two families of errors that a person can do something about; the third is our own bugs.

Every error has a stable code in kebab case, which names its texts in `messages`: what is wrong
and what to do next. The fields fill the texts in. `where` is the file, address or argument at
fault. An exception of any other class that reaches the command line is a bug of ours.

The wire's own errors (`varde_protocols.errors.WireError`) belong to the first family.
"""

from __future__ import annotations

EXIT_REFUSED = 1
"""What was given to us is not acceptable: a file, a key, a frame."""
EXIT_USAGE = 2
"""The command line itself is wrong (as every Unix tool has it)."""
EXIT_WORLD = 3
"""Disk, network, database or another program failed; the same command may work later."""
EXIT_BUG = 70
"""Ours to repair (EX_SOFTWARE of sysexits.h)."""


class HostError(Exception):
    """`code` names the texts, `where` the place at fault, `fields` what the texts fill in."""

    exit_code = EXIT_BUG

    def __init__(self, code: str, where: str = "", **fields: object) -> None:
        super().__init__(code, where, fields)
        self.code = code
        self.where = where
        self.fields = fields

    def __str__(self) -> str:
        extra = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        return ": ".join(part for part in (self.where, self.code, extra) if part)


class InputRefused(HostError):  # noqa: N818 reads as what happened
    """The peer's, or the operator's, input is not acceptable."""

    exit_code = EXIT_REFUSED


class WorldFailed(HostError):  # noqa: N818 as above
    """Disk, network, database or a program we started failed."""

    exit_code = EXIT_WORLD
