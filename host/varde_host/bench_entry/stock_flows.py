"""Taking a thing in by its maker's barcode: a model that is known, or one that is named now."""

from __future__ import annotations

import re

from varde_host import errors, messages
from varde_host.bench_entry import checks, entries
from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import (
    CHOICE,
    NOTHING,
    SCAN,
    TEXT,
    Applies,
    Around,
    Check,
    Choice,
    Ended,
    Flow,
    Question,
)
from varde_host.inventory import (
    barcode,
    items,
    kit_id,
    measuring_models,
    models,
    places,
    scanning,
    taking_in,
    words,
)

ANOTHER = "another"
"""The code is of none of the models that are known."""

# What is asked of each kind of thing, where its code does not say it.
_ASKED = {
    models.HUB: (),
    models.SENSOR: ("serial",),
    models.CUFF: ("lot", "size"),
    models.BATTERY: ("lot", "expires_on"),
    models.REFERENCE: ("serial", "calibrated_until"),
    models.CHARGER: ("serial",),
    models.TABLET: ("serial",),
    models.OTHER: ("serial",),
}


# What was scanned


def _code(around: Around, _entry: Entry, given: str) -> str:
    """A maker's code. A thing that is there already is named; a label of ours is no such code."""
    if len(_readings(around, given)) > 1:
        return given
    found = scanning.identify(
        around.connection, given, around.now_ms, keeps_separators=around.keeps_separators
    )
    if found.what not in (scanning.MODEL, scanning.NEW_MODEL, scanning.SECONDARY):
        taking_in.model_of(found)
    return given


def _second(around: Around, entry: Entry, given: str) -> str:
    scanning.of_pair(around.connection, entry.answers["code"], given, around.now_ms)
    return given


def _readings(around: Around, given: str) -> list[Choice]:
    """Return the readings of a code whose separator was lost, numbered; one of a code in order."""
    year = int(words.day(around.now_ms)[:4])
    try:
        found = barcode.readings(given, year, keeps_separators=around.keeps_separators)
    except errors.InputRefused:
        return []
    return [(str(number), barcode.said(each)) for number, each in enumerate(found, 1)]


def found(around: Around, entry: Entry) -> scanning.Found | None:
    """Return what was scanned, None before it is known. Raises as `scanning.identify`."""
    answers = entry.answers
    if "code" not in answers:
        return None
    if "second" in answers:
        return scanning.of_pair(
            around.connection, answers["code"], answers["second"], around.now_ms
        )
    if "reading" not in answers and len(_readings(around, answers["code"])) > 1:
        return None
    choice = int(answers["reading"]) if "reading" in answers else None
    return scanning.identify(
        around.connection, answers["code"], around.now_ms, choice=choice,
        keeps_separators=around.keeps_separators,
    )  # fmt: skip


def _is_secondary(around: Around, entry: Entry) -> bool:
    if "second" in entry.answers:
        return True
    scan = found(around, entry)
    return scan is not None and scan.what == scanning.SECONDARY


def _is_new(around: Around, entry: Entry) -> bool:
    scan = found(around, entry)
    return scan is not None and scan.what == scanning.NEW_MODEL


def _is_named_now(_around: Around, entry: Entry) -> bool:
    return entry.answers.get("which") == ANOTHER


# Of which model


def _models(around: Around, _entry: Entry) -> list[Choice]:
    known = [
        (each.model, f"{each.name} · {each.maker}") for each in models.listing(around.connection)
    ]
    return [*known, (ANOTHER, messages.text("bench-page.choice.another-model"))]


def _kinds(_around: Around, _entry: Entry) -> list[Choice]:
    return [(kind, messages.text(f"item-kind.{kind}")) for kind in models.KINDS]


def _described(around: Around, _entry: Entry) -> list[Choice]:
    """The models that are described and not yet in the inventory, and none of these."""
    there = {each.model for each in models.listing(around.connection)}
    names = sorted(name for name in around.known if name not in there)
    none = (ANOTHER, messages.text("bench-page.choice.another-model"))
    return [*((name, name) for name in names), none]


def _key(around: Around, _entry: Entry, given: str) -> str:
    """The inventory's word for a model. InputRefused `model-code`, `model-known`."""
    return models.check_key(around.connection, given.lower())


def _key_of_name(_around: Around, entry: Entry) -> str:
    said = f"{entry.answers.get('maker', '')} {entry.answers.get('name', '')}".lower()
    plain = said.replace("æ", "ae").replace("ø", "o").replace("å", "a")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]


def _kind(around: Around, entry: Entry) -> str | None:
    """Return the kind of the thing that is taken in, None before that is known."""
    if "kind" in entry.answers:
        return entry.answers["kind"]
    chosen = entry.answers.get("which", ANOTHER)
    if chosen != ANOTHER:
        return models.find(around.connection, chosen).kind
    scan = found(around, entry)
    return None if scan is None or scan.model is None else scan.model.kind


def _model(around: Around, entry: Entry) -> str | None:
    """Return the inventory's word for its model."""
    answers = entry.answers
    chosen = answers.get("which")
    if chosen == ANOTHER:
        described = answers.get("described", ANOTHER)
        return answers.get("model") if described == ANOTHER else described
    if chosen is not None:
        return chosen
    scan = found(around, entry)
    return scan.model.model if scan is not None and scan.model is not None else None


# This one


def _wants(fact: str) -> Applies:
    def applies(around: Around, entry: Entry) -> bool:
        scan, kind = found(around, entry), _kind(around, entry)
        if scan is None or kind is None or _model(around, entry) is None:
            return False
        asked = fact in _ASKED[kind] or (fact == "size" and _has_cuff(around, entry))
        return asked and not getattr(scan.code, fact, None)

    return applies


def _has_cuff(around: Around, entry: Entry) -> bool:
    measures = around.known.get(_model(around, entry) or "")
    return measures is not None and measures.kind == measuring_models.CUFF


def _serial(around: Around, entry: Entry, given: str) -> str:
    """A serial that no other thing of the model has. InputRefused `item-known`."""
    value = items.fact("serial", given)
    model = _model(around, entry)
    twins = items.listing(around.connection, model=model, serial=value)
    if twins:
        raise errors.InputRefused("item-known", value, item=twins[0].item_id)
    return value


def _goes_to_place(around: Around, entry: Entry) -> bool:
    is_known = _model(around, entry) is not None
    return is_known and not entry.about and bool(checks.all_places(around, entry))


def _take_in(around: Around, entry: Entry) -> Ended:
    """Name the model if it is new, take the thing in, and put it into the kit it is for: all or
    nothing, and not a second time if the entry was not dropped behind it."""
    expected = kit_id.new(entries.drawing(entry))
    if any(each.item_id == expected for each in items.listing(around.connection)):
        return Ended(kit=entry.about or None, item=expected)
    connection, by, now_ms = around.connection, around.by, around.now_ms
    answers = {name: value for name, value in entry.answers.items() if value != NOTHING}
    scan = found(around, entry)
    model = checks.needed(_model(around, entry), "model")
    code = scan.code if scan is not None else None
    if code is not None and answers.get("which") == ANOTHER:
        models.add(
            connection, model, answers["kind"], by, now_ms, name=answers["name"],
            maker=answers["maker"], code=code.code,
        )  # fmt: skip
    elif code is not None and "which" in answers:
        models.add_code(connection, model, checks.needed(code.code, "code"), by, now_ms)
    asked = {name: answers[name] for name in _FACTS if name in answers}
    facts = {**taking_in.facts_of(code), "udi": answers["code"].strip("\r\n\t"), **asked}
    place = answers.get("place")
    where = None if place is None else places.find(connection, place).place
    done = items.add(connection, entries.drawing(entry), model, by, now_ms, place=where, **facts)
    if entry.about:
        items.put(connection, done.item_id, entry.about, by, now_ms, known=around.known)
    return Ended(kit=entry.about or None, item=done.item_id)


_FACTS = ("serial", "lot", "size", "expires_on", "calibrated_until")


def _fact(name: str, check: Check | None = None, *, remembers: bool = False) -> Question:
    return Question(
        name, SCAN if name in ("serial", "lot") else TEXT, check or checks.printed(name),
        applies=_wants(name), may_skip=True, remembers=remembers,
    )  # fmt: skip


TAKE_IN = Flow(
    "take-in",
    "stock.change",
    (
        Question("code", SCAN, _code, default=lambda _around, entry: entry.given.get("code", "")),
        Question(
            "reading", CHOICE, checks.choice,
            choices=lambda around, entry: _readings(around, entry.answers.get("code", "")),
            applies=lambda around, entry: len(_readings(around, entry.answers["code"])) > 1,
        ),
        Question("second", SCAN, _second, applies=_is_secondary),
        Question("which", CHOICE, checks.choice, choices=_models, applies=_is_new),
        Question("kind", CHOICE, checks.choice, choices=_kinds, applies=_is_named_now),
        Question("maker", TEXT, checks.text, applies=_is_named_now),
        Question("name", TEXT, checks.text, applies=_is_named_now),
        Question(
            "described", CHOICE, checks.choice, choices=_described,
            applies=lambda _around, entry: entry.answers.get("kind") == models.SENSOR,
        ),
        Question(
            "model", TEXT, _key, default=_key_of_name,
            applies=lambda around, entry: _is_named_now(around, entry)
            and entry.answers.get("described", ANOTHER) == ANOTHER,
        ),
        _fact("serial", _serial),
        _fact("lot"),
        _fact("size", remembers=True),
        _fact("expires_on", checks.day),
        _fact("calibrated_until", checks.day),
        Question(
            "place", CHOICE, checks.place, choices=checks.all_places, remembers=True,
            may_skip=True, applies=_goes_to_place,
        ),
    ),
    _take_in,
    needs_about=False,
    picture="scan",
)  # fmt: skip


def _make_place(around: Around, entry: Entry) -> Ended:
    answers = entry.answers
    if (answers["code"], answers["name"]) in {
        (each.place, each.name) for each in places.listing(around.connection)
    }:
        return Ended()  # it was made, before a cut
    places.add(around.connection, answers["code"], answers["name"], around.by, around.now_ms)
    return Ended()


def _new_place(around: Around, _entry: Entry, given: str) -> str:
    """A code that no place has. InputRefused `place-code`, `place-known`."""
    return places.check_code(around.connection, given)


NEW_PLACE = Flow(
    "new-place",
    "stock.change",
    (Question("code", TEXT, _new_place), Question("name", TEXT, checks.text)),
    _make_place,
    needs_about=False,
)

FLOWS = (TAKE_IN, NEW_PLACE)
