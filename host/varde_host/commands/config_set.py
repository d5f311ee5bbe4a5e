"""`varde config set|drop`: change what hubs shall have, in a draft that no hub sees yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.commands import config_edits, config_text, options, selection_options
from varde_host.fleet import desired, desk, drafts, groups, selection, told
from varde_host.fleet.told import Told

_File = Annotated[Path | None, typer.Option(metavar="FILE|-")]


def change(
    setting: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...")] = None,
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    wifi: _File = None,
    add_wifi: _File = None,
    remove_wifi: Annotated[list[str] | None, typer.Option(metavar="SSID")] = None,
    sensors: _File = None,
    add_sensor: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE,...")] = None,
    remove_sensor: Annotated[list[int] | None, typer.Option(metavar="SLOT")] = None,
    modem: _File = None,
    from_scratch: Annotated[bool, typer.Option("--from-scratch")] = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Put changes into the drafts of the hubs: all of them, or none if one is refused."""
    edits = [
        *config_edits.of_texts(setting or ()),
        *config_edits.of_wifi(wifi, add_wifi, remove_wifi or ()),
        *config_edits.of_sensors(sensors, add_sensor or (), remove_sensor or ()),
        *config_edits.of_modem(modem),
    ]
    if not edits:
        raise errors.InputRefused("setting-none")
    with selection_options.opened(site, database_address) as opened:
        hubs = selection_options.chosen(site, opened, hub, group, ring, everything)
        stand = told.told(opened, hubs)
    with desk.held(site):
        _refuse_one_home_for_all(site, stand, {"networks": wifi, "sensors": sensors})
        made = {
            each.hub_id: _edited(site, each, edits, from_scratch=from_scratch) for each in stand
        }
        for hub_id, draft in made.items():
            drafts.save(site, hub_id, draft)
    _tell(stand, made, json=json)


def drop(
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Throw drafts away, also those of hubs that are not enrolled any more."""
    asked = selection.Selection(hub or (), group or (), ring or (), everything)
    with desk.held(site):
        hubs = _with_draft(site, asked)
        dropped = [hub_id for hub_id in hubs if drafts.remove(site, hub_id)]
    if json:
        output.as_json({"dropped": dropped})
    else:
        output.line(messages.text("config.dropped", count=len(dropped)))


def _edited(
    site: Path, stands: Told, edits: Sequence[desired.Edit], *, from_scratch: bool
) -> desired.Draft:
    draft = drafts.load(site, stands.hub_id)
    if stands.plain is None and not from_scratch and not draft.changes:
        raise errors.InputRefused("config-unpublished", stands.hub_id)
    made = desired.edited(stands.plain, draft, edits)
    desired.check(desired.wanted(stands.plain, made), stands.hub_id)
    return made


def _with_draft(site: Path, asked: selection.Selection) -> list[str]:
    """Return those of the hubs asked for that have a draft; raises InputRefused `draft-none`."""
    try:
        return asked.of(drafts.listing(site), groups.load(site))
    except errors.InputRefused as error:
        if error.code in {"hub-unknown", "selection-empty"}:  # known here are hubs with a draft
            raise errors.InputRefused("draft-none", error.where) from error
        raise


def _refuse_one_home_for_all(site: Path, stand: list[Told], given: dict[str, Path | None]) -> None:
    """Every home has its own networks, every kit its own sensors: one list for all is a slip.

    What waits in a draft counts: it may be all that is known of a home.
    """
    for name, file in given.items():
        if file is None:
            continue
        drafted = [drafts.load(site, each.hub_id).changes for each in stand]
        now = [
            changes.get(name, each.plain and each.plain[name])
            for each, changes in zip(stand, drafted, strict=True)
        ]
        if any(value != now[0] for value in now):
            raise errors.InputRefused("config-homes-differ", f"--{name}", count=len(stand))


def _tell(stand: list[Told], made: dict[str, desired.Draft], *, json: bool) -> None:
    after = {each.hub_id: desired.wanted(each.plain, made[each.hub_id]) for each in stand}
    if json:
        output.as_json(
            [
                {
                    "hub": each.hub_id,
                    "published": each.number or None,
                    "changes": config_text.as_json(each.plain, after[each.hub_id]),
                }
                for each in stand
            ]
        )
        return
    rows = [
        (each.hub_id, *row)
        for each in stand
        for row in config_text.rows(each.plain, after[each.hub_id])
    ]
    if not rows:
        output.line(messages.text("config.no-change"))
        return
    columns = ("setting", "before", "after")
    output.table(("column.hub", *(f"config.column.{name}" for name in columns)), rows, whole={0})
    output.line(messages.text("config.drafted", count=sum(bool(d.changes) for d in made.values())))
