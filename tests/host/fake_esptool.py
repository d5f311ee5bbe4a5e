"""A scripted stand-in for esptool: a port is a file, and what stands in it says what happens.

    {"chip": "aabbccddeeff", "kind": "ESP32-S3", "say": ["..."], "status": 0, "wait": "FILE"}

It names the chip as esptool does, waits until FILE is gone, says the rest, and ends with the
status. No file: the port is gone. Each run leaves a line in the file that FAKE_LOG names.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def main(arguments: list[str]) -> int:
    port = Path(arguments[arguments.index("--port") + 1])
    log("start", arguments)
    try:
        script = json.loads(port.read_text())
    except OSError:
        print(f"ERROR: Could not open {port}, the port is busy or doesn't exist.")
        return 2
    if chip := script.get("chip"):
        print(f"Chip type:          {script.get('kind', 'ESP32-S3')} (QFN56) (revision v0.2)")
        print("Features:           Wi-Fi, Embedded PSRAM 8MB (AP_3v3)")
        print("MAC:                " + ":".join(chip[at : at + 2] for at in range(0, 12, 2)))
        print(f"Detected flash size: {script.get('flash', 16)}MB", flush=True)
    while "wait" in script and Path(script["wait"]).exists():
        time.sleep(0.01)
    for line in script.get("say", []):
        print(line)
    log("end", arguments)
    return int(script.get("status", 0))


def log(word: str, arguments: list[str]) -> None:
    with Path(os.environ["FAKE_LOG"]).open("a") as file:
        file.write(json.dumps([word, arguments, os.getpid()]) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
