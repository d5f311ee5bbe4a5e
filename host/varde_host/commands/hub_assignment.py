"""`varde hub assignment`: sign what a hub shall run: the config that its home needs.

No secret stands on the command line, where other users and the shell's history see it: the WiFi
networks are read from a file or from standard input, one `ssid:password` a line, and sensors with
a passkey or a consent code from a file, one a line as `--sensor` has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.collector import answer
from varde_host.commands import (
    hexadecimal,
    new_output,
    options,
    reminder_text,
    sensor_text,
    site_secrets,
)
from varde_host.fleet import link_files, signing
from varde_host.site import files
from varde_protocols import assignment, hub_config

NTP_PORT = 123
KIB_A_MIB = 1024


def assign(
    *,
    host: Annotated[str, typer.Option(metavar="NAME")],
    out: Annotated[Path, typer.Option(metavar="FILE")],
    wifi: Annotated[Path | None, typer.Option(metavar="FILE|-")] = None,
    port: Annotated[int, typer.Option()] = 8443,
    sensor: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE,...")] = None,
    sensors: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    number: Annotated[int | None, typer.Option()] = None,
    hub: Annotated[str | None, typer.Option(metavar="HEX")] = None,
    heartbeat_s: Annotated[int, typer.Option("--heartbeat", metavar="SECONDS")] = (
        answer.DEFAULT_HEARTBEAT_S
    ),
    ntp_host: Annotated[str, typer.Option(metavar="NAME")] = "pool.ntp.org",
    ntp_port: Annotated[int, typer.Option()] = NTP_PORT,
    board: Annotated[str, typer.Option(metavar="NAME")] = "generic",
    modem: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    data_budget_mib: Annotated[int, typer.Option("--data-budget", metavar="MIB")] = 0,
    local_time: Annotated[str, typer.Option(metavar="±HH:MM[/eu]")] = (
        reminder_text.DEFAULT_LOCAL_TIME
    ),
    reminder: Annotated[list[str] | None, typer.Option(metavar="TEXT")] = None,
    quiet: Annotated[str | None, typer.Option(metavar="HH:MM-HH:MM")] = None,
    window: Annotated[str | None, typer.Option(metavar="HH:MM-HH:MM")] = None,
    allowance_mib: Annotated[int | None, typer.Option("--allowance", metavar="MIB")] = None,
    source: Annotated[str | None, typer.Option(metavar="HOST[:PORT][/PATH]")] = None,
    ring: Annotated[str, typer.Option(metavar="NAME")] = "",
    key: Annotated[list[str] | None, typer.Option(metavar="FILE|URI")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Write the file; an existing one is refused. Nothing is published: `varde config` does."""
    config = hub_config.HubConfig(
        networks=link_files.networks_in(wifi),
        collector_host=host,
        collector_port=port,
        heartbeat_s=heartbeat_s,
        sensors=_sensors(sensor or [], sensors),
        ntp_host=ntp_host,
        ntp_port=ntp_port,
        board=board,
        modem=link_files.subscription_in(modem),
        data_budget_kib=data_budget_mib * KIB_A_MIB,
        local_time=reminder_text.local_time(local_time, "--local-time"),
        reminders=reminder_text.reminders(reminder or [], "--reminder"),
        quiet=_hours(quiet, "--quiet"),
    )
    loaded = files.load(site, site_secrets.told(passphrase_file, pin_file))
    hub_id = None if hub is None else hexadecimal.parse(hub, assignment.HUB_ID_BYTES)
    given = assignment.Assignment(
        site_id=loaded.site_id,
        number=next_number(site, database_address, hub_id) if number is None else number,
        hub_id=hub_id,
        config=config,
        release=None,
        signed_ms=clock.from_environment().utc_ms(),
        window=_hours(window, "--window"),
        allowance_kib=None if allowance_mib is None else allowance_mib * KIB_A_MIB,
        source=None if source is None else reminder_text.source(source, "--source"),
        ring=ring,
    )
    data = signing.Signing(loaded, key or ())(given)
    new_output.write(out, data)
    if json:
        told = {"file": str(out), "bytes": len(data), "number": given.number}
        output.as_json({**told, "hub": None if hub_id is None else hub_id.hex()})
    else:
        output.line(messages.text("hub.assignment-written", file=out, number=given.number))


def next_number(site: Path, database_address: str | None, hub_id: bytes | None) -> int:
    """Return the number above all that a hub was ever given or says that it has.

    1 for any hub of the site, and where no collector's database is at hand.
    """
    # Only here: their libraries take a third of a second.
    from varde_host.collector import database  # noqa: PLC0415
    from varde_host.fleet import hub_truth, publishing, told  # noqa: PLC0415

    address = options.database_address(site, database_address)
    if hub_id is None or (isinstance(address, Path) and not address.exists()):
        return 1
    opened = database.open_database(address, create=False)
    try:
        truth = hub_truth.truths(opened, [hub_id]).get(hub_id)
        return told.next_number(publishing.numbers(opened).get(hub_id, 0), truth)
    finally:
        opened.close()


def _hours(text: str | None, where: str) -> list[int] | None:
    return None if text is None else reminder_text.hours(text, where)


def _sensors(given: list[str], file: Path | None) -> list[hub_config.Sensor]:
    """Return those of the command line, where no secret may stand, and those of the file."""
    made = [sensor_text.parse(text, "--sensor", secrets=False) for text in given]
    return made + sensors_in(file)


def sensors_in(file: Path | None) -> list[hub_config.Sensor]:
    """Return the sensors of a file, none without one."""
    lines = [] if file is None else link_files.text_of(file).splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        where = f"{file}:{number}"
        if line.strip() and not line.startswith("#"):
            with link_files.at(where):
                found.append(sensor_text.parse(line.strip(), where, secrets=True))
    return found
