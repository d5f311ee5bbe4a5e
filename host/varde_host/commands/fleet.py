"""`varde fleet start|status|stop`: a release to hubs, ring by ring, stopped by the first bad.

Exit status for scripts, beside those of all commands: 5 if a person is needed, because a rollout
was stopped by this very call, or is held, or waits for signatures.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import rich.console
import rich.live
import typer

from varde_host import clock, errors, messages, output
from varde_host.collector import database
from varde_host.commands import (
    fleet_plan,
    fleet_text,
    inventory_options,
    options,
    selection_options,
    site_secrets,
)
from varde_host.fleet import (
    advancing,
    hub_truth,
    rollout,
    rollout_folder,
    rollout_view,
    signing,
    starting,
)
from varde_host.fleet_view import rollout_words
from varde_host.inventory import who
from varde_host.site import files

EXIT_NEEDS_PERSON: Final = 5
_POLL_S: Final = 2

Yes = Annotated[bool, typer.Option("--yes")]
Watch = Annotated[bool, typer.Option("--watch")]
Name = Annotated[str, typer.Argument(metavar="NAME")]


def start(
    plan: Annotated[Path, typer.Argument(metavar="PLAN")],
    yes: Yes = False,
    watch: Watch = False,
    key: Annotated[list[str] | None, typer.Option(metavar="FILE|URI")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Forecast, ask, sign once for all rings, publish to the first; or go on where one was cut."""
    now = clock.from_environment().utc_ms
    loaded = files.load(site, site_secrets.told(passphrase_file, pin_file))
    sign = signing.Signing(loaded, key or ())
    with selection_options.opened(site, database_address) as opened:
        there = starting.started(loaded, plan)
        if there is None:
            looked = starting.look(site, plan, opened)
            starting.check(loaded, looked, plan, opened)
            if not json:
                fleet_plan.show(looked)
            _ask(yes=yes, hubs=sum(map(len, looked.members)))
            there = starting.start(loaded, plan, opened, sign, now())
        before = advancing.look(loaded, there.plan.name, opened, now())
        if behind := rollout_view.behind(before):
            _ask(yes=yes, hubs=len(behind))
            starting.renew(loaded, there, opened, behind, sign, now())
        _go_on(loaded, there.plan.name, opened, now, advance=True, watch=watch, json=json)


def status(
    name: Annotated[str | None, typer.Argument(metavar="NAME")] = None,
    advance: Annotated[bool, typer.Option("--advance")] = False,
    watch: Watch = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Show rollouts; with --advance go on or stop as their rules say: that needs no key."""
    now = clock.from_environment().utc_ms
    loaded = files.load(site)
    with selection_options.opened(site, database_address) as opened:
        if name is not None:
            _go_on(loaded, name, opened, now, advance=advance, watch=watch, json=json)
            return
        found, damaged = _all(loaded, opened, now, advance=advance)
        open_names = [each.found.plan.name for each in found if each.found.ended is None]
        if watch and len(open_names) == 1:
            _go_on(loaded, open_names[0], opened, now, advance=advance, watch=True, json=json)
            return
    if json and not damaged:
        output.as_json([rollout_view.as_json(looked) for looked in found])
    if not json:
        _show_all(found)
    if damaged:
        raise damaged[0]
    if not found and not json:
        output.line(messages.text("fleet.none"))
    _leave(found)


def stop(
    name: Name,
    reason: Annotated[str, typer.Option(metavar="TEXT")] = "",
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Publish nothing more of a rollout, and take back what hubs have not asked for yet."""
    acting = who.parse(by)
    loaded = files.load(site)
    now_ms = clock.from_environment().utc_ms()
    with selection_options.opened(site, database_address) as opened:
        looked = advancing.stop(loaded, name, opened, str(acting), now_ms, reason)
    _print(looked, json=json)


def _show_all(found: list[advancing.Looked]) -> None:
    """Show what is under way, or what ended last; of the others a line each."""
    found = sorted(found, key=lambda each: each.found.ended.at_ms if each.found.ended else 0)
    whole = [each for each in found if each.found.ended is None or each.done] or found[-1:]
    for looked in found:
        if looked not in whole:
            output.line(rollout_words.head(looked))
    for looked in whole:
        fleet_text.show(looked)


def _all(
    site: files.Site, opened: database.Database, now: Callable[[], int], *, advance: bool
) -> tuple[list[advancing.Looked], list[errors.InputRefused]]:
    """Return all rollouts, and why some cannot be read or go on.

    One that is damaged must not keep the others from going on, or from stopping.
    """
    act = advancing.advance if advance else advancing.look
    found, damaged = [], []
    for name in rollout_folder.names(site.directory):
        try:
            found.append(act(site, name, opened, now()))
        except errors.InputRefused as error:
            damaged.append(error)
    return found, damaged


def _is_asked() -> bool:
    return sys.stdin.isatty()


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _ask(*, yes: bool, hubs: int) -> None:
    """Ask whether to go on. Raises InputRefused `fleet-unconfirmed` where nobody says yes."""
    if yes:
        return
    question = messages.text("fleet.ask", hubs=hubs)
    with contextlib.suppress(typer.Abort):
        if _is_asked() and typer.confirm(question, default=False, err=True):
            return
    raise errors.InputRefused("fleet-unconfirmed")


def _go_on(
    site: files.Site,
    name: str,
    opened: database.Database,
    now: Callable[[], int],
    *,
    advance: bool,
    watch: bool,
    json: bool,
) -> None:
    """Look, or do what is due; once, or until the rollout has ended."""
    follower = hub_truth.Follower(opened)

    def look() -> advancing.Looked:
        act = advancing.advance if advance else advancing.look
        return act(site, name, opened, now(), follower)

    if not watch:
        looked = look()
        _print(looked, json=json)
        _leave([looked])
    with contextlib.suppress(KeyboardInterrupt):  # whoever has seen enough
        if json or not _is_terminal():
            _watch(look, json=json)
        else:
            _watch_live(look)


def _watch(look: Callable[[], advancing.Looked], *, json: bool) -> None:
    """Print at the start and whenever something has changed."""
    before: Any = None
    while True:
        looked = look()
        seen = [[(at.state, at.returns) for _hub, at in ring.hubs] for ring in looked.rings]
        if seen != before:
            _print(looked, json=json)
        before = seen
        if looked.found.ended is not None:
            return
        time.sleep(_POLL_S)


def _watch_live(look: Callable[[], advancing.Looked]) -> None:
    with rich.live.Live(console=rich.console.Console(), auto_refresh=False) as live:
        while True:
            looked = look()
            live.update(rich.console.Group(*fleet_text.shown(looked)), refresh=True)
            if looked.found.ended is not None:
                return
            time.sleep(_POLL_S)


def _leave(found: Iterable[advancing.Looked]) -> None:
    """End with the status that scripts are told."""
    waiting = {rollout_view.HELD, rollout_view.BEHIND}
    for looked in found:
        was_stopped = any(isinstance(action, rollout.Stop) for action in looked.done)
        if was_stopped or rollout_view.state(looked) in waiting:
            raise typer.Exit(EXIT_NEEDS_PERSON)
    raise typer.Exit


def _print(looked: advancing.Looked, *, json: bool) -> None:
    if json:
        output.as_json(rollout_view.as_json(looked))
        return
    for action in looked.done:
        if isinstance(action, rollout.Publish):
            ring = looked.rings[action.ring].ring.name
            said = messages.text("fleet.published", ring=ring, hubs=len(action.hubs))
            output.line(said)
    fleet_text.show(looked)
