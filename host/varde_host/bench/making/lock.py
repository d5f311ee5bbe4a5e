"""Step 8: the lock, and the check that it holds and can be opened again.

Locked, a hub gives no prompt to anybody but who brings a request for this one start, signed with
the site's service key. Checked is from outside, as a thief would try (`lock_check`): through a
start and after it; then the service key opens it once, and the next start is locked again.
"""

from __future__ import annotations

from varde_host.bench import faults
from varde_host.bench.cable import ports, prompt
from varde_host.bench.making import lock_check
from varde_host.bench.work import Evidence, Work


async def run(work: Work) -> Evidence:
    """Lock, try to get in, open with the key, see it locked again."""
    hub_id = work.finished["identity"]["hub"]
    await prompt.reach(work, hub_id)
    said = await work.on_hub("lock")
    if said.get("locked") != 1 or said.get("hub") != hub_id:
        raise faults.Fault("answer-malformed", said=str(said))
    await work.reset()
    first = await refuses(work, hub_id, reset=False)
    by_lines = ports.has_lines(work.board.port)
    if by_lines:
        await refuses(work, hub_id, reset=True)
    opened = await prompt.reach(work, hub_id)
    if opened.get("locked") != 1 or opened.get("start") != "open":
        raise faults.Fault("answer-malformed", said=str(opened))
    await work.reset()
    await refuses(work, hub_id, reset=False)
    return {
        "locked": True,
        "tried": [*lock_check.ATTACKS, "restart", *(["reset line"] if by_lines else [])],
        "heard_bytes": first.heard_bytes,
        "opened_with": opened["kid"],
        "service_keys": said.get("service_keys"),
    }


async def refuses(work: Work, hub_id: str, *, reset: bool) -> lock_check.LockCheck:
    """Raise Fault `lock-open` unless nothing but the service line answers."""
    check = await lock_check.attack(work.board.port, reset=reset)
    if check.open_way is not None:
        raise faults.Fault("lock-open", way=check.open_way)
    if not check.hub_id:
        raise faults.Fault("service-silent")
    if check.hub_id != hub_id:
        raise faults.Fault("other-hub", found=check.hub_id, wanted=hub_id)
    return check
