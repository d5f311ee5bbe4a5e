"""What only a real chip can show; each says what it stands for in the simulator."""

from __future__ import annotations

from device.conftest import Run
from varde_host.bench.making import application, interpreter

SAY = 'import json\nprint("varde-bench: " + json.dumps(%s))\n'


def test_the_interpreter_is_one_that_can_be_used(run: Run):
    said = interpreter.checked(run(interpreter.SAY))
    assert interpreter.ARCHITECTURES[said["architecture"]] == "xtensawin"


def test_the_chip_says_its_address(run: Run):
    said = run("import machine\n" + SAY % '{"id": machine.unique_id().hex()}')
    assert len(said["id"]) == 12


def test_there_is_psram(run: Run):
    """The application needs half a MiB; without PSRAM an ESP32-S3 has less."""
    said = run("import gc\ngc.collect()\n" + SAY % '{"free": gc.mem_free()}')
    assert said["free"] > 2 * 1024 * 1024


def test_the_partitions_are_those_of_a_hub(run: Run):
    said = run(
        "import esp32\n"
        + SAY
        % "{p.info()[4]: p.info()[3] for p in esp32.Partition.find(esp32.Partition.TYPE_DATA)}"
    )
    assert {"nvs", "journal", "vfs"} <= set(said)
    assert said["journal"] >= 1024 * 1024


def test_the_files_are_there(run: Run):
    """And their hashes can be read, which is how the bench proves step 3."""
    said = run(application.HASHES)
    assert {"boot.py", "main.py", "trust.cbor"} <= set(said)


def test_random_bytes_come_while_the_radio_is_on(run: Run):
    """The chip's generator is a true one only then (ESP-IDF, "Random Number Generation")."""
    said = run(
        "import os, network\nradio = network.WLAN(network.STA_IF)\nradio.active(True)\n"
        "rows = [os.urandom(32).hex() for _ in range(8)]\non = radio.active()\n"
        "radio.active(False)\n" + SAY % '{"on": on, "rows": rows}'
    )
    assert said["on"] is True
    assert len(set(said["rows"])) == 8


def test_ticks_go_as_real_time_does(run: Run):
    said = run(
        "import time\nstart = time.ticks_ms()\ntime.sleep_ms(500)\n"
        + SAY % '{"ms": time.ticks_diff(time.ticks_ms(), start)}'
    )
    assert 495 <= said["ms"] <= 600


def test_the_journal_can_be_read(run: Run):
    """`state` mounts it in memory and changes nothing."""
    said = run(script="state")
    assert said["pending"] >= 0
    assert said["numbers"].get("locked", 0) == 0
