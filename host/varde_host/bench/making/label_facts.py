"""What a site's labels say beside the kit: `label.toml` in the site's folder.

    municipality = "Eksempel kommune"
    fault_phone = "00 00 00 00"          # the function that goes out when a kit fails
    hours = "hverdager 08.00-15.30"
    check_days = 365                     # from a label to the kit's next check, at most

The level (N0 to N4) is not here: it is what was done to this kit. Without a verification a kit is
identified (N0), and a hub that has delivered over its own links has had its function checked (N1).
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from varde_host import errors
from varde_host.inventory import kits
from varde_host.paper import label
from varde_host.site import files

FILE = "label.toml"
MAX_FILE_BYTES = 16 * 1024
MAX_CHECK_DAYS = 1096
"""Three years: no interval of a home's equipment is longer."""
DEFAULT_CHECK_DAYS = 365
IDENTIFIED, FUNCTION_CHECKED = 0, 1
_TEXTS = ("municipality", "fault_phone", "hours")


@dataclass(frozen=True)
class LabelFacts:
    """See above."""

    municipality: str
    fault_phone: str
    hours: str
    check_days: int = DEFAULT_CHECK_DAYS

    def label(
        self, kit: kits.Kit, level: int, today: dt.date, next_check: dt.date | None = None
    ) -> label.Label:
        """Return a kit's label: its next check is the day it was verified until, if it was.

        Raises as `label.Label`.
        """
        if next_check is None and kit.verified_until is not None:
            next_check = dt.date.fromisoformat(kit.verified_until)
        if next_check is None:
            next_check = today + dt.timedelta(days=self.check_days)
        return label.Label(
            kit.kit_id, self.municipality, self.fault_phone, self.hours, next_check, level
        )


def load(site: Path) -> LabelFacts:
    """Return the site's facts. Raises InputRefused `label-facts` (names the field), and
    `label-empty` where there is no file."""
    path = site / FILE
    try:
        data = path.read_bytes()[: MAX_FILE_BYTES + 1]
        fields = tomllib.loads(data.decode("utf-8"))
    except FileNotFoundError as error:
        raise errors.InputRefused("label-facts-missing", str(path)) from error
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise errors.InputRefused("label-facts", str(path), what=str(error)[:80]) from error
    if len(data) > MAX_FILE_BYTES:
        raise errors.InputRefused("label-facts", str(path), what=f"> {MAX_FILE_BYTES} bytes")
    return _parsed(fields, str(path))


def municipality(site: files.Site) -> str:
    """Return the name that papers bear: that of the labels, else the site's own."""
    try:
        return load(site.directory).municipality
    except errors.InputRefused:
        return site.name


def _parsed(fields: dict[str, Any], where: str) -> LabelFacts:
    unknown = sorted(set(fields) - {*_TEXTS, "check_days"})
    wrong = [name for name in _TEXTS if not isinstance(fields.get(name), str)]
    days = fields.get("check_days", DEFAULT_CHECK_DAYS)
    if type(days) is not int or not 0 < days <= MAX_CHECK_DAYS:
        wrong.append("check_days")
    if unknown or wrong:
        raise errors.InputRefused("label-facts", where, what=(unknown or wrong)[0][:40])
    return LabelFacts(**{name: fields[name] for name in _TEXTS}, check_days=days)
