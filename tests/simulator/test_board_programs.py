"""Programs written for boards, unchanged, on two hub VMs: the asynchronous way of using it all."""

import asyncio
import os
from pathlib import Path

from simulator.air_place import VARDE_VM, Hub, Place, in_place

PROGRAMS = Path(__file__).parent / "board_programs"

MEETING_OF_CENTRAL = [
    "mtu 128",
    "state 384 b'state'",  # 0x180: the handler refused the first with an error of its own
    "values [(b'changed', False), (b'" + "r" * 40 + "', True)]",
]
MEETING_OF_PERIPHERAL = [
    "connected",
    "written [b'0', b'1', b'2', b'3', b'4']",
    "indicated 0",
    "security (1, 0, 1)",
]


async def run(place: Place, program: str, secrets: Path) -> Hub:
    process = await asyncio.create_subprocess_exec(
        VARDE_VM,
        str(PROGRAMS / program),
        str(secrets),
        env={**os.environ, "VARDE_AIR": place.path, "VARDE_NODE": program},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    hub = Hub(process)
    place._hubs.append(hub)
    return hub


def test_scanner_central_client_peripheral_server_and_security(tmp_path):
    async def story(place: Place) -> None:
        peripheral = await run(place, "kit_peripheral.py", tmp_path / "peripheral.json")
        central = await run(place, "kit_central.py", tmp_path / "central.json")
        assert await central.finish() == [
            *MEETING_OF_CENTRAL,
            "secret 261",  # 0x105: not paired
            "secret b'a secret' (1, 0, 1)",
            "secrets kept True",
            *MEETING_OF_CENTRAL,
            "secret 271",  # 0x10F: there is a bond, only not encrypted yet
            "secret b'a secret' (1, 0, 1)",
            "secrets kept True",
        ]
        assert await peripheral.finish() == MEETING_OF_PERIPHERAL * 2

    in_place(story)
