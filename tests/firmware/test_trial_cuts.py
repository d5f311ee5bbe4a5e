"""The power goes at every flash operation of a trial, from its beginning to its end.

Wherever it goes, the hub comes to rest by itself, with all that was staged in force or nothing of
it, with a record that says which, and having told so. What was counted is in build/trials/.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from firmware import hub_vm, trial_hub
from firmware.trial_hub import BAD, FRACTIONS, GOOD, Hub, Rest, Update
from varde_firmware.core import update_record
from varde_firmware.core.update_record import APPLICATION, INTERPRETER
from varde_protocols import update_words as words
from varde_simulator.usb import stand_in_image

COUNTS = hub_vm.ROOT / "build" / "trials"
STARTS = 3
DOUBLE_CUT_UPDATES, DOUBLE_CUTS = 6, 8
SEED = 7


def names(update: Update) -> str:
    return update.name


def bad_starts(rest: Rest, update: Update) -> int:
    """How often what was on trial began to run."""
    if update.ends:
        return rest.lines.count(update.ends)
    return sum(line.startswith("varde: trial, start") for line in rest.lines)


def write_counts(name: str, **counts: int) -> None:
    COUNTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"what": name, **counts}, indent=1) + "\n"
    (COUNTS / f"{name}.json").write_text(text)


def cut_and_rest(hub: Hub, operation: int, fraction: float) -> Rest:
    said = hub.start((operation, fraction))
    assert said.end == "cut", said.text
    return hub.to_rest([said.end, *said.text.splitlines()])


def check(rest: Rest, update: Update) -> bool:
    """True if the new is in force."""
    trial_hub.check(rest, update)
    is_new = rest.record.state == words.CONFIRMED
    assert is_new <= update.is_good, rest.lines
    if not update.is_good:
        assert bad_starts(rest, update) <= STARTS, rest.lines
    return is_new


@pytest.mark.parametrize("update", [*GOOD, *BAD], ids=names)
def test_old_or_new_after_a_cut_at_any_operation(tmp_path: Path, update: Update) -> None:
    hub = trial_hub.make(tmp_path / "hub", update)
    cuts = new = most_starts = 0
    for before, operations in list(hub.starts_to_rest(tmp_path)):
        for operation in range(1, operations + 1):
            for fraction in FRACTIONS:
                rest = cut_and_rest(hub.copy(tmp_path / "cut", before), operation, fraction)
                new += check(rest, update)
                cuts += 1
                most_starts = max(most_starts, rest.starts)
    write_counts(update.name, cuts=cuts, bricks=0, new=new, old=cuts - new, starts=most_starts)
    assert cuts >= 12
    if update.is_good:  # one cut costs one start of three
        assert new == cuts


def test_old_or_new_after_two_cuts(tmp_path: Path) -> None:
    """The second comes in whatever the hub does after the first."""
    source = random.Random(SEED)
    chosen = source.sample([*GOOD, *BAD], DOUBLE_CUT_UPDATES)
    new = cuts = double = 0
    for update in chosen:
        hub = trial_hub.make(tmp_path / update.name, update)
        starts = [row for row in hub.starts_to_rest(tmp_path) if row[1]]
        for _ in range(DOUBLE_CUTS):
            before, operations = source.choice(starts)
            copy = hub.copy(tmp_path / "cut", before)
            lines: list[str] = []
            said = copy.start((source.randrange(1, operations + 1), source.choice(FRACTIONS)))
            while said.end != "prompt":
                lines += [said.end, *said.text.splitlines()]
                if lines.count("cut") == 2:
                    break
                said = copy.start((source.randrange(1, 5), source.choice(FRACTIONS)))
            lines += said.text.splitlines() if said.end == "prompt" else []
            cuts += lines.count("cut")
            double += lines.count("cut") == 2
            new += check(copy.to_rest(lines), update)
    runs = DOUBLE_CUTS * len(chosen)
    write_counts("two-cuts", runs=runs, cuts=cuts, bricks=0, new=new, old=runs - new)
    assert double > runs // 2


@pytest.mark.parametrize("update", BAD, ids=names)
def test_what_fails_is_back_in_three_starts_and_says_why(tmp_path: Path, update: Update) -> None:
    rest = trial_hub.make(tmp_path / "hub", update).to_rest()
    assert check(rest, update) is False
    is_late = update.is_bad_config or update.how == "silent"
    assert rest.record.reason == (words.NO_EXCHANGE if is_late else words.NO_START)
    # A start that ends early in a new interpreter takes another, of the old one, to arm it again.
    is_in_new = update.parts & INTERPRETER and not update.ends
    assert bad_starts(rest, update) == (1 if is_late else STARTS - 1 if is_in_new else STARTS)


def test_after_a_return_the_same_hub_takes_the_next(tmp_path: Path) -> None:
    """Also from a bad interpreter in ota_1: the next one lies there again."""
    bad = Update("bad", INTERPRETER, ends=stand_in_image.CRASHES)
    hub = trial_hub.make(tmp_path / "hub", bad)
    assert hub.to_rest().record.tries_of_release(trial_hub.NEW_RELEASE) == 1
    good = Update("good", INTERPRETER)
    trial_hub.stage_interpreter(hub, good)
    rest = hub.to_rest()
    assert rest.runs == ("old", 1, 1)
    assert rest.record.state == words.CONFIRMED


def test_power_cuts_outside_of_a_trial_change_nothing(tmp_path: Path) -> None:
    update = Update("application", APPLICATION)
    hub = trial_hub.make(tmp_path / "hub", update)
    confirmed = hub.to_rest().record
    for _ in range(8):
        hub.start((1, 0.0))  # if it writes anything at all
    rest = hub.to_rest()
    assert rest.record == confirmed
    assert rest.record.slot == 1
    assert rest.record.is_spare_whole == 1


def test_the_supervisor_and_the_record_mean_the_same_bytes() -> None:
    """choice.py has their places once more, as it can ask nothing of a slot."""
    folder: dict[str, object] = {}
    text = (hub_vm.ROOT / "firmware" / "choice.py").read_text()
    exec(text[text.index("class at:") : text.index("OTA_0 =")], folder)
    zero = update_record.decode(bytes([1]) + bytes(47))
    assert zero is not None
    places = {name: at for name, at in vars(folder["at"]).items() if isinstance(at, int)}
    assert len(places) == 12
    assert places.pop("version") == 0
    for name, at in places.items():
        assert zero.changed(**{name: 1}).encode()[at] == 1, name
    assert folder["RECORD_BYTES"] == update_record.RECORD_BYTES
    most = bytes(folder["MOST"])  # type: ignore[call-overload]
    assert most == bytes([update_record.VERSION]) + update_record.MOST + b"\0"
    assert (folder["TRIAL"], folder["RETURNED"]) == (words.TRIAL, words.RETURNED)
    assert folder["APPLICATION_PART"] == APPLICATION
    assert folder["INTERPRETER_PART"] == INTERPRETER
    assert (folder["NO_START"], folder["NO_EXCHANGE"]) == (words.NO_START, words.NO_EXCHANGE)
