"""What a kit costs: a small TOML file that the owner of the service writes (`--prices`).

    currency = "NOK"

    [parts.hub]                # as many as a kit has; any names
    price = "1450"
    life_months = 60

    [month]                    # what a lent kit costs each month
    batteries = "14.50"
    subscription = "49"

    [bench]
    hour = "620"               # of a technician's hands

Amounts are decimals as texts. What the file does not name is refused, and none may be negative.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.benefit import months
from varde_host.site import files

FILE: Final = "benefit-prices.toml"
"""Its name in a site's folder, where a page looks for it, and a command that is given none."""
MAX_BYTES: Final = 16 * 1024
_MOST: Final = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Prices:
    """`parts_month` is price / life of all parts together, `fixed_month` what each month costs."""

    currency: str
    parts_month: Decimal
    fixed_month: Decimal
    hour: Decimal

    def kit_month(self, hands_ms: int, kit_months: Decimal) -> Decimal:
        """Return what a kit-month cost, when the bench's hands took so long for so many."""
        hands = self.hour * hands_ms / months.HOUR_MS / kit_months
        return self.parts_month + self.fixed_month + hands


def load_if_there(directory: Path) -> Prices | None:
    """Read the file in a site's folder, None if there is none; raises as `load`."""
    path = directory / FILE
    return load(path) if path.exists() else None


def load(path: Path) -> Prices:
    """Read the file. Raises InputRefused `benefit-prices`, `file-read`."""
    data = files.read(path, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise errors.InputRefused("benefit-prices", str(path), reason=f"> {MAX_BYTES} bytes")
    try:
        return _prices(tomllib.loads(data.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError) as error:
        raise errors.InputRefused("benefit-prices", str(path), reason=str(error)[:80]) from error


def _prices(raw: Mapping[str, Any]) -> Prices:
    _only(raw, {"currency", "parts", "month", "bench"}, "")
    currency = raw.get("currency")
    if not isinstance(currency, str) or not (currency.isalpha() and len(currency) == 3):
        raise ValueError("currency")
    parts = Decimal(0)
    for name, part in _table(raw, "parts").items():
        _only(part, {"price", "life_months"}, f"parts.{name}")
        life = part.get("life_months") if isinstance(part, dict) else None
        if type(life) is not int or not 0 < life <= 1200:
            raise ValueError(f"parts.{name}.life_months")
        parts += _amount(part.get("price"), f"parts.{name}.price") / life
    fixed = sum(
        (_amount(value, f"month.{name}") for name, value in _table(raw, "month").items()),
        Decimal(0),
    )
    bench = _table(raw, "bench")
    _only(bench, {"hour"}, "bench")
    return Prices(currency.upper(), parts, fixed, _amount(bench.get("hour", "0"), "bench.hour"))


def _table(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(name)  # noqa: TRY004 (a file's fault, as the others)
    return found


def _only(raw: object, known: set[str], where: str) -> None:
    if not isinstance(raw, dict):
        raise ValueError(where)  # noqa: TRY004
    strange = sorted(set(raw) - known)
    if strange:
        raise ValueError(f"{where} {strange[0]}".strip())


def _amount(value: object, where: str) -> Decimal:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(where)  # noqa: TRY004
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise ValueError(where) from None
    if not found.is_finite() or not 0 <= found <= _MOST:
        raise ValueError(where)
    return found
