"""`varde access person`: who logs in here with a password and a second factor.

A password comes by a file, standard input or the terminal; the second factor goes out to the
terminal or to a file that only its owner may read, once. Neither is an argument or a log's line.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import segno
import typer

from varde_host import errors, messages, output
from varde_host.access import enrolment, people
from varde_host.commands import inventory_options, new_output, options
from varde_host.inventory import door
from varde_host.inventory.words import function as named
from varde_host.site import files, passphrases

_Person = Annotated[str, typer.Argument(metavar="PERSON")]
_Functions = Annotated[list[str], typer.Option("--function", metavar="FUNCTION")]
_PasswordFile = Annotated[Path | None, typer.Option("--password-file", metavar="FILE")]
_Sheet = Annotated[Path | None, typer.Option("--out", metavar="FILE")]
_DEFAULT = options.DEFAULT_SITE


def add(
    person: _Person,
    function: _Functions,
    password_file: _PasswordFile = None,
    out: _Sheet = None,
    site: options.SiteDirectory = _DEFAULT,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Take somebody in: a password now, a code by an app for the second factor."""
    described, sheet = files.load(site), _Handing(out)
    secret = _password(person, password_file)

    def do() -> None:
        enrolment.add(site, described.name, person, function, secret, sheet.give)

    _logged(do, "access-add", person, site, inventory, by, functions=sorted(function))
    _tell(person, "access.person.added", sheet, json=json)


def reset(
    person: _Person,
    password_file: _PasswordFile = None,
    out: _Sheet = None,
    site: options.SiteDirectory = _DEFAULT,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Give somebody a new password and a new second factor; the old ones are worth nothing."""
    described, sheet = files.load(site), _Handing(out)
    secret = _password(person, password_file)

    def do() -> None:
        enrolment.reset(site, described.name, person, secret, sheet.give)

    _logged(do, "access-reset", person, site, inventory, by)
    _tell(person, "access.person.reset", sheet, json=json)


def assign(
    person: _Person,
    function: _Functions,
    site: options.SiteDirectory = _DEFAULT,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Give somebody other functions; what they had is gone with their next click."""
    files.load(site)

    def do() -> None:
        enrolment.assign(site, person, function)

    _logged(do, "access-assign", person, site, inventory, by, functions=sorted(function))
    _tell(person, "access.person.assigned", json=json)


def disable(
    person: _Person,
    site: options.SiteDirectory = _DEFAULT,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Let somebody in no more; who is logged in is out with the next click."""
    files.load(site)

    def do() -> None:
        enrolment.disable(site, person)

    _logged(do, "access-disable", person, site, inventory, by)
    _tell(person, "access.person.disabled", json=json)


def show_list(site: options.SiteDirectory = _DEFAULT, json: options.Json = False) -> None:
    """List who logs in here, and how many recovery codes they have left."""
    files.load(site)
    known = people.load(site)
    if json:
        output.as_json(
            [
                {"person": person, "functions": each.functions, "is_disabled": each.is_disabled,
                 "recovery_codes": len(each.recovery)}
                for person, each in known.items()
            ]
        )  # fmt: skip
        return
    columns = [f"access.column.{name}" for name in ("person", "functions", "state", "codes")]
    rows = [
        (person, ", ".join(map(named, each.functions)),
         messages.text("access.person.closed" if each.is_disabled else "access.person.open"),
         str(len(each.recovery)))
        for person, each in known.items()
    ]  # fmt: skip
    output.table(columns, rows, whole={0})


class _Handing:
    """Where the second factor goes: a new file for its owner only, else the terminal."""

    def __init__(self, out: Path | None) -> None:
        """Raises InputRefused `file-exists`, `enrolment-where` before anything is done."""
        if out is not None and out.exists():
            raise errors.InputRefused("file-exists", str(out))
        if out is None and not sys.stdout.isatty():
            raise errors.InputRefused("enrolment-where", "--out")
        self.out = out

    def give(self, enrolled: enrolment.Enrolled) -> None:
        text = sheet(enrolled)
        if self.out is None:
            output.line(text)
            return
        new_output.write(self.out, text.encode())


def sheet(enrolled: enrolment.Enrolled) -> str:
    """Return what the person is given, as text: a QR code of blocks, and codes for paper."""
    code = io.StringIO()
    segno.make(enrolled.address, error="m", micro=False).terminal(out=code, compact=True)
    text = messages.text
    return "\n".join(
        [
            text("access.sheet.title", person=enrolled.person), "",
            text("access.sheet.scan"), "", code.getvalue(), enrolled.address, "",
            text("access.sheet.codes"), *(f"    {each}" for each in enrolled.recovery_codes), "",
        ]
    )  # fmt: skip


def _password(person: str, file: Path | None) -> str:
    """Return a new password: a file's first line ("-" is standard input), or typed twice."""
    if file is not None:
        return passphrases.Secrets([file]).open(person, bytes).decode()
    if not sys.stdin.isatty():
        raise errors.InputRefused("password-needed", person)
    typed = passphrases.Secrets().open(person, bytes)
    again = messages.text("access.person.again", person=person)
    if passphrases.Secrets().open(again, bytes) != typed:
        raise errors.InputRefused("passphrase-differs", person)
    return typed.decode()


def _logged(
    do: Callable[[], None],
    what: str,
    person: str,
    site: Path,
    inventory: str | None,
    by: str | None,
    **said: Any,
) -> None:
    """Do it, with a line in the inventory's log: both, or neither."""
    acting, now_ms = inventory_options.acting(by)
    with (
        inventory_options.writing(site, inventory, create=True) as connection,
        door.Change(connection, acting, now_ms, what, person, **said),
    ):
        do()


def _tell(person: str, key: str, sheet: _Handing | None = None, *, json: bool) -> None:
    out = None if sheet is None or sheet.out is None else str(sheet.out)
    if json:
        output.as_json({"person": person, "file": out})
        return
    output.good(messages.text(key, person=person))
    if out is not None:
        output.line(messages.text("access.person.sheet", file=out))
