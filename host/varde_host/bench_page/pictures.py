"""Which picture goes with what: drawings in `static/pictures`, told by `bench-page.picture`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from varde_host import messages
from varde_host.bench_desk import next_step

_OF_JOB: Final[Mapping[str, str]] = {
    next_step.MAKE: "plug",
    next_step.CLEAN: "clean",
    next_step.WIPE_NEW: "box",
    next_step.VERIFY: "measure",
    next_step.ACCEPT: "plug",
    next_step.CHECK: "box",
    next_step.LABEL: "print",
    next_step.HANDOUT: "handout",
    next_step.TAKE_BACK: "box",
    next_step.QUARANTINE: "quarantine",
    next_step.RETURN: "plug",
    next_step.REOPEN: "box",
    next_step.REPAIR: "note",
    next_step.WAIT: "wait",
}

_OF_CODE: Final[Mapping[str, str]] = {
    "port-gone": "plug", "port-busy": "plug", "board-silent": "plug", "talk-garbled": "plug",
    "tool-timeout": "plug", "other-board": "plug", "not-come-back": "plug", "other-hub": "plug",
    "hold-boot": "boot", "wrong-kind": "quarantine", "old-revision": "quarantine",
    "flash-small": "quarantine", "flash-counterfeit": "quarantine", "flash-dead": "quarantine",
    "psram-small": "quarantine", "holds-readings": "quarantine",
    "sensor-hold": "batteries", "sensor-measure": "cuff", "ble-06": "batteries",
    "ble-07": "closer", "ble-08": "closer", "tid-02": "batteries", "sensor-new-model": "it",
    "label-layout": "scan", "label-unread": "scan", "label-other": "scan",
    "pull-power": "unplug", "pull-ready": "unplug", "lag-04": "unplug", "lag-06": "batteries",
    "bat-01": "charge", "bat-02": "batteries", "bat-03": "batteries",
    "nett-03": "closer", "nett-05": "closer", "sig-01": "hub",
    "bt-01": "cuff", "bt-03": "replace-cuff", "vekt-04": "scale", "o2-01": "finger",
    "ref-01": "measure", "cannot": "note",
    "pairing.scan": "scan", "labelling.scan": "print", "accept.ask.light": "hub",
    "accept.ask.sound": "hub", "accept.ask.button": "hub",
    "clear-by-hand.batteries": "batteries", "clear-by-hand.memory-buttons": "cuff",
    "clear-by-hand.users-gone": "scale", "clear-by-hand.maker-app": "it",
}  # fmt: skip
"""What to do with one's hands, by a fault's code or a question's key; the rest of IT's is "it"."""

_KEY = "bench-page.picture."


def of_job(job: str) -> tuple[str, str]:
    """Return the file and the words of a job's picture, both "" for none."""
    return _told(_OF_JOB.get(job, ""))


def of_code(code: str, whose: str = "") -> tuple[str, str]:
    """Return the same of a fault's code or a question's key; `whose` does something about it."""
    name = _OF_CODE.get(code, "it" if whose == "it-drift" else "")
    return _told(name)


def of_flow(name: str) -> tuple[str, str]:
    """Return the same of a picture by its name."""
    return _told(name)


def names() -> set[str]:
    """Return the names of all pictures that something shows."""
    return {*_OF_JOB.values(), *_OF_CODE.values(), "it"}


def _told(name: str) -> tuple[str, str]:
    if not name:
        return "", ""
    return f"bench_page/pictures/{name}.svg", messages.text(_KEY + name)
