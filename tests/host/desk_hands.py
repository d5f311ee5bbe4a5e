"""Somebody who always does what the next step says, and gives its evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host import signed_bench
from host.inventory_bench import DAY_MS, IT, OWNER, T17, Stockroom
from varde_host.acceptance import deviations
from varde_host.bench import faults
from varde_host.bench_desk import fresh, kit_needs, next_step
from varde_host.bench_desk.next_step import NextStep
from varde_host.inventory import (
    items,
    kits,
    measuring_models,
    models,
    notes,
    places,
    progress,
    standing,
    states,
    who,
)

MOST_STEPS = 40
"""More than the longest way: out of quarantine, through repairs, made, verified, accepted, out."""


Spoil = Callable[["Hands", str, int], object]


class Hands:
    """Works on kits in a stockroom."""

    def __init__(self, room: Stockroom) -> None:
        self.room = room
        self.known = dict(measuring_models.BUILT_IN)
        self._chips = 0

    def step(self, kit: str) -> NextStep:
        """What stands next."""
        return self.room.see(next_step.of_kit, kit, self.room.now_ms, self.known)

    def do(self, step: NextStep) -> None:
        """Do it, with good evidence."""
        getattr(self, "_" + step.job.replace("-", "_"))(step)

    def walk(self, kit: str, until: str = next_step.HANDOUT) -> list[NextStep]:
        """Do what it says until the job is that one, or nothing is to be done; return all steps,
        the last one not done. Each must bring the kit on: no step is asked for twice in a row."""
        found = [self.step(kit)]
        while found[-1].job not in (until, next_step.NONE):
            assert len(found) < MOST_STEPS, [each.code for each in found]
            self.do(found[-1])
            found.append(self.step(kit))
            assert found[-1] != found[-2], found[-1]
        return found

    # One for each job

    def _make(self, step: NextStep) -> None:
        kit = str(step.kit)
        hub = self._hub(kit)
        if not self._inside(kit, models.SENSOR) and step.code in ("make", "fill"):
            self.put_sensor(kit)
        for name in kit_needs.MADE:
            self.finish(str(hub.chip_id), name, self._evidence(kit, name))

    def _hub(self, kit: str) -> items.Item:
        found = self._inside(kit, models.HUB)
        if found and found[0].chip_id:
            return found[0]
        self._chips += 1
        chip = f"aabbccdd{self._chips:04x}"
        if found:
            return self.room.do(
                items.change, found[0].item_id, T17, self.room.now_ms, chip_id=chip
            )
        self._need_model("hub-s3", models.HUB)
        made = self.room.item("hub-s3", chip_id=chip, hub_id=f"{self._chips:016x}")
        self.room.put(made, kit)
        return self.room.see(items.find, made)

    def _evidence(self, kit: str, name: str) -> dict[str, Any]:
        if name != "sensors":
            return {"done": name}
        rows = [{"slot": n, "item": i.item_id} for n, i in enumerate(self._sensors(kit), 1)]
        return {"kit": kit, "sensors": rows}

    def finish(self, chip: str, name: str, evidence: dict[str, Any]) -> None:
        """As the bench writes down a finished step."""
        self.room.do(progress.finish, chip, name, evidence, T17, self.room.now_ms)

    def _clean(self, step: NextStep) -> None:
        proof: dict[str, Any] = {"cleaning": {"product": "Oxivir", "batch": "L1"}}
        if step.code == "clean-infection":
            proof = {"infection-cleaning": {"product": "x", "batch": "L1", "cuff": "scrapped"}}
        self._move(step, states.CLEANED, proof)

    def _wipe_new(self, step: NextStep) -> None:
        self.room.do(fresh.wipe_new, str(step.kit), T17, self.room.now_ms, self.known)

    def _verify(self, step: NextStep) -> None:
        what = self.room.seen(str(step.item), step.fields["procedure"])
        self.room.verify(str(step.item), what)

    def _accept(self, step: NextStep) -> None:
        """As `acceptance.signing`: signed, its deviations closed, checked if nothing lacks."""
        kit, room = str(step.kit), self.room
        [hub] = self._inside(kit, models.HUB)
        record = room.accept(kit, chip=hub.chip_id, hub=hub.hub_id or "0" * 16)
        room.do(deviations.closed, kit, "2027ABCDEF", T17, room.now_ms)
        if not room.lacks(kit) and room.see(kits.find, kit).state == states.WIPED:
            self._move(step, states.CHECKED, {"check": {"record": record}})

    def fail_acceptance(self, kit: str, code: str = "lag-01") -> None:
        """As `acceptance.signing` does with a failure."""
        fault = faults.Fault(code, lost=1, count=20, first=1, last=20, arrived=19)
        room = self.room
        room.do(deviations.opened, kit, fault, "2027ABCDEF", T17, room.now_ms)

    def _check(self, step: NextStep) -> None:
        self._move(step, states.CHECKED, {"check": {"record": step.fields["record"]}})

    def _label(self, step: NextStep) -> None:
        self._move(step, states.READY, {"packing": {"label": step.kit}})

    def _handout(self, step: NextStep) -> None:
        self._move(step, states.HANDED_OUT, {"handout": {"instructed": True}})

    def _take_back(self, step: NextStep) -> None:
        self._move(step, states.RETURNED, {"return": {"infection": False, "complete": True}})

    def _quarantine(self, step: NextStep) -> None:
        self._move(step, states.QUARANTINE, {"reason": {"text": "infection"}})

    def _return(self, step: NextStep) -> None:
        """As `bench.taking_back` does: wiped, and the board is bare."""
        [hub] = self._inside(str(step.kit), models.HUB)
        if hub.chip_id in self.room.see(progress.chips):
            self.room.do(progress.forget, hub.chip_id, T17, self.room.now_ms, "wiped")
        self._move(step, states.WIPED, {"wipe": {"record": "cd" * 32}})

    def _reopen(self, step: NextStep) -> None:
        self._move(step, states.WIPED, {"reason": {"text": "to be checked anew"}})

    def _wait(self, step: NextStep) -> None:
        self.room.now_ms = step.fields["until_ms"]

    def _repair(self, step: NextStep) -> None:
        if step.code == "deviation":
            room = self.room
            room.do(notes.close, step.fields["note"], "seen to", T17, room.now_ms)
        elif step.code == "unknown-model":
            oximeter = measuring_models.Measuring(measuring_models.OTHER)
            self.known[step.fields["model"]] = oximeter
        else:
            self.change(str(step.kit), str(step.item), wants_another=step.code != "many-hubs")

    def change(self, kit: str, item: str, *, wants_another: bool = True) -> None:
        """Take a thing out, and put another of its kind in; a hub comes by itself (MAKE)."""
        self._need_place()
        old = self.room.see(items.find, item)
        self.room.take(item, "SHELF9")
        if wants_another and old.kind != models.HUB:
            self.room.put(self.room.item(old.model, serial=f"N{self.room.now_ms}"), kit)

    def put_sensor(self, kit: str, model: str = "and-ua651") -> str:
        """A new sensor in a kit."""
        self._need_model(model, models.SENSOR)
        made = self.room.item(model, serial=f"S{self.room.now_ms}")
        self.room.put(made, kit)
        return made

    # Looking

    def _inside(self, kit: str, kind: str) -> list[items.Item]:
        return self.room.see(items.listing, kit_id=kit, kind=kind)

    def _sensors(self, kit: str) -> list[items.Item]:
        return self._inside(kit, models.SENSOR)

    def _need_model(self, model: str, kind: str) -> None:
        if model not in {each.model for each in self.room.see(models.listing)}:
            self.room.model(model, kind)

    def _need_place(self) -> None:
        if "SHELF9" not in {each.place for each in self.room.see(places.listing)}:
            self.room.place("SHELF9")

    def _move(self, step: NextStep, state: str, proof: dict[str, Any]) -> None:
        """By the function that the step names, which must be one that may."""
        by = who.Who(step.who, "x1")
        self.room.move(str(step.kit), state, proof, by, known=self.known)


# What goes wrong


def _waits(hands: Hands, _kit: str, number: int) -> None:
    hands.room.now_ms += (1 + number) * 40 * DAY_MS


def _note(hands: Hands, kit: str, number: int) -> None:
    room, inside = hands.room, hands.room.see(items.listing, kit_id=kit)
    code = ["BRUK-01", "TID-02", "LAG-01", "FEIL-01"][number % 4]
    subject = inside[0].item_id if inside and number % 2 else kit
    room.do(notes.write, subject, code, None, "something is wrong", T17, room.now_ms)


def _judged(how: str) -> Spoil:
    def judge(hands: Hands, kit: str, number: int) -> None:
        room, inside = hands.room, hands.room.see(items.listing, kit_id=kit)
        if inside:
            item = inside[number % len(inside)].item_id
            room.do(items.judge, item, how, "broken", T17, room.now_ms)

    return judge


def _battery(hands: Hands, kit: str, _number: int) -> None:
    hands._need_model("battery", models.BATTERY)
    hands.room.put(hands.room.item("battery", expires_on="2027-01-10"), kit)


def _sensor(model: str) -> Spoil:
    return lambda hands, kit, _number: hands.put_sensor(kit, model)


def _acceptance(hands: Hands, kit: str, _number: int) -> None:
    hands.fail_acceptance(kit)


def _bad(hands: Hands, kit: str, number: int) -> None:
    room = hands.room
    known = [each for each in hands._sensors(kit) if each.model in measuring_models.BUILT_IN]
    if known:
        item = known[number % len(known)].item_id
        room.verify(item, signed_bench.failing(room.seen(item)))


def _infected(hands: Hands, kit: str, _number: int) -> None:
    room = hands.room
    room.do(kits.put_under_infection_control, kit, 24, T17, room.now_ms)


def _quarantine(hands: Hands, kit: str, _number: int) -> None:
    hands.room.move(kit, states.QUARANTINE, {"reason": {"text": "dropped"}})


def _scrapped(hands: Hands, kit: str, number: int) -> None:
    if number == RARE:
        hands.room.move(kit, states.SCRAPPED, {"reason": {"text": "worn"}}, OWNER)


def _gone(hands: Hands, kit: str, number: int) -> None:
    if number == RARE:
        hands.room.move(kit, states.SCRAPPED, {"loss": {"text": "not found"}}, IT)


_OPEN = (states.RECEIVED, states.CLEANED, states.WIPED)
_LIVES = tuple(state for state in states.STATES if state != states.SCRAPPED)
# What it is, and in which states of the kit it can happen.
SPOILS: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "waits": (_waits, states.STATES),
    "note": (_note, states.STATES),
    "faulty": (_judged(standing.FAULTY), _LIVES),
    "lost-thing": (_judged(standing.LOST), tuple(set(_LIVES) - set(states.SEALED))),
    "battery": (_battery, _LIVES),
    "strange": (_sensor("own-oximeter"), _OPEN),
    "second": (_sensor("and-uc352"), _OPEN),
    "acceptance": (_acceptance, (states.WIPED, *states.SEALED)),
    "bad": (_bad, _LIVES),
    "infected": (_infected, (states.RETURNED, states.QUARANTINE)),
    "quarantine": (_quarantine, (states.RECEIVED, states.RETURNED, *states.SEALED)),
    "scrapped": (_scrapped, (states.WIPED, *states.SEALED)),
    "gone": (_gone, states.OUT),
}
RARE = 9
"""Of the numbers 0 to 9: histories that end soon say little."""


def spoil(hands: Hands, kit: str, how: str, number: int) -> None:
    """Let something go wrong with a kit, if it can in its state."""
    act, when = SPOILS[how]
    if hands.room.see(kits.find, kit).state in when:
        act(hands, kit, number)
