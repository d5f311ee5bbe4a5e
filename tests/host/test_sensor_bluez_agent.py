"""The agent that types passkeys for BlueZ, against a stand-in for BlueZ on a bus of its own."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("dbus_fast", reason="BlueZ is on Linux")

from dbus_fast import BusType, DBusError, Message
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method

from varde_host import errors
from varde_host.sensor import bluez_agent

pytestmark = pytest.mark.skipif(
    shutil.which("dbus-daemon") is None, reason="no dbus-daemon: apt-get install dbus"
)

CONFIG = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={path}</listen>
  <policy context="default">
    <allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


@pytest.fixture
def system_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    config, socket = tmp_path / "bus.conf", tmp_path / "bus"
    config.write_text(CONFIG.format(path=socket))
    with subprocess.Popen(
        ["dbus-daemon", "--nofork", "--print-address", f"--config-file={config}"],
        stdout=subprocess.PIPE,
        env={**os.environ, "DBUS_VERBOSE": ""},
    ) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().decode().strip()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
        daemon.terminate()


def bluez(refuses: str = ""):
    """BlueZ's agent manager, as far as an agent sees it."""

    class Manager(ServiceInterface):
        def __init__(self) -> None:
            super().__init__("org.bluez.AgentManager1")
            self.registered: list[tuple[str, ...]] = []

        @dbus_method()
        def RegisterAgent(self, path: DBusObjectPath, capability: DBusStr):
            if refuses:
                raise DBusError(refuses, "no")
            self.registered.append((path, capability))

        @dbus_method()
        def RequestDefaultAgent(self, path: DBusObjectPath):
            self.registered.append((path,))

    return Manager()


async def ask_passkey(bus, agent: str, member: str = "RequestPasskey"):
    return await bus.call(
        Message(
            destination=agent,
            path="/org/varde/agent",
            interface="org.bluez.Agent1",
            member=member,
            signature="o",
            body=["/org/bluez/hci0/dev_AA"],
        )
    )


async def stand_in(manager):
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    bus.export("/org/bluez", manager)
    await bus.request_name("org.bluez")
    return bus


def test_bluez_gets_the_digits_from_who_is_asked_and_loses_the_agent_afterwards(system_bus: str):
    async def main() -> None:
        manager = bluez()
        bus = await stand_in(manager)
        senders: list[str] = []
        bus.add_message_handler(lambda message: senders.append(message.sender) and None)

        async def ask() -> int:
            return 7

        async with bluez_agent.answering(ask):
            path = "/org/varde/agent"
            assert manager.registered == [(path, "KeyboardOnly"), (path,)]
            agent = next(sender for sender in senders if sender.startswith(":"))
            reply = await ask_passkey(bus, agent)
            assert (reply.signature, reply.body) == ("u", [7])
            refused = await ask_passkey(bus, agent, "RequestPinCode")
            assert refused.error_name == "org.bluez.Error.Rejected"
        gone = await ask_passkey(bus, agent)
        assert gone.error_name is not None
        bus.disconnect()

    asyncio.run(asyncio.wait_for(main(), 120))


def test_who_cannot_answer_refuses_and_a_bluez_that_wants_no_agent_is_an_error(system_bus: str):
    async def main() -> None:
        manager = bluez()
        bus = await stand_in(manager)
        senders: list[str] = []
        bus.add_message_handler(lambda message: senders.append(message.sender) and None)

        async def ask() -> int:
            raise errors.InputRefused("secret-number", most=9)

        async with bluez_agent.answering(ask):
            agent = next(sender for sender in senders if sender.startswith(":"))
            reply = await ask_passkey(bus, agent)
            assert reply.error_name == "org.bluez.Error.Rejected"
        bus.disconnect()
        bus = await stand_in(bluez("org.bluez.Error.AlreadyExists"))
        with pytest.raises(OSError, match="AlreadyExists"):
            async with bluez_agent.answering(ask):
                pass
        bus.disconnect()

    asyncio.run(asyncio.wait_for(main(), 120))


def test_without_a_system_bus_there_is_no_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")

    async def ask() -> int:
        return 0

    async def main() -> None:
        async with bluez_agent.answering(ask):
            pass

    with pytest.raises(OSError, match="No such file"):
        asyncio.run(main())
