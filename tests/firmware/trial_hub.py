"""A hub as small as can be with something staged, on a desk: what its updates leave after cuts.

Two application slots, two interpreters, two assignments; record, trial and supervisor are the
hub's own. In each slot lies an application that says what runs, begins what is staged, and then
proves itself or fails in one of the ways of HOW. After that it is at rest: at the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from firmware import desk, hub_vm, provisioned
from golden import site
from varde_firmware import load_order
from varde_firmware.core import update_record
from varde_firmware.core.update_record import APPLICATION, CONFIG, INTERPRETER
from varde_protocols import assignment, documents, records
from varde_protocols import update_words as words
from varde_simulator import flash_image, interpreter
from varde_simulator.usb import stand_in_image

FRACTIONS = (0.0, 0.5, 1.0)
MOST_STARTS = 12  # until it is at rest; more is a brick
REST = "rests "
OLD_CONFIG, NEW_CONFIG = 1, 2
OLD_RELEASE, NEW_RELEASE = 6, 7
IMAGE_BYTES = 3000
ROOT = hub_vm.ROOT
# Of the whole application: what the record, a trial and the documents need.
NEEDED = ("varde_protocols/", "varde_firmware/core/", "varde_firmware/shell/trial",
          "varde_firmware/ports/")  # fmt: skip

APP = """
import json
import sys

import machine
import micropython

from varde_firmware.core import update_record
from varde_firmware.ports import document_files, interpreter_slots, slots, update_store
from varde_firmware.shell import trial

NAME, HOW = %r, %r
told = []


class Part:
    scanning = True

    def for_updates(self, name):
        return sys.modules["varde_firmware.ports." + name]

    def now_ms(self):
        return 1000

    def event(self, now_ms, code, detail):
        told.append([code, detail])
        print("told " + json.dumps([code, detail]))

    def write(self, record, *fields):
        record(*fields)
        return True


def fail(how, on_healthy):
    if how == "hangs":
        machine.reset()  # the watchdog's
    if how == "silent":  # its time ends
        import asyncio

        async def wait():
            await asyncio.sleep_ms(60_000)

        asyncio.run(wait())
    if how == "returns":
        return
    raise RuntimeError(how)


def run(ports, on_healthy):
    part, store = Part(), update_store.UpdateStore()
    record = update_record.load(store)
    if record.is_at_rest:
        document_files.settle(record.assignment)
    number = document_files.both(bytes(8), bool(record.on_trial & 1))[1].number
    print("runs", NAME, number, interpreter_slots.running())
    how = HOW or ("silent" if number == %d and %r else "")
    if record.on_trial and how:
        return fail(how, on_healthy)
    part.on_healthy = on_healthy
    if record.on_trial or not record.is_told:
        trial.look(part, part, part, part, part, part)
    part.on_healthy()
    if update_record.load(store).state == 2:  # staged
        trial.begin(part, update_record.load(store))
    said = {"name": NAME, "config": number, "interpreter": interpreter_slots.running(),
            "slots": [len(slots.files(0)), len(slots.files(1))], "told": told,
            "record": list(store.load())}
    print(%r + json.dumps(said))
    micropython.kbd_intr(3)
    raise KeyboardInterrupt
"""
SMALL = {
    "varde_firmware/__init__.py": b"",
    "varde_firmware/load_order.py": f"""
def load():
    for name in {[each for each in load_order.BOTTOM_UP if each.startswith("varde_protocols.")]}:
        __import__(name)
""".encode(),
    "varde_firmware/core/self_test.py": b"def signs_right():\n    return True\n",
    "varde_firmware/ports/assembly.py": b"def Hardware(is_locked):\n    pass\n",
}


@dataclass(frozen=True)
class Update:
    """What is staged: bits of it, and how it fails: the application's way, a bad config, or the
    interpreter's way (stand_in_image.ENDS)."""

    name: str
    parts: int
    how: str = ""
    is_bad_config: bool = False
    ends: str = ""

    @property
    def is_good(self) -> bool:
        return not (self.how or self.is_bad_config or self.ends)


GOOD = [
    Update("config", CONFIG),
    Update("application", APPLICATION),
    Update("interpreter", INTERPRETER),
    Update("application-and-interpreter", APPLICATION | INTERPRETER),
    Update("all-three", CONFIG | APPLICATION | INTERPRETER),
]
BAD = [
    Update("config-that-reaches-nobody", CONFIG, is_bad_config=True),
    Update("application-that-raises", APPLICATION, "raises"),
    Update("application-that-hangs", APPLICATION, "hangs"),
    Update("application-that-cannot-send", APPLICATION, "silent"),
    Update("application-that-ends", APPLICATION, "returns"),
    Update("interpreter-that-crashes", INTERPRETER, ends=stand_in_image.CRASHES),
    Update("interpreter-that-hangs", INTERPRETER, ends=stand_in_image.HANGS),
    Update("good-interpreter-bad-application", APPLICATION | INTERPRETER, "raises"),
    Update("good-code-bad-config", CONFIG | APPLICATION | INTERPRETER, is_bad_config=True),
]


@dataclass
class Rest:
    """A hub at rest, and how it got there."""

    said: dict[str, object]
    record: update_record.Record
    starts: int
    lines: list[str]
    tried: int = 0  # starts of what was on trial

    @property
    def runs(self) -> tuple[object, object, object]:
        """(application, config, interpreter)"""
        return self.said["name"], self.said["config"], self.said["interpreter"]


class BrickError(AssertionError):
    """It does not come to rest."""


@dataclass
class Hub:
    """A desk with an update staged on it."""

    desk: desk.Desk
    update: Update
    at_starts: list[Path] = field(default_factory=list)

    def copy(self, folder: Path, flash: Path | None = None) -> Hub:
        """Another with the same flash, or with that one."""
        folder.mkdir(exist_ok=True)
        clone(flash or self.desk.flash, folder / "flash")
        return Hub(desk.at(folder / "flash"), self.update)

    def start(self, cut: tuple[int, float] | None = None) -> desk.Said:
        return self.desk.start(cut)

    def to_rest(self, lines: list[str] | None = None) -> Rest:
        """Start until it rests. BrickError if it does not."""
        lines = lines if lines is not None else []
        for count in range(1, MOST_STARTS + 1):
            said = self.start()
            lines += [said.end, *said.text.splitlines()]
            if said.end == "prompt":
                return rest_of(lines, count)
        raise BrickError("\n".join(lines[-60:]))

    def starts_to_rest(self, folder: Path) -> Iterator[tuple[Path, int]]:
        """Each start of an uncut run: the flash before it, and its flash operations."""
        for number in range(MOST_STARTS):
            before = folder / f"before-{number}"
            clone(self.desk.flash, before)
            said = self.start()
            yield before, said.operations
            if said.end == "prompt":
                return
        raise BrickError(self.update.name)


def clone(source: Path, target: Path) -> None:
    """Copy a flash; the file's holes stay holes."""
    data = source.read_bytes()
    with target.open("wb") as file:
        file.truncate(len(data))
        for at in range(0, len(data), 1 << 16):
            piece = data[at : at + (1 << 16)]
            if piece.strip(b"\0"):
                file.seek(at)
                file.write(piece)


def rest_of(lines: list[str], starts: int) -> Rest:
    """What the application said last."""
    line = next(line for line in reversed(lines) if line.startswith(REST))
    said = json.loads(line.removeprefix(REST))
    record = update_record.decode(bytes(said["record"])) or update_record.load(Nothing())
    return Rest(said, record, starts, lines)


class Nothing:
    def load(self) -> bytes:
        return b""

    def save(self, data: bytes) -> None:
        raise NotImplementedError


def application(update: Update, name: str) -> dict[str, bytes]:
    """A slot's files."""
    files = {path.removeprefix("a/"): content for path, content in provisioned.FILES.items()}
    kept = {path: content for path, content in files.items() if path.startswith(NEEDED)}
    how = update.how if name == "new" else ""
    text = APP % (name, how, NEW_CONFIG, update.is_bad_config, REST)
    kept = {path: content for path, content in kept.items() if "assembly" not in path}
    return {**kept, **SMALL, "varde_firmware/shell/app.py": text.encode()}


def supervisor() -> dict[str, bytes]:
    """Its three files, less patient than a home's."""
    files = {}
    for name in ("boot.py", "main.py", "choice.py"):
        text = (ROOT / "firmware" / name).read_text()
        text = text.replace("TRIAL_MS = 600_000", "TRIAL_MS = 30")
        text = text.replace("BACKOFF_FIRST_MS = 1_000", "BACKOFF_FIRST_MS = 1")
        files[name] = text.encode()
    return files


def assigned(number: int) -> bytes:
    """The assignment of that number."""
    given = assignment.Assignment(
        site.SITE_ID, number, None, provisioned.config(), None, site.SIGNED_MS, *site.NO_TERMS
    )
    return site.signed(documents.ASSIGNMENT, given, "assignment-1")


def staged(update: Update) -> update_record.Record:
    """The record before the trial begins."""
    record = update_record.load(Nothing())
    return record.changed(
        state=words.STAGED, parts=update.parts, release=OLD_RELEASE, floor=5,
        assignment=OLD_CONFIG, new_release=NEW_RELEASE, new_floor=6, new_assignment=NEW_CONFIG,
    )  # fmt: skip


def make(folder: Path, update: Update) -> Hub:
    """Put it on a desk."""
    folder.mkdir(exist_ok=True)
    files = {**supervisor(), **provisioned.documents(), "assignment.cbor": assigned(OLD_CONFIG)}
    if update.parts & CONFIG:
        files["assignment.trial"] = assigned(NEW_CONFIG)
    for path, content in application(update, "old").items():
        files["a/" + path] = content
    if update.parts & APPLICATION:
        for path, content in application(update, "new").items():
            files["b/" + path] = content
    hub = desk.Desk(folder, files)
    put_image(hub.flash, "ota_0")
    if update.parts & INTERPRETER:
        put_image(hub.flash, "ota_1", update.ends)
    made = Hub(hub, update)
    put_record(hub.flash, staged(update))
    return made


def stage_interpreter(hub: Hub, update: Update) -> None:
    """Put another into ota_1, as a later release, with what the record says of the hub."""
    before = hub.to_rest().record
    put_image(hub.desk.flash, "ota_1", update.ends)
    number = before.new_release + 1
    record = before.changed(state=words.STAGED, parts=update.parts, new_release=number)
    put_record(hub.desk.flash, record)
    hub.update = update


def put_record(flash: Path, record: update_record.Record) -> None:
    """As the hub would write it."""
    script = flash.with_name(flash.name + "-record.py")
    script.write_text(
        "import esp32, json\n"
        f"esp32.NVS('varde').set_blob('update', {record.encode()!r})\n"
        "print('varde-bench:', json.dumps({}))\n"
    )
    desk.at(flash).run(script)


def put_image(flash: Path, label: str, ends: str = "") -> None:
    """Put a small interpreter into a slot."""
    image = stand_in_image.application(interpreter.find().version, IMAGE_BYTES, ends)
    partition = flash_image.find(flash, label)
    with flash.open("r+b") as file:
        file.seek(partition.offset)
        file.write(image.ljust(8192, b"\xff"))


def check(rest: Rest, update: Update) -> None:
    """Old or new, whole, and the record says which."""
    record, parts = rest.record, update.parts
    is_new = record.state == words.CONFIRMED
    assert is_new or record.state == words.RETURNED, rest.lines[-60:]
    new_application = is_new and parts & APPLICATION
    new_interpreter = is_new and parts & INTERPRETER
    new_config = is_new and parts & CONFIG
    assert rest.runs == (
        "new" if new_application else "old",
        NEW_CONFIG if new_config else OLD_CONFIG,
        1 if new_interpreter else 0,
    ), rest.lines[-60:]
    assert record.slot == (1 if new_application else 0)
    assert record.interpreter == (1 if new_interpreter else 0)
    assert record.assignment == (NEW_CONFIG if new_config else OLD_CONFIG)
    has_code = is_new and parts & ~CONFIG
    assert (record.release, record.floor) == ((NEW_RELEASE, 6) if has_code else (OLD_RELEASE, 5))
    assert record.is_told == 1
    assert events(rest) == {
        (records.EVENT_UPDATE_CONFIRMED if is_new else records.EVENT_UPDATE_RETURNED, what, number)
        for what, number in record.numbers()
    }, rest.lines[-60:]


def events(rest: Rest) -> set[tuple[int, int, int]]:
    """(code, what, number) of what the application has journaled, in any start."""
    found = set()
    for line in rest.lines:
        if line.startswith("told "):
            code, detail = json.loads(line.removeprefix("told "))
            what, _reason, number = words.of_detail(detail)
            found.add((code, what, number))
    return found
