"""The table of steps: what is done to a board, in this order, each once.

A step is a module of `making` with a function `run(work)`. It does its part, reads back what
it did, and returns the evidence: JSON values, no secret, which the inventory keeps under the
chip's id. It raises `faults.Fault` where it does not get there, and must be harmless to begin anew
at any point: the power may go in the middle of it, of the board or of the bench.

The evidence of earlier steps stands in `work.finished[NAME]`.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field

from varde_host.bench import work

Run = Callable[[work.Work], Awaitable[work.Evidence]]


@dataclass(frozen=True)
class Step:
    """`module` holds `run`; it is loaded when needed. `proof` names what is read back."""

    name: str
    module: str
    needs: tuple[str, ...]
    proof: str
    looks_first: str = field(default="", kw_only=True)
    """The step without which this one is not done again: it sees to what this one destroys."""

    def run(self) -> Run:
        """Return the function that does it."""
        module = importlib.import_module(f"varde_host.bench.making.{self.module}")
        found: Run = module.run
        return found


LABEL = "label"
"""Ends with a scan, so it is there only where somebody scans."""

TABLE: tuple[Step, ...] = (
    Step("detect", "detect", (), "the chip's words; a mark read back from the flash's end"),
    Step(
        "interpreter",
        "interpreter",
        ("detect",),
        "hash of each area; the prompt's own words",
        looks_first="detect",  # all is erased, and records may have come since
    ),
    Step("application", "application", ("interpreter",), "hash of the area, and of each file"),
    Step("identity", "identity", ("application",), "the public key, from the registry"),
    Step("assignment", "assignment", ("identity",), "the hub's verdict, and the document's hash"),
    Step("links", "links", ("assignment",), "a signed report at the collector, acknowledged"),
    Step("sensors", "pairing", ("links",), "the hub's own signed records of each sensor"),
    Step("lock", "lock", ("sensors",), "every way in tried from outside; opened once by the key"),
    Step(LABEL, "labelling", ("lock",), "the kit's id, scanned from its label"),
)


def names() -> tuple[str, ...]:
    """Return the steps' names in order."""
    return tuple(step.name for step in TABLE)


def ahead(finished: Container[str], table: Sequence[Step] = TABLE) -> Iterator[Step]:
    """Yield the steps that are not finished, in order."""
    return iter([step for step in table if step.name not in finished])


def after(name: str, table: Sequence[Step] = TABLE) -> tuple[str, ...]:
    """Return this step, all that rest on it, and who looks first: what is done again with it."""
    again = {name, *(step.looks_first for step in table if step.name == name)}
    for step in table:
        if again.intersection(step.needs):
            again.add(step.name)
    return tuple(step.name for step in table if step.name in again)
