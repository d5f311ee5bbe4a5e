"""A collector that dies, as by kill -9, between its first commit and the answer; a program.

It takes the arguments of `varde collector`.
"""

from __future__ import annotations

import os
import signal
import sys

from varde_host import cli
from varde_protocols import exchange


def _die(*_: object) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


if __name__ == "__main__":
    exchange.encode_answer = _die  # called once all is on the disk
    sys.exit(cli.main(["collector", *sys.argv[1:]]))
