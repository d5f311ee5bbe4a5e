"""What a sensor sends, heard by a hub at its prompt: as it would be at home, past its journal.

The hub runs `on_hub/listen.py` with the sensors and bonds of its config: a line a value,

    varde-bench: {"value", "slot", "service", "characteristic", "hex", "address", "model", ...}

A locked hub is opened for this one start by the site's service key, and is reset afterwards, which
locks it again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.bench import faults, hub_scripts, work_folder
from varde_host.bench.cable import knocking, serial_line, service_mode, tools
from varde_host.site import keys

from .sent_values import Heard, in_background

MARK = "varde-bench: "
LISTEN_S = 3_600
"""A turn of listening; another follows while the verification lasts."""
_SPARE_S = 60
MAX_VALUE_BYTES = 512
"""As a characteristic's value has at most (Core 5.4, vol 3, part F, 3.2.9)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A value of one of the hub's sensors."""

    slot: int
    model: str
    characteristic: int
    raw: bytes


def parsed(line: str) -> Sent | None:
    """Return the value that a line of the hub tells; None for any other line."""
    if not line.startswith(MARK):
        return None
    try:
        said = json.loads(line.removeprefix(MARK))
        raw = bytes.fromhex(said["hex"])
        slot, characteristic, model = said["slot"], said["characteristic"], said["model"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = type(slot) is int and type(characteristic) is int and isinstance(model, str)
    fits = whole and 0 <= slot < 256 and len(raw) <= MAX_VALUE_BYTES
    return Sent(slot, model[:40], characteristic, raw) if fits else None


@contextmanager
def by_hub(
    port: str,
    signer: keys.Signer,
    model: str,
    slot: int | None,
    now_ms: Callable[[], int],
    mpremote: Sequence[str] = tools.MPREMOTE,
) -> Iterator[Heard]:
    """Hear a sensor with the hub on this port: that in the slot, else whatever is of its model."""
    heard = Heard(model)

    def on_line(line: str) -> None:
        sent = parsed(line)
        if sent is not None and (sent.slot == slot if slot is not None else sent.model == model):
            heard.add(sent.characteristic, sent.raw, now_ms())

    with in_background(heard, _listen(port, signer, slot, mpremote, on_line)):
        yield heard
    with contextlib.suppress(*serial_line.Error):
        serial_line.reset(port)


async def _listen(
    port: str,
    signer: keys.Signer,
    slot: int | None,
    mpremote: Sequence[str],
    on_line: tools.OnLine,
) -> None:
    """Open the hub and run the script, again and again. Raises WorldFailed `verify-hub`."""
    script = hub_scripts.source("listen")
    given = f"seconds = {LISTEN_S}\n" + (f"slot = {slot}\n" if slot is not None else "")
    try:
        with work_folder.opened() as folder:
            file = folder / "listen.py"
            file.write_text(given + script, encoding="utf-8")
            await service_mode.open_hub(port, service_mode.signing(signer, ""))
            while True:
                await knocking.until_prompt(port)
                await _turn(port, file, mpremote, on_line)
    except faults.Fault as fault:
        raise errors.WorldFailed("verify-hub", port, what=str(fault)[:200]) from fault


async def _turn(port: str, file: Path, mpremote: Sequence[str], on_line: tools.OnLine) -> None:
    words, limit_s = ["connect", port, "run", str(file)], LISTEN_S + _SPARE_S
    run = await tools.run(mpremote, words, timeout_s=limit_s, on_line=on_line)
    last = next((line for line in reversed(run.lines) if line.startswith(MARK)), "")
    if run.status != 0 or '"error"' in last:
        raise faults.Fault("script-failed", script="listen", said=last or run.text[-200:])
