"""`varde verify run` on a virtual scale: what it sends beside what it shows."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

from simulator import verify_place
from simulator.sensor_bench import Bench, address, on_bench
from varde_host.inventory.references import Given
from varde_host.verification import judgement, measured
from varde_simulator.sensors.meaning import Weight

M1 = Given(
    "weights", "L-1", "Justervesenet", "2026-01-01", "2028-01-01", "kg", weights_class="M1"
)  # fmt: skip
FACTS = {
    "kind": "scale", "scale_class": "III", "e": "0.1", "d": "0.1", "ble_resolution": "0.005",
    "maximum": "150",
}  # fmt: skip


def test_a_scale_sends_and_shows(tmp_path: Path):
    desk = verify_place.Desk(tmp_path, "a-scale", M1, **FACTS)
    on_it = Decimal(0)

    async def story(bench: Bench) -> None:
        scale = await bench.sensor("scale")
        scale.wake()

        async def load(found: re.Match[str]) -> str:
            nonlocal on_it
            on_it = Decimal(found[1].replace(",", "."))
            scale.take(Weight(float(on_it) + 0.02))
            return ""

        async def once(_found: re.Match[str]) -> str:
            scale.take(Weight(70.24))
            return "70,2"

        async def shown(_found: re.Match[str]) -> str:
            return str(on_it)

        status, out, read = await verify_place.work(
            desk,
            {
                r"Temperaturen": "21,5",
                r"Hvilke lodd": "4x20 2x10",
                r"Serienummer": "S100",
                r": (?:\w+ til \w+ )?([\d,]+) kg .*Enter": load,
                r"Ta én måling": once,
                r"Hva viser skjermen": shown,
                r"Signer": "",
                r"\? $|føtter": "ja",
            },
            "--address", address(scale), "--json",
            VARDE_RADIO=f"sim:{bench.path}",
        )  # fmt: skip
        assert status == 0, read
        told = json.loads(out)
        assert told["outcome"] in judgement.GOOD, read
        assert told["level"] == 3
        assert "(20 + 20)" in read
        state = json.loads(Path(told["state"]).read_text())
        sent = [one for one in state["entries"] if one.get("source") == measured.BLE]
        assert {one["value"] for one in sent} >= {"0.02", "20.02", "80.02"}

    on_bench(story)
