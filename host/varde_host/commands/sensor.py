"""`varde sensor`: sensors within reach of this machine, without a hub."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from bleak.backends.device import BLEDevice

from varde_host import clock as host_clock
from varde_host import errors, messages, output
from varde_host.commands import options
from varde_host.commands.secret_number import SecretNumber
from varde_host.receiver import decoding
from varde_host.sensor import (
    address as sensor_address,
)
from varde_host.sensor import (
    inquiry,
    listening,
    models,
    pairing,
    radio,
    session,
    table,
    timing,
    transfer,
    wording,
)
from varde_host.sensor.decoder import Decoder

_T = TypeVar("_T")

# Advertising once a second is slow for a sensor, and a scan shares its time between channels.
DEFAULT_SCAN_S = 10
# Time to step on a scale, or to take a cuff from its box and press.
DEFAULT_WAIT_S = 60
MAX_CONSENT = 9_999
# People read a line a second; some oximeters send a hundred values in it.
WATCH_LINE_S = 1.0
_STREAMS = {number for numbers in table.LIVE.values() for number in numbers}

_Address = Annotated[str, typer.Argument(metavar="ADDRESS")]
_Model = Annotated[str | None, typer.Option(metavar="NAME")]
_Radio = Annotated[str | None, typer.Option("--radio", envvar="VARDE_RADIO", metavar="NAME:TEXT")]
_Wait = Annotated[float, typer.Option("--seconds", min=1, metavar="SECONDS")]
_User = Annotated[int | None, typer.Option(min=0, max=255, metavar="INDEX")]
_CodeFile = Annotated[Path | None, typer.Option(metavar="FILE", allow_dash=True)]


def scan(
    seconds: Annotated[float, typer.Option(min=1, metavar="SECONDS")] = DEFAULT_SCAN_S,
    everything: Annotated[bool, typer.Option("--all")] = False,
    radio_name: _Radio = None,
    json: options.Json = False,
) -> None:
    """Show who advertises."""
    chosen = radio.chosen(radio_name)
    output.progress(messages.text("sensor.scanning", seconds=f"{seconds:g}"))
    heard = _run(listening.scan(chosen, seconds))
    shown = [
        one
        for one in heard
        if everything
        or models.looks_like(one)
        or {*one.services, *(number for number, _ in one.service_data)} & table.MEASURING
    ]
    if json:
        output.as_json([wording.heard_json(one) for one in shown])
        return
    columns = [f"column.{key}" for key in ("address", "name", "rssi", "measures", "looks-like")]
    output.table(columns, map(wording.heard_row, shown), whole={0, 4})
    others = len(heard) - len(shown)
    output.line(messages.text("sensor.scanned", sensors=len(shown), others=others))


def pair(
    address: _Address,
    model: _Model = None,
    passkey_file: _CodeFile = None,
    again: Annotated[bool, typer.Option("--again")] = False,
    wait: _Wait = DEFAULT_WAIT_S,
    radio_name: _Radio = None,
    json: options.Json = False,
) -> None:
    """Bond with a sensor."""
    place, known = sensor_address.normalised(address), _known(model)
    if known is not None and known.only_advertises:
        raise errors.InputRefused("sensor-needs-no-pairing", place, model=known.title)
    passkey = SecretNumber("sensor.passkey", passkey_file, pairing.MAX_PASSKEY)
    how, title = (models.BUTTON, place) if known is None else (known.pairing, known.title)
    output.progress(messages.text(f"do.{how}", model=title))

    async def work() -> pairing.Bond:
        device = await _find(radio.chosen(radio_name), place, wait)
        output.progress(messages.text("sensor.pairing"))
        return await pairing.pair(radio.chosen(radio_name), device, passkey.ask, again)

    bond = _run(work())
    verdict = None if known is None else inquiry.verdict(known, bond.services, None)
    if json:
        told = {"address": place, "model": model, "bonded": bond.made, "verdict": verdict}
        output.as_json(told)
        return
    if bond.made:
        output.good(messages.text("sensor.paired", address=place))
    else:
        output.line(messages.text("sensor.pairs-later"))
    if known is not None and verdict == inquiry.OTHER_SERVICES:
        output.line(messages.text(f"verdict.{verdict}", model=known.title))


def info(
    address: _Address,
    model: _Model = None,
    wait: _Wait = DEFAULT_WAIT_S,
    radio_name: _Radio = None,
    json: options.Json = False,
) -> None:
    """Show what a sensor says of itself."""
    place, known = sensor_address.normalised(address), _known(model)

    async def work(open_session: session.Session) -> inquiry.Info:
        return await inquiry.ask(open_session, known, _now)

    found = _run(_connected(radio_name, place, inquiry.services_of(known), wait, work))
    if json:
        output.as_json(wording.info_json(place, found, model))
        return
    output.table(["column.field", "column.value"], wording.info_rows(found))
    if found.locked:
        output.line(messages.text("sensor.locked"))
    if known is not None and found.verdict == inquiry.FITS:
        output.line(messages.text("sensor.fits", model=known.title))
    elif known is not None:
        output.line(messages.text(f"verdict.{found.verdict}", model=known.title))


def clock(
    address: _Address,
    set_it: Annotated[bool, typer.Option("--set")] = False,
    model: _Model = None,
    wait: _Wait = DEFAULT_WAIT_S,
    radio_name: _Radio = None,
    json: options.Json = False,
) -> None:
    """Read a sensor's clock, or set it and read it back."""
    place, known = sensor_address.normalised(address), _known(model)

    async def work(open_session: session.Session) -> timing.Setting:
        if set_it:
            return await timing.set_to_now(open_session, known, _now)
        return timing.Setting(await timing.read(open_session, known, _now), None, False)

    done = _run(_connected(radio_name, place, inquiry.services_of(known), wait, work))
    if json:
        output.as_json(
            {
                "address": place,
                "before": wording.clock_json(done.before),
                "after": wording.clock_json(done.after),
                "set": done.written,
            }
        )
        return
    output.line(messages.text("sensor.clock-shows", clock=wording.clock_words(done.before)))
    if done.written:
        output.good(messages.text("sensor.clock-set", clock=wording.clock_words(done.after)))
    elif set_it:
        output.line(messages.text("sensor.clock-near-enough"))


def read(
    address: _Address,
    model: _Model = None,
    delete: Annotated[bool, typer.Option("--delete")] = False,
    user: _User = None,
    code_file: _CodeFile = None,
    wait: _Wait = DEFAULT_WAIT_S,
    radio_name: _Radio = None,
    json: options.Json = False,
) -> None:
    """Take what a sensor has stored."""
    place, known = sensor_address.normalised(address), _known(model)
    printer = _Printer(known, json)
    emit = printer.emit
    keeps = None if known is None else known.keeps_readings
    if not keeps:
        output.progress(messages.text("sensor.may-forget" if keeps is None else "sensor.forgets"))
    if known is not None and known.only_advertises:
        count = _run(_adverts(radio_name, place, emit, wait, transfer.QUIET_S))
        done = transfer.Outcome(count, None, None, False)
    else:
        code = SecretNumber("sensor.consent", code_file, MAX_CONSENT)

        async def work(open_session: session.Session) -> transfer.Outcome:
            consent = await _consent(known, user, code)
            return await transfer.Transfer(open_session, known, emit).read(_now, consent, delete)

        services = None if known is None else known.reading
        done = _run(_connected(radio_name, place, services, wait, work))
    if json:
        output.as_json(
            {
                "readings": done.values,
                "stored": done.stored,
                "complete": done.complete,
                "deleted": done.deleted,
            }
        )
        return
    output.line(messages.text(_outcome_key(done), values=done.values))
    if printer.repeated:
        output.line(messages.text("sensor.repeated", values=printer.repeated))
    if done.deleted:
        output.good(messages.text("sensor.deleted"))


def watch(
    address: _Address,
    model: _Model = None,
    user: _User = None,
    code_file: _CodeFile = None,
    radio_name: _Radio = None,
    json: options.Json = False,
) -> None:
    """Show values as they come, until Ctrl-C."""
    place, known = sensor_address.normalised(address), _known(model)
    emit = _Printer(known, json, seldom=True).emit
    code = SecretNumber("sensor.consent", code_file, MAX_CONSENT)

    async def work(open_session: session.Session) -> None:
        output.progress(messages.text("sensor.watching"))
        consent = await _consent(known, user, code)
        await transfer.Transfer(open_session, known, emit).watch(_now, consent)

    async def again_and_again() -> None:
        if known is not None and known.only_advertises:
            await _adverts(radio_name, place, emit, None, None)
        services = None if known is None else known.reading
        while True:
            await _connected(radio_name, place, services, None, work)
            output.progress(messages.text("sensor.gone-for-now"))

    try:
        _run(again_and_again())
    except KeyboardInterrupt:  # how it is meant to end; asyncio has hung up by now
        output.progress(messages.text("sensor.watched"))


def _outcome_key(done: transfer.Outcome) -> str:
    if done.complete:
        return "sensor.read-all"
    return "sensor.read" if done.values else "sensor.read-nothing"


class _Printer:
    """Prints each value at once; `seldom`: for people, of what streams one a second. `repeated`
    counts results whose bytes have come before."""

    def __init__(self, known: models.Model | None, json: bool, *, seldom: bool = False) -> None:
        self.repeated = 0
        self._now = host_clock.from_environment()
        self._json = json
        self._seldom = seldom
        self._decoder = Decoder("" if known is None else known.name)
        self._seen: set[tuple[int, bytes]] = set()
        self._printed_ms: dict[int, int] = {}

    def emit(self, service: int, number: int, raw: bytes) -> None:
        utc_ms = self._now.utc_ms()
        repeats = self._repeats(number, raw)
        value = wording.Value(
            service, number, raw, self._decoder, utc_ms, _local(utc_ms), repeats
        )
        if self._json:
            output.as_json(value.as_json())
        elif not self._is_too_early(number, utc_ms):
            self._printed_ms[number] = utc_ms
            for line in value.lines():
                output.line(line)

    def _repeats(self, number: int, raw: bytes) -> bool:
        if number in _STREAMS:
            return False
        repeats = (number, raw) in self._seen
        self._seen.add((number, raw))
        self.repeated += repeats
        return repeats

    def _is_too_early(self, number: int, utc_ms: int) -> bool:
        is_stream = number in _STREAMS and number not in decoding.SEGMENTED
        since_ms = utc_ms - self._printed_ms.get(number, 0)
        return self._seldom and is_stream and since_ms < WATCH_LINE_S * 1000


async def _consent(
    known: models.Model | None, user: int | None, code: SecretNumber
) -> transfer.Consent | None:
    if user is not None:
        return transfer.Consent(user, await code.ask())
    if known is not None and known.wants_consent:
        output.progress(messages.text("sensor.wants-consent", model=known.title))
    return None


async def _adverts(
    radio_name: str | None,
    place: str,
    emit: Callable[[int, int, bytes], None],
    first_s: float | None,
    quiet_s: float | None,
) -> int:
    output.progress(messages.text("sensor.listening", address=place))
    return await listening.adverts(
        radio.chosen(radio_name), place, lambda number, raw: emit(0, number, raw), first_s, quiet_s
    )


async def _connected(
    radio_name: str | None,
    place: str,
    services: tuple[int, ...] | None,
    wait_s: float | None,
    work: Callable[[session.Session], Awaitable[_T]],
) -> _T:
    """Find, connect, do the work, hang up."""
    chosen = radio.chosen(radio_name)
    device = await _find(chosen, place, wait_s)
    output.progress(messages.text("sensor.connecting"))
    async with session.connected(chosen, device, services) as open_session:
        return await work(open_session)


async def _find(chosen: radio.Radio, place: str, wait_s: float | None) -> BLEDevice:
    if wait_s is None:
        output.progress(messages.text("sensor.waiting", address=place))
    else:
        output.progress(messages.text("sensor.finding", address=place, seconds=f"{wait_s:g}"))
    return await session.find(chosen, place, wait_s)


def _run(work: Awaitable[_T]) -> _T:
    async def main() -> _T:
        return await work

    return asyncio.run(main())


def _known(name: str | None) -> models.Model | None:
    return None if name is None else models.known(name)


def _now() -> dt.datetime:
    return _local(host_clock.from_environment().utc_ms())


def _local(utc_ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC).astimezone()
