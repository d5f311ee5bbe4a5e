"""A locked hub on a cable: no prompt whatever is typed and whenever; one start for who may."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware import cable, provisioned
from firmware.cable import Cable
from golden import service
from simulator import board_place
from varde_protocols import records, service_request, trust
from varde_simulator import board_page, flash_image

pytestmark = board_place.needs_vm

STARTS = 5  # with a key pressed in the right moment
FLOOD = b"\x03\x01\x04\x05A\x01\x02\r\n"  # all that means something at a prompt
STRANGER = service.Bench(bytes([99]) * 32)


async def flood(hub: Cable, seconds: float, every_s: float = 0.003) -> None:
    """Type everything again and again."""
    for _ in range(int(seconds / every_s)):
        hub.type(FLOOD)
        await asyncio.sleep(every_s)


def test_an_unlocked_hub_has_its_prompt(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.power_on()
        assert await hub.answer(b"varde?") == []  # nobody listens: the console is the prompt's
        assert await hub.has_prompt()
        assert b"KeyboardInterrupt" in hub.said

    cable.play(tmp_path, act, is_locked=False)


def test_no_prompt_while_the_application_runs(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.power_on()
        await flood(hub, 5)
        assert not await hub.has_prompt()
        for data in (b"\x04", b"\r\x04\r", b"import os\r\n", b"\x05print(1)\r\n\x04"):
            hub.type(data)
            await asyncio.sleep(1)
        assert hub.prompt_signs() == []
        assert hub.board.boots == 1
        assert (await hub.answer(b"varde?"))[0].startswith("service ")

    cable.play(tmp_path, act)


def test_no_prompt_from_the_first_moment_of_a_start_on(tmp_path: Path) -> None:
    """The flood goes on over resets and power cuts, at moments all over a start."""

    async def act(hub: Cable) -> None:
        flooding = asyncio.ensure_future(flood(hub, 3600, 0.001))
        await hub.power_on(0)
        moments = random.Random(6)
        for _ in range(25):
            await asyncio.sleep(moments.uniform(0, 1.5))
            await (hub.reset(0) if moments.random() < 0.5 else hub.cut_and_power_on(0))
        await asyncio.sleep(cable.START_S)
        flooding.cancel()
        await asyncio.sleep(20)  # what is still in the pipe has been read
        assert hub.prompt_signs() == []
        assert hub.board.boots > 20
        assert (await hub.answer(b"\nvarde?"))[0].startswith("service ")

    cable.play(tmp_path, act)


@pytest.mark.parametrize("phase", [board_page.IN_BOOT, board_page.IN_MAIN])
def test_a_key_pressed_in_the_moment_when_it_means_something(tmp_path: Path, phase: int) -> None:
    """MicroPython gives Ctrl-C its meaning back before each file: there, before our first call."""

    async def act(hub: Cable) -> None:
        landed = []

        def press() -> None:
            assert hub.board.page.interrupt_character == 3
            hub.type(b"\x03")
            landed.append(hub.board.page.phase)

        hub.board.console.on_moment = press
        hub.board.page.await_phase(phase)
        await hub.power_on()
        for _ in range(STARTS - 1):
            await hub.reset()
        assert set(landed) == {phase}
        assert len(landed) >= STARTS
        assert hub.prompt_signs() == []
        assert not await hub.has_prompt()

    cable.play(tmp_path, act)


def test_opened_once_and_locked_after_any_reset(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.power_on()
        ways = (
            hub.reset(),
            hub.cut_and_power_on(),
            typed(hub, b"\x01import machine; machine.reset()\x04"),
        )
        for way in ways:
            await hub.open()
            assert b"varde: open until the next reset" in hub.said
            assert await hub.has_prompt()
            assert (await hub.script("lockstate"))["start"] == "open"
            for soft_reset in (b"\x01\x04\x02", b"\x02\x04"):
                await typed(hub, soft_reset)
                assert await hub.has_prompt()
            await way
            start = len(hub.said)
            assert not await hub.has_prompt()
            assert hub.prompt_signs(start) == []

    cable.play(tmp_path, act)


async def typed(hub: Cable, keys: bytes) -> None:
    hub.type(b"\r\x03" + keys)
    await asyncio.sleep(cable.START_S)


def spoil_documents(hub: Cable) -> None:
    """The trust stays, the assignment is none: the hub waits for the bench."""
    spoil(hub, {"assignment.cbor": b"no assignment"})


def spoil_application(hub: Cable) -> None:
    """The application cannot start and is started again, later and later."""
    spoil(hub, {"a/varde_firmware/shell/hub_parts.mpy": b"no module"})


def spoil(hub: Cable, files: dict[str, bytes]) -> None:
    partition = flash_image.find(hub.board.flash, "vfs")
    found = flash_image.read_littlefs(flash_image.read(hub.board.flash, "vfs"))
    image = flash_image.littlefs_image({**found, **files}, partition.size)
    with hub.board.flash.open("r+b") as file:
        file.seek(partition.offset)
        file.write(image)


@pytest.mark.parametrize(
    ("harm", "sign"),
    [(spoil_documents, b"waits for the bench"), (spoil_application, b"varde: stopped: ")],
)
def test_without_a_running_application(tmp_path: Path, harm, sign: bytes) -> None:  # type: ignore[no-untyped-def]
    async def act(hub: Cable) -> None:
        harm(hub)
        await hub.power_on(0)
        await flood(hub, 15)
        while not hub.said.endswith(b"ms\r\n") and b"waits" not in hub.said:
            await asyncio.sleep(0.5)
        assert sign in hub.said
        assert hub.prompt_signs() == []
        await asyncio.sleep(2)
        refused = await hub.answer(b"\nvarde! AAAA")
        assert refused == ["refused 1"]
        await asyncio.sleep(2)
        hub_id, nonce = await hub.nonce()  # there is nothing that could make test readings
        test = service_request.COMMAND_TEST
        line = cable.line_of(service_request.sign(provisioned.SERVICE, nonce, hub_id, test))
        assert await hub.answer(line) == [f"refused {records.SERVICE_NOT_NOW}"]
        await asyncio.sleep(4)
        await hub.open()
        assert await hub.has_prompt()
        await hub.reset()
        assert not await hub.has_prompt()

    cable.play(tmp_path, act)


def test_with_an_empty_slot_there_is_neither_prompt_nor_service(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.board.cut_power()
        found = flash_image.read_littlefs(flash_image.read(hub.board.flash, "vfs"))
        kept = {path: data for path, data in found.items() if not path.startswith("a/")}
        partition = flash_image.find(hub.board.flash, "vfs")
        with hub.board.flash.open("r+b") as file:
            file.seek(partition.offset)
            file.write(flash_image.littlefs_image(kept, partition.size))
        await hub.power_on(0)
        await flood(hub, 20)
        assert b"varde: nobody listens: ImportError" in hub.said
        assert hub.prompt_signs() == []

    cable.play(tmp_path, act)


def large_root(name: str) -> bytes:
    """A root certificate of nearly as many bytes as a trust may hold."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName(
        [x509.DNSName(f"{number:03}.{'x' * 46}.example") for number in range(28)]
    )
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(day)
        .not_valid_after(day.replace(year=2046))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    assert trust.MAX_ROOT_BYTES - 100 < len(made) <= trust.MAX_ROOT_BYTES
    return made


def test_with_the_largest_roots_it_opens_too(tmp_path: Path) -> None:
    """The trust is read for a request, while the application has most of the heap."""

    async def act(hub: Cable) -> None:
        roots = [large_root(f"root {number}") for number in range(trust.MAX_ROOTS)]
        spoil(hub, provisioned.documents(roots))
        await hub.power_on()
        assert b"varde: journal" in hub.said  # the application is up
        await hub.open()
        assert await hub.has_prompt()

    cable.play(tmp_path, act)


def bad_requests(hub_id: bytes, nonce: bytes) -> list[tuple[bytes, int]]:
    """What must not open this hub now, and the reason it gives."""
    mine, sign = provisioned.SERVICE, service_request.sign
    good = sign(mine, nonce, hub_id)
    return [
        (sign(STRANGER, nonce, hub_id), records.SERVICE_KEY),
        (sign(mine, bytes(16), hub_id), records.SERVICE_NONCE),
        (sign(mine, nonce, bytes(8)), records.SERVICE_HUB),
        (sign(mine, nonce, hub_id, 4), records.SERVICE_COMMAND),
        (sign(STRANGER, nonce, hub_id, service_request.COMMAND_TEST), records.SERVICE_KEY),
        (sign(mine, bytes(16), hub_id, service_request.COMMAND_TEST_CUT), records.SERVICE_NONCE),
        (good[:-1] + bytes([good[-1] ^ 1]), records.SERVICE_SIGNATURE),
        (good[:-1], records.SERVICE_MALFORMED),
    ]


def test_who_may_not_and_what_may_not(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.power_on()
        for number in range(8):
            hub_id, nonce = await hub.nonce()
            request, reason = bad_requests(hub_id, nonce)[number]
            assert await hub.answer(cable.line_of(request), 0.5) == [f"refused {reason}"]
            (text,) = await hub.answer(b"varde?", 0.3)
            assert text.startswith("wait ")
            await asyncio.sleep(70)
        assert hub.board.boots == 1
        assert b"varde: test" not in hub.said
        assert not await hub.has_prompt()

    cable.play(tmp_path, act)


def test_a_request_that_was_heard_opens_nothing_more(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.power_on()
        hub_id, nonce = await hub.nonce()
        line = cable.line_of(service_request.sign(provisioned.SERVICE, nonce, hub_id))
        assert (await hub.nonce())[1] != nonce  # which makes the first one void
        assert await hub.answer(line) == [f"refused {records.SERVICE_NONCE}"]
        await asyncio.sleep(5)
        hub_id, nonce = await hub.nonce()
        line = cable.line_of(service_request.sign(provisioned.SERVICE, nonce, hub_id))
        assert await hub.answer(line) == ["opened"]
        await asyncio.sleep(cable.START_S)
        await hub.reset()
        assert await hub.answer(line) == [f"refused {records.SERVICE_NONCE}"]
        assert not await hub.has_prompt()

    cable.play(tmp_path, act)


def test_refusals_and_the_opening_are_journaled(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.power_on()
        for _ in range(4):  # one an hour is enough
            await hub.answer(b"varde! AAAA")
            await asyncio.sleep(70)
        await hub.open()
        await hub.reset()
        await hub.open()
        state = await hub.script("state")
        result = await hub.script("tail", "kinds = [4]")
        events = provisioned.events_of(result)
        assert events.count((records.EVENT_SERVICE_REFUSED, records.SERVICE_MALFORMED)) == 1
        mark = service_request.mark(provisioned.SERVICE.kid)
        assert events.count((records.EVENT_SERVICE_OPENED, mark)) == 1
        assert state["pending"] == len(events) + 2  # the sessions
        assert state["numbers"]["opened"] == mark  # type: ignore[index]  # the second, not yet told

    cable.play(tmp_path, act)


def test_an_opening_without_an_application_is_journaled_when_there_is_one(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.board.cut_power()
        found = flash_image.read_littlefs(flash_image.read(hub.board.flash, "vfs"))
        spoil_documents(hub)
        await hub.power_on()
        await hub.open()
        await hub.board.cut_power()
        spoil(hub, found)
        await hub.board.power_on()
        await asyncio.sleep(cable.START_S)
        await hub.open()
        events = provisioned.events_of(await hub.script("tail", "kinds = [4]"))
        mark = service_request.mark(provisioned.SERVICE.kid)
        assert events.count((records.EVENT_SERVICE_OPENED, mark)) == 1

    cable.play(tmp_path, act)


@pytest.mark.parametrize("seed", [1, 2])
def test_anything_at_all_is_survived(tmp_path: Path, seed: int) -> None:
    """Bytes, lines that begin well, long ones, half base64: the hub goes on and answers."""

    async def act(hub: Cable) -> None:
        dice = random.Random(seed)
        await hub.power_on()
        for _ in range(400):
            begin = dice.choice([b"", b"varde?", b"varde! ", b"varde", b"varde! hE2iAScE"])
            body = dice.choice(
                [dice.randbytes(dice.randrange(300)), b"A" * dice.randrange(600), b"=", b"\r\n"]
            )
            hub.type(begin + body + dice.choice([b"", b"\n", b"\r", b"\x03"]))
            await asyncio.sleep(dice.choice([0, 0.01, 0.2]))
        await asyncio.sleep(70)
        assert hub.board.boots == 1
        assert hub.prompt_signs() == []
        assert b"varde: stopped" not in hub.said
        assert b"Traceback" not in hub.said
        await hub.open()
        assert await hub.has_prompt()

    cable.play(tmp_path, act)


def test_a_cut_at_any_flash_operation_of_an_opening(tmp_path: Path) -> None:
    """Afterwards the hub is locked, or opens for one start: never for good, never for nobody."""

    async def act(hub: Cable) -> None:
        await hub.power_on()
        outcomes = []
        for operation in range(1, 12):
            hub_id, nonce = await hub.nonce()
            line = cable.line_of(service_request.sign(provisioned.SERVICE, nonce, hub_id))
            cuts = hub.place.cuts
            hub.board.arm_cut(operation, 0.5)
            hub.type(line + b"\n")
            await asyncio.sleep(5)
            was_cut = hub.place.cuts > cuts
            if was_cut:
                await hub.board.power_on()
                await asyncio.sleep(cable.START_S)
            outcomes.append((was_cut, await hub.has_prompt()))
            await hub.reset()
            assert not await hub.has_prompt()
            if not was_cut:
                break
        assert outcomes[-1] == (False, True)
        assert len(outcomes) >= 3, outcomes

    cable.play(tmp_path, act)
