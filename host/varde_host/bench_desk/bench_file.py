"""What is always so at a bench: the table `desk` of `bench.toml` in the site's folder.

    [desk]                                   # all of it optional; the command line goes before it
    image = "micropython.bin"                # files: as they are, else beside bench.toml
    firmware = "build/firmware"
    wifi = "wifi.txt"
    modem = "modem.txt"
    host = "collector.example.org"
    collector_port = 8443
    ntp_host = "pool.ntp.org"
    ntp_port = 123
    heartbeat_s = 3600
    ports = ["/dev/ttyACM*"]                 # as --port of `varde bench run`
    board = "generic"
    manometer = "/dev/ttyUSB0"               # as --manometer and --radio of `varde verify run`
    radio = "sim:build/radio"
    keeps_separators = true                  # the scanner was seen to send GS

The rest of that file is what a verification wants to know (docs/verify-command.md). A field that
is not known is refused: a slip of the pen would else be a setting that nobody has.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from varde_host import errors
from varde_host.site import toml_file

FILE: Final = "bench.toml"
TABLE: Final = "desk"
MAX_FILE_BYTES: Final = 16 * 1024
"""As `verifying.situation` reads it."""
MAX_TEXT: Final = 300
"""Characters of a path or an address; more is a slip."""
MAX_PORTS: Final = 64
_PATHS: Final = ("image", "firmware", "wifi", "modem")


@dataclass(frozen=True, slots=True)
class BenchFile:
    """One bench. None and empty: nothing was said, and the command's own default holds."""

    image: Path | None = None
    firmware: Path | None = None
    wifi: Path | None = None
    modem: Path | None = None
    host: str | None = None
    collector_port: int | None = None
    ntp_host: str | None = None
    ntp_port: int | None = None
    heartbeat_s: int | None = None
    ports: tuple[str, ...] = ()
    board: str | None = None
    manometer: str | None = None
    radio: str | None = None
    place: str | None = None
    """Where it is, in words: `place` beside the table."""
    keeps_separators: bool | None = None

    def over(self, **given: Any) -> BenchFile:
        """Return this with what the command line said (not None, not empty) before it."""
        said = {name: value for name, value in given.items() if value not in (None, (), "")}
        return dataclasses.replace(self, **said)


def load(site: Path) -> BenchFile:
    """Return what the site's `bench.toml` says of its desk. InputRefused `bench-file`."""
    path = site / FILE
    whole = toml_file.tables(path, "bench-file", MAX_FILE_BYTES)
    table, place = whole.get(TABLE, {}), whole.get("place")
    if not isinstance(table, dict):
        raise errors.InputRefused("bench-file", str(path), what=TABLE)
    values = {name: _value(name, value, site, path) for name, value in table.items()}
    return BenchFile(**values, place=place if isinstance(place, str) else None)


def _value(name: str, value: object, site: Path, path: Path) -> Any:
    """Return a field as it is kept. Raises InputRefused `bench-file` with its name."""
    wanted = _kinds().get(name)
    if name == "ports" and _is_ports(value):
        assert isinstance(value, list)
        return tuple(value)
    if name == "place" or wanted is None or not _is_one(value, wanted):
        raise errors.InputRefused("bench-file", str(path), what=name[:40])
    return _beside(Path(str(value)), site) if name in _PATHS else value


def _is_one(value: object, wanted: type) -> bool:
    if wanted is Path or wanted is str:
        return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()
    return type(value) is wanted and (wanted is bool or (isinstance(value, int) and value > 0))


def _is_ports(value: object) -> bool:
    if not isinstance(value, list) or len(value) > MAX_PORTS:
        return False
    return all(_is_one(each, str) for each in value)


def _beside(path: Path, site: Path) -> Path:
    """Return a path as it is given if it is there, else beside the file."""
    return path if path.is_absolute() or path.exists() else site / path


def _kinds() -> dict[str, type]:
    """Return the plain type of each field that may be None."""
    hints = get_type_hints(BenchFile)
    return {name: get_args(hint)[0] for name, hint in hints.items() if name != "ports"}
