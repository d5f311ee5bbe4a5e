"""What an exercise wants of its world: the table `world` of its file, checked before all else.

    [world]
    boards = 1                          # bare boards, each on its cable
    prepared = "ready"                  # how far a kit is already: see PREPARED
    pulled = [2]                        # boards whose cable hangs loose at the start
    late = ["weights"]                  # references whose certificate is past its day
    [[world.sensor]]
    name = "scale"                      # of things.toml
    count = 2                           # so many of them: scale, scale-2
    [[world.planted]]
    when = "start"                      # or "bonded scale": see `planting`
    do = "fault scale refuses-clock"    # a line as hands have them

The rest of an exercise's file is not the simulator's.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from varde_simulator.scenario_table import TEXT, ScenarioError, Table, list_of, number, one_of
from varde_simulator.sensors import models
from varde_simulator.sensors.model import Model

NOTHING, MADE, VERIFIED, READY, HANDED_OUT, RETURNED = PREPARED = (
    "nothing", "made", "verified", "ready", "handed-out", "returned",
)  # fmt: skip
"""How far the first kit is: each holds what stands before it."""
MOST_BOARDS = 8
MAX_FILE_BYTES = 64 * 1024
_THINGS = Path(__file__).with_name("things.toml")


@dataclass(frozen=True)
class SensorThing:
    """A sensor on the table. `label` is its name here, `kind` scale, cuff or oximeter."""

    label: str
    kind: str
    word: str
    title: str
    gtin: str
    serial: str
    model: Model
    row: dict[str, Any]
    measures: dict[str, Any]

    @property
    def code(self) -> str:
        """The GS1 element string of its maker's label: GTIN and serial number."""
        return f"01{self.gtin}21{self.serial}"


@dataclass(frozen=True)
class ReferenceThing:
    """A reference, in the inventory from the start. `options` are of `varde verify reference`."""

    label: str
    word: str
    title: str
    kind: str
    serial: str
    gtin: str
    unit: str
    options: tuple[str, ...] = ()
    is_late: bool = False


@dataclass(frozen=True)
class Planted:
    """A line that is said by nobody's hand, when something happens."""

    when: str
    do: str


@dataclass(frozen=True)
class Plan:
    """A whole world to practise in."""

    boards: int
    prepared: str
    pulled: tuple[int, ...]
    sensors: tuple[SensorThing, ...]
    references: tuple[ReferenceThing, ...]
    planted: tuple[Planted, ...]


def load(path: Path) -> Plan:
    """Read an exercise's file. Raises ScenarioError."""
    try:
        data = path.read_bytes()[: MAX_FILE_BYTES + 1]
        document = tomllib.loads(data.decode())
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}; name an exercise") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise ScenarioError(f"{path}: more than {MAX_FILE_BYTES} bytes; no exercise is so long")
    return parsed(document.get("world", {}), f"{path} [world]")


def parsed(document: Any, where: str = "[world]") -> Plan:
    """Of a `world` table. Raises ScenarioError for a key, a name or a value that cannot be."""
    things = tomllib.loads(_THINGS.read_text(encoding="utf-8"))
    table = Table(document, where)
    boards = table.take("boards", number(0, MOST_BOARDS, whole=True), 1)
    late = table.take("late", list_of(one_of(things["reference"])), [])
    plan = Plan(
        boards=boards,
        prepared=table.take("prepared", one_of(PREPARED), NOTHING),
        pulled=tuple(table.take("pulled", list_of(number(1, max(1, boards), whole=True)), [])),
        sensors=_sensors(table, things["sensor"]),
        references=tuple(
            ReferenceThing(
                label, **{**row, "options": tuple(row.get("options", ()))}, is_late=label in late
            )
            for label, row in things["reference"].items()
        ),
        planted=tuple(_planted(row) for row in table.tables("planted", needed=False)),
    )
    table.finish()
    if plan.prepared != NOTHING and not (plan.boards and plan.sensors):
        raise ScenarioError(f"{where}: a kit that is prepared needs a board and a sensor")
    return plan


def _sensors(table: Table, known: dict[str, Any]) -> tuple[SensorThing, ...]:
    found: list[SensorThing] = []
    for row in table.tables("sensor", needed=False):
        name = row.take("name", one_of(known))
        serials = known[name]["serials"]
        count = row.take("count", number(1, len(serials), whole=True), 1)
        row.finish()
        if any(one.kind == name for one in found):
            raise ScenarioError(f"{row.where}: {name} stands there twice; say `count`")
        for index, serial in enumerate(serials[:count]):
            label = name if not index else f"{name}-{index + 1}"
            found.append(_sensor(label, name, known[name], serial))
    return tuple(found)


def _sensor(label: str, kind: str, known: dict[str, Any], serial: str) -> SensorThing:
    model = models.MODELS[known["like"]](serial=serial, **known.get("arguments", {}))
    return SensorThing(
        label, kind, known["word"], known["title"], known["gtin"], serial, model,
        known["row"], known["measures"],
    )  # fmt: skip


def _planted(row: Table) -> Planted:
    planted = Planted(row.take("when", TEXT), row.take("do", TEXT))
    row.finish()
    return planted
