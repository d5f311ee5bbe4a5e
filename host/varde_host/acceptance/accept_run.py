"""The acceptance of one kit, from its first step to what follows of its record (`varde accept
run`, and the desk)."""

from __future__ import annotations

from dataclasses import dataclass

from varde_host import errors
from varde_host.acceptance import accepting, beginning, deviations, signing
from varde_host.bench import faults, tray, work_folder
from varde_host.bench.making import label_facts
from varde_host.bench.occasion import Occasion, other_than
from varde_host.inventory import kit_id, kits, measuring_models, states


@dataclass(frozen=True)
class Wanted:
    """Which kit, where it is tested (in words), and the label that was scanned from its case:
    with it a kit that passes becomes ready. `anew` does all steps again."""

    kit: str
    place: str
    label: str | None = None
    anew: bool = False

    def __post_init__(self) -> None:
        """Refuse another kit's label before a test of ten minutes, not after it: `kit-label`."""
        if self.label is not None and kit_id.check(self.label) != self.kit:
            raise errors.InputRefused("kit-label", self.label, kit=self.kit)


@dataclass(frozen=True)
class Ended:
    """`made` is None where the test ended by something that says nothing of the kit; `state` is
    the kit's now; `fault` what ended it, None if all has passed."""

    made: signing.Made | None
    state: str
    fault: faults.Fault | None

    @property
    def is_good(self) -> bool:
        """Tell if it has passed."""
        return self.made is not None and self.fault is None


async def accept(occasion: Occasion, wanted: Wanted) -> Ended:
    """Test one kit, and sign what was found.

    Raises InputRefused as `beginning.begin`, `signing.make`, and as `kits.move` for the label.
    """
    inventory, by = occasion.inventory, occasion.by
    with work_folder.opened() as folder:
        now_ms = occasion.utc_ms()
        chip = beginning.begin(inventory, wanted.kit, by, now_ms, anew=wanted.anew)
        asked, written = occasion.settings(folder), occasion.ledger()
        test = accepting.Acceptance(
            wanted.kit, chip, inventory, occasion.database, wanted.place
        )  # fmt: skip
        ended = await occasion.tray(asked, written, test.table(), not_ours=other_than(chip)).run()
    ours = [result for result in ended if result.chip_id == chip]
    result = ours[0] if ours else tray.Result(chip, "", faults.Fault("board-silent"))
    made = None
    if result.fault is None or deviations.is_the_kits(result.fault):
        made = _signed(occasion, wanted, result)
    if made is not None and made.state == states.CHECKED and wanted.label is not None:
        _pack(occasion, wanted.kit, wanted.label)
    state = inventory.read(lambda connection: kits.find(connection, wanted.kit).state)
    return Ended(made, state, result.fault)


def _signed(occasion: Occasion, wanted: Wanted, result: tray.Result) -> signing.Made:
    """Sign it; a test that has passed is over, and one that met another config begins anew."""
    inventory, by, chip, fault = occasion.inventory, occasion.by, result.chip_id, result.fault
    made = signing.make(
        inventory, occasion.site, wanted.kit, chip, occasion.ledger().finished(chip),
        (result.step, fault), by=by, place=wanted.place,
        municipality=label_facts.municipality(occasion.site), now_ms=occasion.utc_ms(),
    )  # fmt: skip
    if fault is None:
        beginning.end(inventory, chip, made.signed.sha256, by, occasion.utc_ms())
    elif fault.code == "opp-01":
        beginning.begin(inventory, wanted.kit, by, occasion.utc_ms(), anew=True)
    return made


def _pack(occasion: Occasion, kit: str, label: str) -> None:
    """Make a checked kit ready, by the label that was scanned from its case."""
    known = measuring_models.load(occasion.site.directory)
    packing = {"packing": {"label": label}}
    by, now_ms = occasion.by, occasion.utc_ms()
    with occasion.inventory.writing() as connection:
        kits.move(connection, kit, states.READY, packing, by, now_ms, known=known)
