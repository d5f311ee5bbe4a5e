"""What can go wrong with a board at the bench, what becomes of the step, and who does something.

Each code has its texts in `messages`: `bench.fault.CODE.what` and `.next`. A fault ends one try of
one step of one board; the others go on. What becomes of the step:

    LOST      the way to the board broke: it is looked for, and the step is tried again
    PERSON    somebody must do something at the board; the step is tried again meanwhile
    FAILED    this run of the bench gives the board up; the next run tries the step again
    UNFIT     this board cannot become a hub
    CANNOT    a technician said that the step cannot be done, and why
"""

from __future__ import annotations

from collections.abc import Mapping

LOST = "lost"
PERSON = "person"
FAILED = "failed"
UNFIT = "unfit"
CANNOT = "cannot"

# Functions (roles), as the inventory's log has them.
TECHNICIAN = "lagertekniker"
IT = "it-drift"
FOLLOW_UP = "oppfolgingstjeneste"
CALIBRATION = "kalibreringsansvarlig"

MAX_TEXT = 200
"""Characters of what a tool or a board said; more is no help to a person."""

# What becomes of the step, and who does something about it.
CODES: Mapping[str, tuple[str, str]] = {
    # The way to the board
    "port-gone": (LOST, TECHNICIAN),
    "port-busy": (LOST, TECHNICIAN),
    "board-silent": (LOST, TECHNICIAN),
    "talk-garbled": (LOST, TECHNICIAN),
    "tool-timeout": (LOST, TECHNICIAN),
    "other-board": (LOST, TECHNICIAN),
    "not-come-back": (FAILED, TECHNICIAN),
    "hold-boot": (PERSON, TECHNICIAN),
    # The board
    "wrong-kind": (UNFIT, TECHNICIAN),
    "old-revision": (UNFIT, TECHNICIAN),
    "flash-small": (UNFIT, TECHNICIAN),
    "flash-counterfeit": (UNFIT, TECHNICIAN),
    "flash-dead": (UNFIT, TECHNICIAN),
    "psram-small": (UNFIT, TECHNICIAN),
    "chip-secured": (UNFIT, IT),
    "holds-readings": (FAILED, TECHNICIAN),
    # What is put on it
    "read-back-differs": (FAILED, TECHNICIAN),
    "interpreter-other": (FAILED, IT),
    "no-firmware": (FAILED, IT),
    "script-failed": (FAILED, IT),
    "answer-malformed": (FAILED, IT),
    "tool-failed": (FAILED, IT),
    "tool-missing": (FAILED, IT),
    # The hub
    "key-refused": (FAILED, IT),
    "documents-refused": (FAILED, IT),
    "update-refused": (FAILED, IT),
    "no-links": (FAILED, IT),
    "no-exchange": (FAILED, IT),
    "no-acknowledgement": (FAILED, IT),
    "record-forged": (FAILED, IT),
    "lock-open": (FAILED, IT),
    "service-silent": (FAILED, IT),
    "service-refused": (FAILED, IT),
    "other-hub": (FAILED, TECHNICIAN),
    # Sensors and label
    "sensor-new-model": (FAILED, IT),
    "sensor-hold": (PERSON, TECHNICIAN),
    "sensor-measure": (PERSON, TECHNICIAN),
    "ble-06": (PERSON, TECHNICIAN),
    "ble-07": (FAILED, TECHNICIAN),
    "tid-02": (PERSON, TECHNICIAN),
    "label-layout": (PERSON, IT),
    "label-unread": (PERSON, TECHNICIAN),
    "label-other": (PERSON, TECHNICIAN),
    # The way back
    "sle-01": (FAILED, FOLLOW_UP),
    "sle-02": (FAILED, TECHNICIAN),
    "sle-03": (FAILED, TECHNICIAN),
    "sle-04": (FAILED, TECHNICIAN),
    # The acceptance of a kit
    "lag-01": (FAILED, IT),
    "lag-02": (FAILED, IT),
    "lag-03": (FAILED, IT),
    "lag-04": (FAILED, TECHNICIAN),
    "lag-05": (FAILED, IT),
    "lag-06": (FAILED, TECHNICIAN),
    "pull-power": (PERSON, TECHNICIAN),
    "pull-ready": (PERSON, TECHNICIAN),
    "kit-01": (FAILED, TECHNICIAN),
    "kit-02": (FAILED, TECHNICIAN),
    "kit-03": (FAILED, TECHNICIAN),
    "hub-01": (FAILED, IT),
    "opp-01": (FAILED, IT),
    "opp-02": (FAILED, IT),
    "opp-03": (FAILED, IT),
    "tid-01": (FAILED, IT),
    "bat-01": (FAILED, TECHNICIAN),
    "bat-02": (FAILED, TECHNICIAN),
    "bat-03": (FAILED, TECHNICIAN),
    "nett-01": (FAILED, IT),
    "nett-02": (FAILED, IT),
    "nett-03": (FAILED, TECHNICIAN),
    "nett-04": (FAILED, IT),
    "nett-05": (FAILED, TECHNICIAN),
    "sig-01": (FAILED, TECHNICIAN),
    # What a verification finds (its own words are in `verification`)
    "bt-01": (FAILED, CALIBRATION),
    "bt-03": (FAILED, CALIBRATION),
    "vekt-04": (FAILED, CALIBRATION),
    "o2-01": (FAILED, CALIBRATION),
    "ref-01": (FAILED, CALIBRATION),
    # Anything that the host refused, in its own words
    "refused": (FAILED, IT),
    # The technician
    "cannot": (CANNOT, TECHNICIAN),
}


class Fault(Exception):  # noqa: N818 the field's own word
    """One try of a step did not get there; the texts of `code` are filled with `fields`."""

    def __init__(self, code: str, **fields: object) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = {name: cleaned(value) for name, value in fields.items()}
        self.outcome, self.who = CODES[code]

    def __str__(self) -> str:
        extra = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        return ": ".join(part for part in (self.code, extra) if part)


def cleaned(value: object) -> object:
    """Return texts of a board or a tool fit to be shown: printable, and not long."""
    if not isinstance(value, str):
        return value
    return "".join(sign if sign.isprintable() else " " for sign in value[:MAX_TEXT]).strip()
