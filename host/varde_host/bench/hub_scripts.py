"""What the bench runs on a hub's interpreter, as texts (docs/firmware.md)."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "on_hub"
_SLOT = "slot"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != _SLOT))


def source(name: str) -> str:
    """Return a script: one that asks for the hub's modules stands behind `slot.py`."""
    text = _text(name)
    return _text(_SLOT) + text if "use_slot(" in text else text


def _text(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")
