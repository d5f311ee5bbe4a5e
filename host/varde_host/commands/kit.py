"""`varde kit`: make kits, move them through their life, and see what they went through."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from varde_host import errors, messages, output
from varde_host.commands import inventory_options, kit_lacks, options
from varde_host.inventory import (
    items,
    kits,
    loans,
    measuring_models,
    places,
    readiness,
    states,
    words,
)

_Site = options.SiteDirectory
_Inventory = inventory_options.InventoryAddress
_By = inventory_options.By
_KitId = Annotated[str, typer.Argument(metavar="KIT")]
_KIT_COLUMNS = ("kit", "state", "since", "profile", "place", "verified-until")
_DEFAULT = options.DEFAULT_SITE


def new(
    source: Annotated[str, typer.Option("--from", metavar="TEXT")],
    profile: Annotated[str, typer.Option()] = kits.DEFAULT_PROFILE,
    place: Annotated[str | None, typer.Option()] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Make a kit with a new id."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory, create=True) as c:
        where = places.find(c, place).place if place else None
        draw = secrets.randbelow
        made = kits.create(c, draw, acting, now_ms, source=source, profile=profile, place=where)
    if json:
        output.as_json(dataclasses.asdict(made))
    else:
        output.good(messages.text("kit.made", kit=made.kit_id))


def show_list(
    state: Annotated[str | None, typer.Option()] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List kits, those longest in their state first."""
    key = None if state is None else words.state_key(state)
    with inventory_options.reading(site, inventory) as connection:
        found = kits.listing(connection, key)
    if json:
        output.as_json([dataclasses.asdict(kit) for kit in found])
    else:
        output.table(_columns(_KIT_COLUMNS), [_row(kit) for kit in found], whole={0})


def show(
    kit: _KitId,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Show a kit, what is in it, what it went through, and where it can go."""
    now_ms, known = inventory_options.now_ms(), measuring_models.load(site)
    with inventory_options.reading(site, inventory) as connection:
        found = kits.find(connection, kit)
        inside = items.listing(connection, kit_id=found.kit_id)
        steps = kits.steps(connection, found.kit_id)
        lent = loans.of_kit(connection, found.kit_id)
        lacking = readiness.lacks(connection, found.kit_id, now_ms, known)
    targets = states.targets(found.state, is_infectious=found.is_infectious)
    if json:
        output.as_json(
            dataclasses.asdict(found)
            | {
                "items": [dataclasses.asdict(item) for item in inside],
                "steps": [dataclasses.asdict(step) for step in steps],
                "loans": [dataclasses.asdict(loan) for loan in lent],
                "next": targets,
                "lacks": kit_lacks.as_json(lacking),
            }
        )
        return
    output.table(_columns(_KIT_COLUMNS), [_row(found)], whole={0})
    if found.is_infectious:
        until = inventory_options.moment(found.quarantine_until_ms)
        output.line(messages.text("kit.infectious", until=until))
    output.table(
        _columns(("id", "kind", "model", "serial", "lot", "size")),
        [
            (item.item_id, messages.text(f"item-kind.{item.kind}"), item.model,
             item.serial or "", item.lot or "", item.size or "")
            for item in inside
        ],
        whole={0},
    )  # fmt: skip
    output.table(
        _columns(("state", "moment", "function", "person", "evidence")),
        [
            (words.state(step.after), words.moment(step.at_ms), step.function, step.person,
             evidence_text(step.evidence))
            for step in steps
        ],
    )  # fmt: skip
    output.line(messages.text("kit.next", known=", ".join(map(words.state, targets)) or "-"))
    if found.state in kit_lacks.BEFORE_HANDOUT:
        kit_lacks.tell(found, lacking)


def move(
    kit: _KitId,
    state: Annotated[str, typer.Argument(metavar="STATE")],
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", "-e", metavar="KIND.FIELD=VALUE")
    ] = None,
    seen: Annotated[str | None, typer.Option(metavar="STATE")] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Move a kit to a state, with the evidence that the move needs."""
    acting, now_ms = inventory_options.acting(by)
    target = words.state_key(state)
    expected = None if seen is None else words.state_key(seen)
    proof = parse_evidence(evidence or [])
    known = measuring_models.load(site)
    with inventory_options.writing(site, inventory) as connection:
        moved = kits.move(
            connection, kit, target, proof, acting, now_ms, seen=expected, known=known
        )
    if json:
        output.as_json(dataclasses.asdict(moved))
        return
    output.good(messages.text("kit.moved", kit=moved.kit.kit_id, state=words.state(target)))
    if moved.loan_id is not None:
        key = "kit.loan-began" if target == states.HANDED_OUT else "kit.loan-ended"
        output.line(messages.text(key, loan=moved.loan_id))


def put(
    kit: _KitId,
    item: Annotated[list[str], typer.Argument(metavar="ITEM...")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Put things into a kit: all of them, or none if one is refused."""
    acting, now_ms = inventory_options.acting(by)
    known = measuring_models.load(site)
    with inventory_options.writing(site, inventory) as connection:
        done = [items.put(connection, each, kit, acting, now_ms, known=known) for each in item]
    _tell_items(done, "kit.put", json=json)


def take(
    item: Annotated[list[str], typer.Argument(metavar="ITEM...")],
    place: Annotated[str, typer.Option()],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Take things to a place, out of their kits if they are in one."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        done = [items.take(connection, each, place, acting, now_ms) for each in item]
    _tell_items(done, "kit.taken", json=json)


def place(
    kit: _KitId,
    where: Annotated[str, typer.Argument(metavar="PLACE")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Write down where a kit stands."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        code = places.find(connection, where).place
        done = kits.place(connection, kit, code, acting, now_ms)
    if json:
        output.as_json(dataclasses.asdict(done))
    else:
        output.line(messages.text("kit.placed", kit=done.kit_id, place=code))


def infectious(
    kit: _KitId,
    hours: Annotated[int, typer.Option(min=0)] = kits.DEFAULT_QUARANTINE_HOURS,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Put a kit that has come back under infection control, when that is learned of late."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        done = kits.put_under_infection_control(connection, kit, hours, acting, now_ms)
    if json:
        output.as_json(dataclasses.asdict(done))
    else:
        until = inventory_options.moment(done.quarantine_until_ms)
        output.line(messages.text("kit.infectious", until=until))


def parse_evidence(given: list[str]) -> dict[str, dict[str, Any]]:
    """Read `kind.field=value`: yes and no are truths, @FILE is the SHA-256 of a file.

    A number of hours is a number; all else is text. Raises InputRefused `evidence-form`,
    `file-read`.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        kind, dot, field = name.partition(".")
        if not equals or not dot:
            raise errors.InputRefused("evidence-form", text[:40])
        found.setdefault(kind.strip(), {})[field.strip()] = _value(field.strip(), value)
    return found


def evidence_text(evidence: dict[str, Any]) -> str:
    """Return evidence in one line, checksums cut to what a person compares."""
    parts = []
    for kind, fields in evidence.items():
        said = ", ".join(f"{name} {_typed(value)[:24]}" for name, value in fields.items())
        parts.append(f"{kind}: {said}")
    return "; ".join(parts)


def _typed(value: object) -> str:
    """Return a value as it is typed (`_value`)."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _value(field: str, value: str) -> object:
    if value in ("yes", "no"):
        return value == "yes"
    if value.startswith("@"):
        path = Path(value[1:])
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    if field.endswith("_hours") and value.isascii() and value.isdigit():
        return int(value)
    return value


def _tell_items(done: list[items.Item], key: str, *, json: bool) -> None:
    if json:
        output.as_json([dataclasses.asdict(item) for item in done])
        return
    for item in done:
        where = item.kit_id or item.place
        output.line(messages.text(key, item=item.item_id, model=item.model, place=where))


def _row(kit: kits.Kit) -> tuple[str, ...]:
    since = words.moment(kit.since_ms)
    state = words.state(kit.state)
    return kit.kit_id, state, since, kit.profile, kit.place or "", kit.verified_until or ""


def _columns(names: tuple[str, ...]) -> list[str]:
    return [f"inventory-column.{name}" for name in names]
