"""A change of a hub's settings as text: what may be shown, and never a secret."""

from __future__ import annotations

from varde_host import messages
from varde_host.commands import setting_text
from varde_host.fleet import desired
from varde_host.fleet.desired import Plain

NOTHING = "–"


def rows(before: Plain | None, after: Plain) -> list[tuple[str, str, str]]:
    """Return (setting, before, after) for what differs."""
    found = []
    for name in desired.changed(before, after):
        setting = setting_text.BY_FIELD[name]
        old = NOTHING if before is None else setting.show(before[name])
        new = setting.show(after[name])
        secrets = (
            [] if before is None else desired.changed_secrets(name, before[name], after[name])
        )
        if secrets:
            new = messages.text("config.secret-changed", shown=new, names=", ".join(secrets))
        found.append((setting.name, old, new))
    return found


def as_json(before: Plain | None, after: Plain) -> list[dict[str, object]]:
    """Return the same for machines."""
    found: list[dict[str, object]] = []
    for name in desired.changed(before, after):
        setting = setting_text.BY_FIELD[name]
        secrets = (
            [] if before is None else desired.changed_secrets(name, before[name], after[name])
        )
        found.append(
            {
                "setting": setting.name,
                "before": None if before is None else setting.show(before[name]),
                "after": setting.show(after[name]),
                "secrets_changed": secrets,
            }
        )
    return found


def whole(plain: Plain) -> dict[str, str]:
    """Return all settings as text, by name."""
    return {setting.name: setting.show(plain[setting.field]) for setting in setting_text.ALL}
