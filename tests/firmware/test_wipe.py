"""A wipe leaves nothing of a home, a site or a hub in flash, wherever the power goes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware import desk, hub_vm, provisioned

PLANT = hub_vm.SCRIPTS / "plant.py"
NOTE = b"planted-secret-"
SEED = provisioned.SEED
PARTITIONS = ("nvs", "journal", "vfs")
MOST_OPERATIONS = 80  # of a wipe of the small hub

SPEAKS = b"""
import esp32

def run(ports, on_healthy):
    seed = bytearray(32)
    try:
        esp32.NVS("varde").get_blob("seed", seed)
    except OSError:
        print("a new hub speaks")
    print("speaks as", bytes(seed).hex())
"""
# An application as small as can be, that says as whom it would sign.
SMALL = {
    "a/varde_firmware/load_order.py": b"def load():\n    pass\n",
    "a/varde_firmware/ports/assembly.py": b"def Hardware(is_locked):\n    pass\n",
    "a/varde_firmware/shell/app.py": SPEAKS,
}


def supervisor() -> dict[str, bytes]:
    folder = hub_vm.ROOT / "firmware"
    return {name: (folder / name).read_bytes() for name in ("boot.py", "main.py", "choice.py")}


def small_hub(folder: Path) -> desk.Desk:
    """Locked, with a seed, secrets and an application that would speak."""
    documents = {"trust.cbor": NOTE * 60, "assignment.cbor": NOTE * 30}
    hub = desk.Desk(folder, {**supervisor(), **SMALL, **documents}, provisioned.JOURNAL_BYTES)
    hub.run(PLANT, f"seed = {SEED!r}")
    return hub


def assert_blank(hub: desk.Desk) -> None:
    for label in PARTITIONS:
        assert set(hub.partition(label)) == {0xFF}, label
    whole = hub.flash.read_bytes()
    assert NOTE not in whole
    assert SEED not in whole


def complete(hub: desk.Desk) -> None:
    """Run the wipe to its end."""
    result = hub.run("wipe").result
    assert result is not None
    assert set(result) == {"seed_was_there", "nvs", "journal", "vfs", "ms"}, result
    assert_blank(hub)


def test_a_whole_hub_is_wiped_and_starts_as_a_bare_board(tmp_path: Path) -> None:
    hub = provisioned.on_desk(tmp_path)
    hub.run(PLANT)
    before = hub.flash.read_bytes()
    for secret in (NOTE, SEED, provisioned.PASSWORD.encode()):
        assert secret in before
    said = hub.run("wipe")
    assert said.result is not None
    assert said.result["seed_was_there"] is True
    assert said.result["nvs"][0] == 4  # type: ignore[index]
    assert_blank(hub)
    whole = hub.flash.read_bytes()
    assert provisioned.PASSWORD.encode() not in whole
    for content in provisioned.documents().values():
        assert content[:40] not in whole
    assert SEED.hex() not in said.text
    start = hub.start()
    assert (start.end, start.text) == ("prompt", "desk: prompt\n")
    again = hub.run("wipe").result  # of the empty file system that the start has made
    assert again is not None
    assert again["seed_was_there"] is False
    assert_blank(hub)


def test_a_wiped_hub_that_is_set_up_again_is_another_hub(tmp_path: Path) -> None:
    hub = provisioned.on_desk(tmp_path)
    first = hub.run("identity").result
    hub.run("wipe")
    fresh = desk.Desk(tmp_path, provisioned.FILES, provisioned.JOURNAL_BYTES)  # as the bench does
    second = fresh.run("identity", DESK_RANDOM="8").result
    state = fresh.run("state").result
    assert first is not None
    assert second is not None
    assert state is not None
    assert second["made"] is True
    assert second["hub"] != first["hub"]
    assert "boot" not in state["numbers"]  # type: ignore[operator]
    assert fresh.run("tail").result == {"records": [], "more": False, "next": 1}


def check_after_cut(hub: desk.Desk, untouched: dict[str, bytes]) -> bool:
    """Start a hub whose wipe was cut; whether it had begun. Nobody may speak then."""
    start = hub.start()
    if "speaks" in start.text:  # not even begun: all is there, and who speaks is the old one
        assert f"speaks as {SEED.hex()}" in start.text
        assert "a new hub" not in start.text
        for label in ("nvs", "journal"):  # but for the counters of the start
            assert SEED in hub.partition("nvs")
            assert label == "nvs" or hub.partition(label) == untouched[label]
        return False
    assert start.end == "prompt", start.text
    assert hub.start().end == "prompt"  # and again
    return True


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_after_a_cut_at_any_operation_the_next_wipe_completes(
    tmp_path: Path, fraction: float
) -> None:
    original = small_hub(tmp_path / "original")
    untouched = {label: original.partition(label) for label in PARTITIONS}
    begun = []
    for operation in range(1, MOST_OPERATIONS):
        hub = provisioned.copy(original, tmp_path / "cut")
        if not hub.run("wipe", cut=(operation, fraction)).is_cut:
            break
        has_begun = check_after_cut(hub, untouched)
        begun.append(has_begun)
        complete(hub)
    assert len(begun) > 15, begun
    # The mark comes first: a few operations of littlefs, and from then on it has begun.
    assert begun.index(True) <= 4
    assert begun == sorted(begun)


def test_a_second_cut_in_the_wipe_after_a_cut(tmp_path: Path) -> None:
    original = small_hub(tmp_path / "original")
    for first in (4, 6, 9, 12, 16, 20):
        for second in (1, 2, 3, 5, 8):
            hub = provisioned.copy(original, tmp_path / "cut")
            assert hub.run("wipe", cut=(first, 0.5)).is_cut
            assert check_after_cut(hub, {})
            if hub.run("wipe", cut=(second, 0.3)).is_cut:
                assert check_after_cut(hub, {})
            complete(hub)


def test_a_sector_that_does_not_erase_is_told(tmp_path: Path) -> None:
    """The script says so and stops: a wipe that cannot be proven is none."""
    hub = small_hub(tmp_path)
    broken = "import esp32; esp32.Partition.ioctl = broken(esp32.Partition.ioctl)"
    define = (
        "def broken(ioctl):\n    return lambda self, command, argument=0: "
        "0 if command == 6 and argument == 5 else ioctl(self, command, argument)"
    )
    result = hub.run("wipe", define, broken).result
    assert result == {
        "error": "OSError",
        "text": "journal: sector 5 is not blank after its erase",
    }
