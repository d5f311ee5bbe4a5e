"""`varde config diff|show`: what a draft would change, and what a hub shall have altogether."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from varde_host import clock, messages, output
from varde_host.commands import config_text, options, selection_options, setting_text
from varde_host.fleet import config_state, desired, drafts, hub_truth, told
from varde_host.fleet.config_state import ConfigState
from varde_host.fleet.desired import Draft, Plain
from varde_host.fleet.told import Told


@dataclass(frozen=True, slots=True)
class _Look:
    """`runs` is what the hub says is in force, None if that is not kept here."""

    stands: Told
    draft: Draft
    state: ConfigState
    runs: Plain | None

    @property
    def lacks(self) -> Plain | None:
        """What is published, if it differs from what the hub runs and both are known."""
        is_known = self.runs is not None and self.stands.plain is not None
        return self.stands.plain if is_known and self.runs != self.stands.plain else None


def diff(
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Show the drafts of the hubs against what is published, and what each hub says it runs."""
    now_ms = clock.from_environment().utc_ms()
    with selection_options.opened(site, database_address) as opened:
        if any((hub, group, ring, everything)):
            hubs = selection_options.chosen(site, opened, hub, group, ring, everything)
        else:
            hubs = sorted(set(drafts.listing(site)) & set(selection_options.known(opened)))
        stand = told.told(opened, hubs)
        truths = hub_truth.truths(opened, [bytes.fromhex(hub_id) for hub_id in hubs])
        found = []
        for each in stand:
            truth = truths.get(bytes.fromhex(each.hub_id))
            state = config_state.judge(each.for_state(), truth, now_ms)
            runs = told.running(opened, each.hub_id, state.in_force)
            found.append(_Look(each, drafts.load(site, each.hub_id), state, runs))
    if json:
        output.as_json([_row(each) for each in found])
        return
    for look in found:
        _print(look)
    if not found:
        output.line(messages.text("config.no-drafts"))


def show(
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Show all settings of hubs as they are published; without hubs what settings there are."""
    if not any((hub, group, ring, everything)):
        _print_known(json=json)
        return
    with selection_options.opened(site, database_address) as opened:
        hubs = selection_options.chosen(site, opened, hub, group, ring, everything)
        stand = told.told(opened, hubs)
    if json:
        output.as_json(
            [
                {
                    "hub": each.hub_id,
                    "published": each.number or None,
                    "settings": None if each.plain is None else config_text.whole(each.plain),
                }
                for each in stand
            ]
        )
        return
    for each in stand:
        if each.plain is None:
            output.line(messages.text("config.unpublished", hub=each.hub_id))
        else:
            output.line(messages.text("config.head", hub=each.hub_id, number=each.number))
            columns = ("config.column.setting", "column.value")
            output.table(columns, list(config_text.whole(each.plain).items()), whole={0})


def _print_known(*, json: bool) -> None:
    forms = {
        setting.name: setting.form or messages.text("config.of-file")
        for setting in setting_text.ALL
    }
    if json:
        output.as_json(forms)
    else:
        columns = ("config.column.setting", "config.column.form")
        output.table(columns, list(forms.items()), whole={0})


def _row(look: _Look) -> dict[str, Any]:
    stands, draft = look.stands, look.draft
    after = desired.wanted(stands.plain, draft)
    names = [setting_text.BY_FIELD[name].name for name in desired.conflicts(stands.plain, draft)]
    return {
        "hub": stands.hub_id,
        "published": stands.number or None,
        "in_force": look.state.in_force,
        "state": look.state.state,
        "changes": config_text.as_json(stands.plain, after) if draft.changes else [],
        "conflicts": names,
        "not_in_force": look.lacks and config_text.as_json(look.runs, look.lacks),
    }


def _print(look: _Look) -> None:
    stands, state = look.stands, look.state
    number = stands.number or config_text.NOTHING
    in_force = config_text.NOTHING if state.in_force is None else state.in_force
    fields = {"hub": stands.hub_id, "number": number, "in_force": in_force}
    word = messages.text(f"config-state.{state.state}")
    output.line(messages.text("config.diff-head", state=word, **fields))
    if look.lacks is not None:
        _table("hub-runs", "published", look.runs, look.lacks)
    if not look.draft.changes:
        output.line(messages.text("config.no-draft"))
        return
    _table("published", "draft", stands.plain, desired.wanted(stands.plain, look.draft))
    if names := desired.conflicts(stands.plain, look.draft):
        shown = ", ".join(setting_text.BY_FIELD[name].name for name in names)
        output.line(messages.text("config.conflict", names=shown))


def _table(left: str, right: str, before: Plain | None, after: Plain) -> None:
    columns = [f"config.column.{name}" for name in ("setting", left, right)]
    output.table(columns, config_text.rows(before, after), whole={0})
