"""A fleet of whole hubs through two rollouts: a good release with all that goes wrong in homes,
then a bad one.

Hubs, collector, blobs and `varde fleet` are the real ones; only hardware and time are virtual.
What the fleet view says is held against what stands in the hubs' flash (`fleet_truth`) and against
what the campaign did to them, after every hour and at the end of each rollout.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stories import fleet_truth, releases
from stories.fleet_verdict import Fact, Rollout
from stories.releases import Files
from stories.update_play import Came, CutAt, UpdatePlay, house, play_all
from stories.update_stage import UpdateStage
from varde_simulator import clock, network

GENERIC, LILYGO = "generic", "lilygo_t_sim7670g_s3"
SOAK_H, DEADLINE_H = 1, 5
DAYS = 6.0  # more than both rollouts take
MOST_HOURS = 60  # of one rollout
HEARTBEAT_MIN = 60
AT_ONCE = 8  # hubs that are started at a time
MEASURED_AT = (6 * 60, 13 * 60, 20 * 60)  # local
OFFLINE_H = 9  # longer than the deadline
SLOW_BYTES_PER_S = 1500
GOOD, BAD = "good", "bad"  # the rollouts' names
WELL, CUT, SLOW, OFFLINE = "well", "cut", "slow", "offline"


@dataclass(frozen=True)
class Plan:
    """How many hubs, and how many of them have which trouble in the good rollout. `bad`: how many
    hubs of each ring are of the board that the bad release does not start on."""

    hubs: int = 100
    seed: int = 1
    cut: int = 8
    slow: int = 4
    offline: int = 2
    bad: tuple[int, ...] = (0, 0, 0, 4, 15)
    rings: tuple[tuple[str, int], ...] = (
        ("bench", 2), ("staff", 3), ("tenth", 10), ("half", 50), ("all", 100),
    )  # fmt: skip
    """Name, and how many hubs (of the first two) or what percentage."""


def small(hubs: int, seed: int = 1) -> Plan:
    """For some hubs: four rings, the bad release stops in the third."""
    rings = (("bench", 1), ("staff", 1), ("half", 50), ("all", 100))
    return Plan(hubs, seed, cut=1, slow=1, offline=0, bad=(0, 0, 2, 1), rings=rings)


@dataclass
class Home:
    """One hub, and what is done to it."""

    trouble: str
    play: UpdatePlay
    board: str = GENERIC
    is_offline: bool = False

    @property
    def flash(self) -> Path:
        assert self.play.board is not None
        return self.play.board.flash


def crashes_on_one_board(number: int) -> Files:
    """A release that starts on every board but one."""
    text = (
        "with open('/assignment.cbor', 'rb') as file:\n"
        f"    if {LILYGO!r}.encode() in file.read():\n"
        "        raise RuntimeError('this release does not know this board')\n"
    )
    return {**releases.good(number), "varde_firmware/__init__.mpy": releases.compiled(text)}


class Campaign:
    """One run, in an empty folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.stage = UpdateStage(folder, HEARTBEAT_MIN, plan.seed)
        self.stage.enrol_together_s = 0.5
        self.dice = random.Random(f"fleet {plan.seed}")
        self.homes = self._homes()
        self.rollouts: list[Rollout] = []
        self.notes: list[str] = []
        self._began_s = time.monotonic()

    def _homes(self) -> list[Home]:
        """In the first rings all is well: what goes wrong there must stop a rollout."""
        named = sum(count for _name, count in self.plan.rings[:2])
        others = list(range(named, self.plan.hubs))
        self.dice.shuffle(others)
        troubles: dict[int, str] = {}
        # The last of them are in the last ring, where two of fifty stop nothing.
        for trouble, count in ((CUT, self.plan.cut), (SLOW, self.plan.slow)):
            for _ in range(count):
                troubles[others.pop()] = trouble
        homes = []
        for number in range(self.plan.hubs):
            story = house(
                days=DAYS, settle_min=120, heartbeat_min=HEARTBEAT_MIN, routines=_measured_daily()
            )
            play = UpdatePlay(self.stage, story, _nothing, f"hub-{number}", number, may_crash=True)
            homes.append(Home(troubles.get(number, WELL), play))
        return homes

    def _members(self, rollout: str) -> list[list[Home]]:
        """Who is in which ring, as docs/fleet.md has it: worked out here once more."""
        line = sorted(
            self.homes,
            key=lambda home: hashlib.sha256(
                rollout.encode() + b"\0" + bytes.fromhex(home.play.hub)
            ).digest(),
        )
        found: list[list[Home]] = []
        taken: set[str] = set()
        at = 0
        for place, (_ring, count) in enumerate(self.plan.rings):
            if place < 2:
                asked, at = self.homes[at : at + count], at + count
            else:
                asked = line[: -(-len(line) * count // 100)]
            found.append([home for home in asked if home.play.hub not in taken])
            taken |= {home.play.hub for home in asked}
        return found

    def _give_boards(self) -> None:
        """The site says which board a hub is; some are of the one that the bad release forgot."""
        for homes, bad in zip(self._members(BAD), self.plan.bad, strict=True):
            for home in self.dice.sample(homes, bad):
                home.board = LILYGO

    def run(self) -> dict[str, Any]:
        """The report."""
        return clock.run(self.stage.clock, self._run())

    async def _run(self) -> dict[str, Any]:
        async with self.stage:
            living = asyncio.ensure_future(self._live())
            driving = asyncio.ensure_future(self._drive())
            try:
                await asyncio.wait({living, driving}, return_when=asyncio.FIRST_EXCEPTION)
                await driving
                came = await living
            finally:
                for task in (living, driving):
                    task.cancel()
                await asyncio.gather(living, driving, return_exceptions=True)
            return self._report(came)

    # The homes

    async def _live(self) -> list[Came]:
        return await play_all([home.play for home in self.homes], AT_ONCE)

    # The site's IT

    async def _drive(self) -> None:
        for home in self.homes:
            await home.play.is_enrolled.wait()
        self._tell(f"{len(self.homes)} hubs enrolled")
        await asyncio.sleep(3600)  # all have been heard
        self._give_boards()
        for home in self.homes:  # what the bench gave them, under a number that the fleet knows
            config: dict[str, object] = {"board": home.board}
            self.stage.publish(self.stage.assigned(home.play.hub, 2, None, config=config))
        await asyncio.sleep(2 * 3600)
        await self._roll_out(GOOD, 1, releases.good(1), self._trouble)
        await self._mend()
        await self._roll_out(BAD, 2, crashes_on_one_board(2), None)
        await asyncio.sleep(3 * 3600)
        self._compare_at_rest()
        for home in self.homes:
            home.play.over.set()

    async def _roll_out(self, name: str, number: int, files: Files, trouble: Any) -> None:
        done = Rollout(name, number)
        self.rollouts.append(done)
        released = releases.make(number, files)
        self.stage.serve(released)
        plan = self._plan_file(name, released.number, released.digest)
        await self._fleet("plan", str(plan), "--sign")
        await self._fleet("start", str(plan), "--yes")
        published: set[str] = set()
        for hour in range(MOST_HOURS):
            view = await self._view(name, "--advance")
            done.hours = hour
            done.views += 1
            done.look(view, self._facts())
            if trouble is not None:
                trouble(view, published)
            done.state = view["state"]
            if view["state"] in ("stopped", "finished"):
                break
            await asyncio.sleep(3600)
        await asyncio.sleep(3 * 3600)  # whoever had begun comes to an end
        view = await self._view(name)
        done.look(view, self._facts())
        order = [ring for ring, _count in self.plan.rings]
        done.sum_up(view, self._facts(), order, is_bad=name == BAD)
        done.must_reach = self._must_stop_in(view) if name == BAD else order[-1]

    async def _view(self, name: str, *options: str) -> dict[str, Any]:
        found: dict[str, Any] | list[dict[str, Any]]
        found = json.loads(await self._fleet("status", name, *options))
        return found[0] if isinstance(found, list) else found

    async def _fleet(self, *arguments: str) -> str:
        host = self.stage.host
        return await host.run(
            "fleet", *arguments, "--site", str(host.site), "--database", str(host.database),
            "--json", may_find=arguments[0] == "status",
        )  # fmt: skip

    def _plan_file(self, name: str, number: int, digest: bytes) -> Path:
        hubs = [home.play.hub for home in self.homes]
        lines = [f'name = "{name}"',
                 f'release = {{number = {number}, digest = "{digest.hex()}"}}']  # fmt: skip
        at = 0
        for place, (ring, count) in enumerate(self.plan.rings):
            who = f"percent = {count}"
            if place < 2:
                who = f"hubs = {json.dumps(hubs[at : at + count])}"
                at += count
            lines += ["", "[[ring]]", f'name = "{ring}"', who,
                      f"soak_h = {SOAK_H}", f"deadline_h = {DEADLINE_H}"]  # fmt: skip
        path = self.stage.folder / f"{name}.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    # What goes wrong in homes

    def _trouble(self, view: dict[str, Any], published: set[str]) -> None:
        """As soon as a ring is published to, its troubles begin; those that are to be silent are
        of the last ring, which is large."""
        by_hub = self._by_hub()
        last = [row["hub"] for row in view["hubs"] if row["ring"] == self.plan.rings[-1][0]]
        silent = set(sorted(last)[: self.plan.offline])
        for row in view["hubs"]:
            hub = row["hub"]
            if row["published_ms"] is None or hub in published:
                continue
            published.add(hub)
            home = by_hub[hub]
            if hub in silent:
                home.trouble = OFFLINE
            self._begin(home)

    def _begin(self, home: Home) -> None:
        board = home.play.board
        assert board is not None
        if home.trouble == CUT:
            most = 1200
            home.play.coming = iter(
                CutAt(self.dice.randint(1, most), self.dice.choice((0.0, 0.5, 1.0)))
                for _ in range(2)
            )
            home.play.arm_next()
        elif home.trouble == SLOW:
            board.network.set_state(network.SLOW, SLOW_BYTES_PER_S)
        elif home.trouble == OFFLINE:
            home.is_offline = True
            board.network.set_state(network.DOWN)

    async def _mend(self) -> None:
        """Lines are repaired; who was away gets there, too."""
        for home in self.homes:
            assert home.play.board is not None
            home.play.disarm()
            home.play.board.network.set_state(network.UP)
            home.is_offline = False
        await asyncio.sleep(4 * 3600)
        done = self.rollouts[-1]
        view = await self._view(done.name)
        done.look(view, self._facts())
        late = [row["hub"] for row in view["hubs"] if row["runs"] != done.release]
        if late:
            done.lies.append(f"not there after the lines were mended: {late}")

    # View and truth

    def _by_hub(self) -> dict[str, Home]:
        return {home.play.hub: home for home in self.homes}

    def _facts(self) -> dict[str, Fact]:
        return {
            home.play.hub: Fact(home.flash, home.trouble, home.board == LILYGO, home.is_offline)
            for home in self.homes
        }

    def _must_stop_in(self, view: dict[str, Any]) -> str:
        """The first ring with failures enough, counted by the boards in it; rings as worked out
        here, which those of the view must be."""
        order = [name for name, _count in self.plan.rings]
        for ring, homes in zip(order, self._members(BAD), strict=True):
            seen = {row["hub"] for row in view["hubs"] if row["ring"] == ring}
            if seen != {home.play.hub for home in homes}:
                return f"{ring} has other hubs"
            bad = sum(home.board == LILYGO for home in homes)
            if (bad >= 2 and bad * 100 >= 5 * len(homes)) or 0 < bad == len(homes):
                return ring
        return order[-1]

    def _compare_at_rest(self) -> None:
        for home in self.homes:
            true = fleet_truth.record(home.flash)
            if true is None or true.on_trial or not true.is_told:
                self.notes.append(f"{home.play.hub} is not at rest: {true}")

    # The report

    def _tell(self, text: str) -> None:
        print(f"{time.monotonic() - self._began_s:6.0f} s  {text}", flush=True)

    def _report(self, came: list[Came]) -> dict[str, Any]:
        sums = [each.outcome.sum for each in came]
        unwell = [
            f"{home.play.node}: {each.outcome.problems} {each.outcome.sum.details}"
            for home, each in zip(self.homes, came, strict=True)
            if not each.outcome.passed
        ]
        total: dict[str, Any] = {
            "hubs": len(came),
            "boots": sum(each.outcome.boots for each in came),
            "power_cuts": sum(each.outcome.cuts for each in came),
            "measured": sum(each.measured for each in sums),
            "delivered": sum(each.delivered for each in sums),
            "lost": sum(each.lost for each in sums),
            "unwell": len(unwell),
            "views": sum(each.views for each in self.rollouts),
            "compared": sum(each.compared for each in self.rollouts),
            "lies": sum(len(each.lies) for each in self.rollouts),
            "down_bytes": sum(each.play.down_bytes for each in came),
            "virtual_hours": round(self.stage.clock.now_us() / 3.6e9, 1),
            "seconds": round(time.monotonic() - self._began_s),
        }
        good, bad = self.rollouts
        total["passed"] = (
            not total["lies"] and not total["lost"] and not unwell and not self.notes
            and good.state == "finished" and bad.state == "stopped"
            and all(each.reached == each.must_reach for each in self.rollouts)
        )  # fmt: skip
        return {
            "plan": asdict(self.plan),
            "sum": total,
            "rollouts": [asdict(each) for each in self.rollouts],
            "notes": [*self.notes, *unwell][:100],
        }


async def _nothing(_play: UpdatePlay) -> None:
    """Everything comes from the site."""


def _measured_daily() -> Any:
    routine = house().routines[0]
    return (type(routine)(**{**vars(routine), "at_min": MEASURED_AT, "within_min": 60}),)
