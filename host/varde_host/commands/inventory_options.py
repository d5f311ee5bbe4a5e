"""What the commands of the inventory share: where it is, who acts, and how moments are shown."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from varde_host import clock, errors
from varde_host.database import engine
from varde_host.inventory import store, who, words

InventoryAddress = Annotated[
    str | None,
    typer.Option("--inventory", envvar="VARDE_INVENTORY", metavar="FILE|URL"),
]
By = Annotated[str | None, typer.Option("--by", metavar="FUNCTION:PERSON")]
KeepsGs = Annotated[bool, typer.Option("--keeps-gs", envvar="VARDE_KEEPS_GS")]
Choice = Annotated[int | None, typer.Option("--choose", min=1, metavar="NUMBER")]


def address(site: Path, named: str | None) -> str | Path:
    """Return the inventory that was named, or else the site's own.

    Raises InputRefused `inventory-password` for a password among the arguments.
    """
    if named is None or not engine.is_url(named):
        return Path(named) if named else site / store.FILE
    is_argument = named != os.environ.get("VARDE_INVENTORY")
    if is_argument and engine.has_password(named):
        raise errors.InputRefused("inventory-password", "--inventory")
    return named


@contextlib.contextmanager
def opened(site: Path, named: str | None, *, create: bool = False) -> Iterator[store.Inventory]:
    """Give the open inventory; raises as `address` and `store.open_inventory`."""
    inventory = store.open_inventory(address(site, named), create=create)
    try:
        yield inventory
    finally:
        inventory.close()


@contextlib.contextmanager
def reading(site: Path, named: str | None) -> Iterator[sa.Connection]:
    """Give a connection that sees one state of the inventory; raises as `opened`."""
    with opened(site, named) as inventory, inventory.reading() as connection:
        yield connection


@contextlib.contextmanager
def writing(site: Path, named: str | None, *, create: bool = False) -> Iterator[sa.Connection]:
    """Give a connection whose changes are all done at the end, or none; raises as `opened`."""
    with opened(site, named, create=create) as inventory, inventory.writing() as connection:
        yield connection


def acting(by: str | None) -> tuple[who.Who, int]:
    """Return who acts, and when."""
    return who.parse(by), now_ms()


def now_ms() -> int:
    """Return the time, by the world's clock if there is one."""
    return clock.from_environment().utc_ms()


def moment(utc_ms: int | None) -> str:
    """Return a moment for a table's cell."""
    return "" if utc_ms is None else words.moment(utc_ms)
