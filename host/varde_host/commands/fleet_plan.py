"""`varde fleet plan`: what a plan means: who is in which ring, what it costs, where it stops."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from varde_host import messages, output
from varde_host.commands import options, selection_options, site_secrets
from varde_host.fleet import (
    forecast,
    groups,
    model_fleet,
    plan_file,
    plan_signature,
    ring_members,
    rollout_view,
    simulation,
    standing,
    starting,
)
from varde_host.site import files, keys
from varde_protocols import cose, release

ASSUMED_BYTES: Final = 160_000
"""What a hub fetches of a release of which only number and digest are known, in a simulation."""
_FIRST, _OTHERS = 1, 3  # hubs of a group or ring that is named, in a simulation


def plan(
    file: Annotated[Path, typer.Argument(metavar="PLAN")],
    sign: Annotated[bool, typer.Option("--sign")] = False,
    simulate: Annotated[
        int | None, typer.Option(min=1, max=simulation.MAX_HUBS, metavar="HUBS")
    ] = None,
    fault: Annotated[list[str] | None, typer.Option(metavar="KIND=N[%][@RING]")] = None,
    seed: Annotated[int, typer.Option(metavar="N")] = 1,
    key: Annotated[str | None, typer.Option(metavar="FILE|URI")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Check a plan and forecast it; sign it, or play it against model hubs."""
    if simulate is not None:
        _simulate(file, simulate, fault or [], seed, json=json)
        return
    with selection_options.opened(site, database_address) as opened:
        looked = starting.look(site, file, opened)
    loaded = files.load(site, site_secrets.told(passphrase_file, pin_file))
    if sign:
        if not json:
            show(looked)
        places = [] if key is None else [key]
        signer = loaded.signers(keys.ASSIGNMENT, 1, places)[0]
        plan_signature.write(file, plan_signature.sign(looked.plan, looked.named, signer))
    if json:
        output.as_json({**as_json(looked), "signed": _signed_by(loaded, looked, file)})
        return
    if sign:
        output.good(messages.text("fleet.signed", file=plan_signature.beside(file)))
        return
    show(looked)
    kid = _signed_by(loaded, looked, file)
    output.line(messages.text("fleet.signed-by" if kid else "fleet.unsigned", kid=kid))


def show(looked: starting.Looked) -> None:
    """Print what a plan means here and now."""
    output.line(_head(looked))
    rows = []
    for at, ring in enumerate(looked.plan.rings):
        of_ring = [hub for hub in looked.hubs or () if hub.ring == at]
        cost = forecast.together(of_ring) if looked.hubs is not None else None
        rows.append(
            (
                ring.name,
                messages.text(f"ring-rule.{ring.rule}", members=_members(ring)),
                str(len(looked.members[at])),
                "?" if cost is None else amount(cost.air_bytes),
                "?" if cost is None else amount(cost.modem_bytes),
                "?" if cost is None else minutes(cost.each_s),
                _hours(ring.soak_ms),
                _hours(ring.deadline_ms),
                _window(ring),
            )
        )
    names = ("ring", "rule", "hubs", "bytes", "by-modem", "each", "soak", "deadline", "window")
    output.table([f"fleet-column.{name}" for name in names], rows)
    for ring, hubs in zip(looked.plan.rings, looked.members, strict=True):
        output.line(f"{ring.name}: {' '.join(hubs)}")
    for text in _warnings(looked):
        output.line(text)


def _head(looked: starting.Looked) -> str:
    given, total = looked.release, forecast.together(looked.hubs or ())
    named = {"name": looked.plan.name, "number": looked.named[0]}
    if given is None or looked.hubs is None:
        return messages.text("fleet.forecast-unknown", hubs=sum(map(len, looked.members)), **named)
    said = {"bytes": amount(total.air_bytes), "each": minutes(total.each_s)}
    return messages.text("fleet.forecast", hubs=total.hubs, **said, **named)


def _warnings(looked: starting.Looked) -> list[str]:
    if looked.hubs is None:
        return []
    total = forecast.together(looked.hubs)
    speeds = {"modem": forecast.MODEM_BYTES_S // 1000, "wifi": forecast.WIFI_BYTES_S // 1000}
    found = [messages.text("fleet.assumed", **speeds)]
    for key, count in (
        ("fleet.never-heard", total.unknown),
        ("fleet.there-already", total.there),
        ("fleet.above", total.above),
        ("fleet.over-allowance", total.over_allowance),
    ):
        if count:
            found.append(messages.text(key, hubs=count))
    return found


def as_json(looked: starting.Looked) -> dict[str, Any]:
    """Return a plan with its forecast and members."""
    hubs = looked.hubs
    total = None if hubs is None else dataclasses.asdict(forecast.together(hubs))
    rings = []
    for at, ring in enumerate(looked.plan.rings):
        of_ring = [hub for hub in hubs or () if hub.ring == at]
        cost = None if hubs is None else dataclasses.asdict(forecast.together(of_ring))
        terms = rollout_view.ring_terms(ring)
        rings.append({"ring": ring.name, **terms, "hubs": looked.members[at], "forecast": cost})
    given = looked.release
    return {
        "plan": looked.plan.name,
        "sha256": looked.plan.sha256.hex(),
        "release": {"number": looked.named[0], "digest": looked.named[1].hex(),
                    "name": None if given is None else given.name},
        "forecast": total,
        "rings": rings,
    }  # fmt: skip


def _signed_by(site: files.Site, looked: starting.Looked, path: Path) -> str | None:
    """Return the id of the key that signed the plan; None if nobody has. A bad one raises."""
    if not plan_signature.beside(path).exists():
        return None
    publics = site.roles[keys.ASSIGNMENT].publics
    _, public = plan_signature.verify(looked.plan, plan_signature.read(path), publics, str(path))
    return cose.key_id(public).hex()


def _simulate(file: Path, count: int, faults: list[str], seed: int, *, json: bool) -> None:
    given, _ = plan_file.read(file)
    _, payload = starting.released(given)
    size = ASSUMED_BYTES
    if payload is not None:
        size = forecast.air_bytes(release.decode(payload))
    rings = _with_models(given, simulation.hub_ids(count))
    modelled = dataclasses.replace(given, rings=rings)
    hubs = ring_members.members(modelled, simulation.hub_ids(count), groups.Groups())
    members = [[bytes.fromhex(hub) for hub in ring] for ring in hubs]
    wanted = [simulation.fault(text, given.rings) for text in faults]
    spread = simulation.spread(members, wanted, seed)
    played = simulation.play(given.rings, members, spread, size, seed)
    if json:
        output.as_json(_played_json(given, played, seed, size))
    else:
        _show_played(given, played)


def _with_models(given: plan_file.Plan, ids: list[str]) -> tuple[plan_file.Ring, ...]:
    """Give rings that name somebody models, as many as they name or a few."""
    free = iter(ids)
    rings = []
    for at, ring in enumerate(given.rings):
        if ring.rule == plan_file.PERCENT:
            rings.append(ring)
            continue
        size = (
            len(ring.members) if isinstance(ring.members, tuple) else (_OTHERS if at else _FIRST)
        )
        own = tuple(hub for hub, _ in zip(free, range(size), strict=False))
        rings.append(dataclasses.replace(ring, rule=plan_file.HUBS, members=own))
    return tuple(rings)


def _show_played(given: plan_file.Plan, played: simulation.Played) -> None:
    counts = simulation.tally(played.states)
    names = [name for name in standing.STATES if name in counts]
    rows = []
    for state in played.states:
        at_ms = played.published_ms.get(state.number)
        when = "" if at_ms is None else _hours(at_ms)
        cells = [str(state.counts[name] or "") for name in names]
        rows.append((state.ring.name, str(len(state.hubs)), when, *cells))
    columns = ["fleet-column.ring", "fleet-column.hubs", "fleet-column.begun"]
    output.table([*columns, *(f"rollout-state.{name}" for name in names)], rows)
    ring = given.rings[played.ring].name
    after = {"ring": ring, "after": _hours(played.ended_ms)}
    output.line(messages.text(f"simulated.{played.ended or rollout_view.RUNNING}", **after))
    for reason in played.reasons:
        said = {"ring": given.rings[reason.ring].name, "hubs": len(reason.hubs)}
        output.line("  " + messages.text(f"stop-reason.{reason.why}", **said))
    new = sum(run == played.release for run in played.runs.values())
    confirmed = counts.get(standing.CONFIRMED, 0)
    said = {"new": new, "hubs": len(played.runs), "confirmed": confirmed}
    output.line(messages.text("simulated.runs", **said))


def _played_json(
    given: plan_file.Plan, played: simulation.Played, seed: int, size: int
) -> dict[str, Any]:
    return {
        "plan": given.name,
        "seed": seed,
        "bytes_each": size,
        "ended": played.ended or rollout_view.RUNNING,
        "ring": given.rings[played.ring].name,
        "after_ms": played.ended_ms,
        "reasons": [
            {"why": reason.why, "ring": given.rings[reason.ring].name,
             "hubs": [hub.hex() for hub in reason.hubs]}
            for reason in played.reasons
        ],
        "rings": [
            {"ring": state.ring.name, "hubs": len(state.hubs),
             "published_ms": played.published_ms.get(state.number),
             "counts": {name: state.counts[name] for name in standing.STATES
                        if state.counts[name]}}
            for state in played.states
        ],
        "faults": {
            kind: sum(kind == found for found in played.faults.values())
            for kind in model_fleet.FAULTS
            if kind in played.faults.values()
        },
        "hubs": [
            {"hub": hub.hub_id.hex(), "ring": state.ring.name,
             "fault": played.faults.get(hub.hub_id, model_fleet.NONE),
             "state": at.state, "reason": at.reason, "runs": played.runs[hub.hub_id]}
            for state in played.states for hub, at in state.hubs
        ],
    }  # fmt: skip


def _members(ring: plan_file.Ring) -> object:
    return len(ring.members) if isinstance(ring.members, tuple) else ring.members


def _window(ring: plan_file.Ring) -> str:
    if ring.window is None:
        return "–"
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in ring.window)


def _hours(duration_ms: int) -> str:
    return (
        f"{duration_ms / plan_file.HOUR_MS:g} h"
        if duration_ms % 360_000 == 0
        else (f"{duration_ms / plan_file.HOUR_MS:.1f} h")
    )


def amount(count: int) -> str:
    """Return bytes as people have them, with a decimal point."""
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{-(-count // 1000)} kB"


def minutes(each_s: tuple[int, int]) -> str:
    """Return how long one takes, from and to if that differs by minutes."""
    least, most = (-(-seconds // 60) for seconds in each_s)
    return f"{most} min" if least == most else f"{least}–{most} min"
