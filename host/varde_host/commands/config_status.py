"""`varde config status`: how far each hub is with what is published for it, by its own word.

Exit status for scripts: 0 if every hub has confirmed, 4 if some are under way and none needs
anybody, 5 if some need somebody.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final

import rich.console
import rich.live
import rich.table
import typer

from varde_host import clock, errors, messages, output
from varde_host.collector import database
from varde_host.commands import config_text, options, selection_options
from varde_host.fleet import config_state, hub_truth, told
from varde_host.fleet.config_state import ConfigState
from varde_host.fleet.told import Told
from varde_host.receiver import update_text, wording
from varde_protocols import update_words

EXIT_UNDER_WAY: Final = 4
EXIT_NEEDS_PERSON: Final = 5

_POLL_S: Final = 2
_UNTIL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|([1-9]\d{0,3})(min|h)")
_MINUTE_MS: Final = 60_000
_COLUMNS: Final = ("published", "in-force", "state", "since", "heard", "word-before")

_NEED_SOMEBODY: Final = (
    frozenset(config_state.STATES) - config_state.UNDER_WAY - {config_state.CONFIRMED}
)

Found = list[tuple[Told, ConfigState]]


def status(
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    watch: Annotated[bool, typer.Option("--watch")] = False,
    until: Annotated[str | None, typer.Option(metavar="HH:MM|30min|2h")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Show the state of hubs, once or until all are settled; all hubs unless some are named."""
    now = clock.from_environment().utc_ms
    until_ms = None if until is None else _until_ms(until, now())
    is_named = any((hub, group, ring))
    with selection_options.opened(site, database_address) as opened:
        hubs = selection_options.chosen(site, opened, hub, group, ring, everything or not is_named)
        looks = _looks(opened, hubs, now)
        is_watched = watch or until is not None
        if is_watched and not json and sys.stdout.isatty():
            found = _watch_live(looks, until_ms, now)
        elif is_watched:
            found = _watch(looks, until_ms, now, json=json)
        else:
            found = next(looks)
            _print(found, json=json)
    raise typer.Exit(exit_status(found))


def exit_status(found: Found) -> int:
    """Return what scripts are told."""
    states = {state.state for _, state in found}
    if states <= {config_state.CONFIRMED}:
        return 0
    return EXIT_NEEDS_PERSON if states & _NEED_SOMEBODY else EXIT_UNDER_WAY


def _looks(
    opened: database.Database, hubs: Sequence[str], now: Callable[[], int]
) -> Iterator[Found]:
    """Look once at each call."""
    follower = hub_truth.Follower(opened, [bytes.fromhex(hub_id) for hub_id in hubs])
    while True:
        truths = follower.read()
        yield [
            (
                each,
                config_state.judge(
                    each.for_state(), truths.get(bytes.fromhex(each.hub_id)), now()
                ),
            )
            for each in told.told(opened, hubs)
        ]


def _watch(
    looks: Iterator[Found], until_ms: int | None, now: Callable[[], int], *, json: bool
) -> Found:
    """Print at the start and whenever something has changed."""
    before: list[tuple[str, str, int]] = []
    while True:
        found = next(looks)
        states = [(stands.hub_id, state.state, stands.number) for stands, state in found]
        if states != before:
            _print(found, json=json)
        before = states
        if _is_over(found, until_ms, now):
            return found
        time.sleep(_POLL_S)


def _watch_live(looks: Iterator[Found], until_ms: int | None, now: Callable[[], int]) -> Found:
    with rich.live.Live(console=rich.console.Console(), auto_refresh=False) as live:
        while True:
            found = next(looks)
            live.update(_grid(found), refresh=True)
            if _is_over(found, until_ms, now):
                return found
            time.sleep(_POLL_S)


def _is_over(found: Found, until_ms: int | None, now: Callable[[], int]) -> bool:
    is_settled = all(state.state in config_state.SETTLED for _, state in found)
    return is_settled or (until_ms is not None and now() >= until_ms)


def _until_ms(text: str, now_ms: int) -> int:
    """Return the moment of a clock time to come, here, or of minutes or hours from now."""
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise errors.InputRefused("until", ascii(text[:20]))
    if match[3]:
        return now_ms + int(match[3]) * _MINUTE_MS * (60 if match[4] == "h" else 1)
    here = dt.datetime.fromtimestamp(now_ms / 1000).astimezone()
    then = here.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    if then <= here:
        then += dt.timedelta(days=1)
    return int(then.timestamp() * 1000)


def _print(found: Found, *, json: bool) -> None:
    if json:
        output.as_json([_row(*each) for each in found])
        return
    columns = ("column.hub", *(f"config.column.{name}" for name in _COLUMNS))
    output.table(columns, [_cells(*each) for each in found], whole={0})
    for line in _lines(found):
        output.line(line)


def _grid(found: Found) -> rich.console.Group:
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD)
    for name in ("column.hub", *(f"config.column.{name}" for name in _COLUMNS)):
        grid.add_column(messages.text(name), overflow="fold")
    for each in found:
        grid.add_row(*map(rich.markup.escape, _cells(*each)))
    return rich.console.Group(grid, *map(rich.markup.escape, _lines(found)))


def _row(stands: Told, state: ConfigState) -> dict[str, Any]:
    return {
        "hub": stands.hub_id,
        "published": stands.number or None,
        "published_ms": stands.published_ms or None,
        "in_force": state.in_force,
        "state": state.state,
        "reason": state.reason,
        "since_ms": state.since_ms,
        "last_heard_ms": state.heard_ms,
        "next_ms": state.next_ms,
        "next": _next(state),
    }


def _cells(stands: Told, state: ConfigState) -> tuple[str, ...]:
    return (
        stands.hub_id,
        str(stands.number or config_text.NOTHING),
        config_text.NOTHING if state.in_force is None else str(state.in_force),
        messages.text(f"config-state.{state.state}"),
        _moment(state.since_ms),
        _moment(state.heard_ms),
        _moment(state.next_ms),
    )


def _lines(found: Found) -> list[str]:
    """Say of each hub that has a reason, or needs somebody, why and what to do."""
    return [
        f"{stands.hub_id}: {_next(state)}"
        for stands, state in found
        if state.reason != update_words.NONE or state.state in _NEED_SOMEBODY
    ]


def _next(state: ConfigState) -> str:
    """Return why, and what to do: the hub's reason first, if it gave one."""
    is_unheard = state.state == config_state.WAITING and state.next_ms is None
    key = "config-next.unheard" if is_unheard else f"config-next.{state.state}"
    said = messages.text(key, moment=_moment(state.next_ms))
    if state.reason == update_words.NONE:
        return said
    why = update_text.reason(state.reason)
    return f"{why[:1].upper()}{why[1:]}. {said}"


def _moment(utc_ms: int | None) -> str:
    return config_text.NOTHING if utc_ms is None else wording.moment(utc_ms)
