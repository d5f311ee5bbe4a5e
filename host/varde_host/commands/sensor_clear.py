"""`varde sensor clear`: empty a sensor between two users, without seeing what was in it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.commands import options
from varde_host.sensor import address as sensor_address
from varde_host.sensor import clearing, models, radio

DEFAULT_WAIT_S = 60


def clear(
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
    model: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    wait: Annotated[float, typer.Option("--seconds", min=1, metavar="SECONDS")] = DEFAULT_WAIT_S,
    radio_name: Annotated[
        str | None, typer.Option("--radio", envvar="VARDE_RADIO", metavar="NAME:TEXT")
    ] = None,
    json: options.Json = False,
) -> None:
    """Delete, look again, and say what is left for hands."""
    place = sensor_address.normalised(address)
    name = "" if model is None else models.known(model).name
    plan = clearing.of(name)
    if plan.needs_radio:
        finding = messages.text("sensor.finding", address=place, seconds=f"{wait:g}")
        output.progress(finding)
    done = asyncio.run(
        clearing.clear(radio.chosen(radio_name), place, name, _now, wait, _ask_again)
    )
    if json:
        output.as_json(
            {
                "address": place,
                "model": model,
                "how": done.how,
                "stored": done.stored,
                "empty": done.is_empty,
                "bond": plan.bond,
                "by_hand": list(plan.by_hand),
            }
        )
        return
    if done.is_empty:
        output.good(messages.text(f"clear.{done.how}", stored=done.stored))
    else:
        output.line(messages.text("clear.not-empty"))
    output.line(messages.text(f"clear-bond.{plan.bond}"))
    for key in plan.by_hand:
        output.line(messages.text(f"clear-by-hand.{key}"))


def _ask_again() -> None:
    output.progress(messages.text("clear.again"))


def _now() -> dt.datetime:
    utc_ms = clock.from_environment().utc_ms()
    return dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC).astimezone()
