"""Two posts to each server named on the command line; prints what came of each."""

# ruff: noqa: UP031  (MicroPython runs this)

import asyncio
import os
import socket
import sys
import time

from varde_firmware.ports import https_client
from varde_protocols.errors import WireError

roots = []
for path in sys.argv[1].split(","):
    with open(path, "rb") as file:
        roots.append(file.read())


class Names:
    """The port's `socket`; "localhost" is known also where there is no hosts file."""

    SOCK_STREAM = socket.SOCK_STREAM
    socket = socket.socket

    @staticmethod
    def getaddrinfo(host, *rest):
        assert host == "localhost"
        return socket.getaddrinfo("127.0.0.1", *rest)


https_client.socket = Names


def open_files():
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:  # no Linux
        return 0


async def attempt(client, count):
    try:
        response = await client.post([b"x" * (count // 3)] * 3 + [b"END"], time.ticks_ms)
        text = "%d %s" % (response.status, response.body.decode())
    except https_client.HttpsClient.Refused as error:
        text = "refused %d" % error.detail
    except WireError as error:
        text = error.code
    except OSError:
        text = "OSError"
    return text


async def main():
    before = open_files()
    for port in sys.argv[2:]:
        client = https_client.HttpsClient("localhost", int(port), roots)
        client.send_ms = client.answer_ms = 1000
        print(await attempt(client, 9000), "/", await attempt(client, 10))
        client.close()
        assert open_files() == before, (before, open_files())


asyncio.run(main())
