"""Types the digits that a sensor shows, for BlueZ.

BlueZ asks an agent, a D-Bus object of the interface org.bluez.Agent1 (BlueZ, doc/org.bluez.Agent
and .AgentManager). Without one it can pair only sensors that show nothing. The agent says that it
has a keyboard and no display, so a sensor with a display shows digits, and nobody has to compare.
"""

# No annotations from the future here: dbus-fast reads the signatures of D-Bus out of them.

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from varde_host import errors

BLUEZ = "org.bluez"
MANAGER_PATH, MANAGER = "/org/bluez", "org.bluez.AgentManager1"
AGENT_PATH = "/org/varde/agent"
CAPABILITY = "KeyboardOnly"
REJECTED = "org.bluez.Error.Rejected"


@contextlib.asynccontextmanager
async def answering(ask: Callable[[], Awaitable[int]]) -> AsyncIterator[None]:
    """Be the machine's agent for a while. Raises OSError if there is no system bus."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        bus.export(AGENT_PATH, _Agent(ask))
        await _call(bus, "RegisterAgent", "os", [AGENT_PATH, CAPABILITY])
        await _call(bus, "RequestDefaultAgent", "o", [AGENT_PATH])
        yield
    finally:
        bus.disconnect()  # BlueZ forgets an agent that leaves the bus


async def _call(bus: MessageBus, member: str, signature: str, body: list[str]) -> None:
    message = Message(
        destination=BLUEZ,
        path=MANAGER_PATH,
        interface=MANAGER,
        member=member,
        signature=signature,
        body=body,
    )
    reply = await bus.call(message)
    if reply is not None and reply.message_type is MessageType.ERROR:
        raise OSError(f"BlueZ refuses {member}: {reply.error_name}")


class _Agent(ServiceInterface):
    def __init__(self, ask: Callable[[], Awaitable[int]]) -> None:
        super().__init__("org.bluez.Agent1")
        self._ask = ask

    @dbus_method()
    def Release(self) -> None:  # noqa: N802 BlueZ's names from here on
        """Nothing is held."""

    @dbus_method()
    def Cancel(self) -> None:  # noqa: N802
        """The prompt stays until it is answered; its answer is not used."""

    @dbus_method()
    async def RequestPasskey(  # noqa: N802
        self,
        device: DBusObjectPath,  # noqa: ARG002
    ) -> DBusUInt32:
        try:
            return await self._ask()
        except errors.HostError as error:
            raise DBusError(REJECTED, "nobody typed digits") from error

    @dbus_method()
    async def RequestPinCode(  # noqa: N802
        self,
        device: DBusObjectPath,  # noqa: ARG002
    ) -> DBusStr:
        raise DBusError(REJECTED, "classic Bluetooth is not for sensors of ours")
