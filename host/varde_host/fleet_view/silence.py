"""Is a hub heard from as often as it should be? Late is what its heartbeat explains no more.

A hub leaves a record at least once in `own_word.longest_pause_ms`; one heartbeat more, so that a
lost exchange is no silence, and a trial of an update that came between (`config_state`).

    on-time   heard within that
    late      not heard for longer: it may be a power cut, or somebody on holiday
    silent    not heard for a day more than that: somebody asks
    never     enrolled, and nothing has come yet
    stored    not heard, in a kit that stands in the store: it is switched off there
    revoked   its key was taken back: nothing of it is believed any more
"""

from __future__ import annotations

from typing import Final, NamedTuple

from varde_host.fleet import config_state, own_word
from varde_host.inventory import states

ON_TIME: Final = "on-time"
LATE: Final = "late"
SILENT: Final = "silent"
NEVER: Final = "never"
STORED: Final = "stored"
REVOKED: Final = "revoked"
STATES: Final = (SILENT, LATE, NEVER, ON_TIME, STORED, REVOKED)
"""Whom somebody asks after comes first."""

DAY_MS: Final = 86_400_000


class Silence(NamedTuple):
    """`due_ms` is when something of it was to be here at the latest, None if that is not known."""

    state: str
    due_ms: int | None


def allowed_ms(heartbeat_ms: int) -> int:
    """Return for how long a hub that is well may be unheard."""
    pause_ms = own_word.longest_pause_ms(heartbeat_ms)
    return pause_ms + heartbeat_ms + config_state.TRIAL_MS + config_state.START_MS


def judge(
    heard_ms: int | None,
    heartbeat_s: int,
    kit_state: str | None,
    now_ms: int,
    *,
    out_since_ms: int = 0,
    is_revoked: bool = False,
) -> Silence:
    """Return how it is. `kit_state` is None for a hub whose kit nobody knows: it should be heard.

    `out_since_ms` is since when its kit is where it is: one that lay in a drawer for a year and
    went out today has the time that others have. A moment just to come, as this machine's clock
    was set back a little, is as good as now. One far to come says that the clock was wrong when
    the hub was heard: nothing came since it is right, and who waited for that day would miss it.
    """
    if is_revoked:
        return Silence(REVOKED, None)
    is_stored = kit_state is not None and kit_state not in states.OUT
    if heard_ms is None:
        return Silence(STORED if is_stored else NEVER, None)
    quiet_ms = allowed_ms(heartbeat_s * 1000)
    if heard_ms - DAY_MS > now_ms:
        return Silence(STORED, None) if is_stored else Silence(SILENT, now_ms)
    if now_ms <= heard_ms + quiet_ms:
        return Silence(ON_TIME, heard_ms + quiet_ms)
    if is_stored:
        return Silence(STORED, None)
    due_ms = max(heard_ms, min(out_since_ms, now_ms)) + quiet_ms
    return Silence(LATE if now_ms <= due_ms + DAY_MS else SILENT, due_ms)
