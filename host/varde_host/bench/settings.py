"""What a run of the bench is asked to do, and the limits it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from varde_host.inventory.who import Who
from varde_host.site.files import Site
from varde_protocols.hub_config import Modem, Network

DEFAULT_BAUD = 921_600
"""What boards with a bridge take; one with USB of its own does not care."""
DEFAULT_FLASHERS = 8
"""A tray. Each waits for its board nearly all the time; two cores keep up with eight."""


@dataclass(frozen=True)
class Limits:
    """How long is waited for what; then the board is given up for this run. In seconds."""

    come_back_s: float = 600.0
    """For a board that was unplugged, or lost power: long enough to find another cable."""
    person_s: float = 600.0
    """For somebody to press a button."""
    exchange_s: float = 300.0
    """For a hub to reach the collector: a modem may take three minutes to register."""
    tries: int = 4
    """Of one step while the board stays where it is: faults that pass do so by then."""


@dataclass(frozen=True)
class Settings:
    """`folder` is for images and scripts of this run; nothing in it is needed afterwards."""

    site: Site
    by: Who
    image: Path
    """The interpreter: MicroPython's download for the board."""
    firmware: Path
    """What `make build` made: a folder for each architecture."""
    folder: Path
    trust: bytes
    """The site's signed trust document."""
    board: str = "generic"
    """The name of its pins, from `firmware/boards`."""
    networks: tuple[Network, ...] = ()
    modem: Modem | None = None
    collector_host: str = ""
    collector_port: int = 8443
    ntp_host: str = "pool.ntp.org"
    ntp_port: int = 123
    heartbeat_s: int = 3600
    database: str | Path = ""
    """The collector's."""
    scans: bool = False
    """Somebody is there who scans sensors into their kit, and labels."""
    kit: str = ""
    """The kit that a board which is in none goes into, "" for a new one each."""
    baud: int = DEFAULT_BAUD
    limits: Limits = field(default_factory=Limits)
