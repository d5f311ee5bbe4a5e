"""Takes out of Bumble, from outside, what costs much and nobody needs.

- Log texts: Bumble builds a coloured text of every packet before it asks whether anybody logs it,
  more than half of the Python calls of a sensor session. Here they become the class names. Whoever
  hunts a fault in Bumble itself sets VARDE_BUMBLE_LOG=1 and gets them back.
- The list of all UUIDs: each one that comes over the air is looked for in it, one by one, and
  added for ever if it is new. Here it is a table of those that Bumble names.
"""

import inspect
import os
from types import ModuleType
from typing import Any

from bumble import att, controller, core, device, gatt, gatt_server, hci, host, l2cap, smp

_CHATTY_MODULES: tuple[ModuleType, ...] = (
    att,
    controller,
    device,
    gatt,
    gatt_server,
    hci,
    host,
    l2cap,
    smp,
)
_CHATTY_ROOTS: tuple[type, ...] = (
    hci.HCI_Packet,
    att.ATT_PDU,
    l2cap.L2CAP_PDU,
    l2cap.L2CAP_Control_Frame,
    smp.SMP_Command,
)


_named: dict[bytes, core.UUID] = {}  # by their bytes, short and long


def make_bumble_lean() -> None:
    """Once a process; a second call finds nothing left to do."""
    for uuid in core.UUID.UUIDS:
        _named[uuid.uuid_128_bytes] = _named[uuid.uuid_bytes] = uuid
    setattr(core.UUID, "register", _known_or_self)  # noqa: B010  mypy knows no patched methods
    if not os.environ.get("VARDE_BUMBLE_LOG"):
        _silence()


def _silence() -> None:
    for module in _CHATTY_MODULES:
        if hasattr(module, "color"):
            module.color = _plain  # type: ignore[attr-defined]
    for root in _CHATTY_ROOTS:
        setattr(root, "__str__", _class_name)  # noqa: B010
    for module in _CHATTY_MODULES:
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, _CHATTY_ROOTS) and "__str__" in vars(kind):
                setattr(kind, "__str__", _class_name)  # noqa: B010


def _known_or_self(self: core.UUID) -> core.UUID:
    """In place of `UUID.register`."""
    return _named.get(self.uuid_bytes) or _named.get(self.uuid_128_bytes) or self


def _plain(text: str, *_style: Any, **_more: Any) -> str:
    return text


def _class_name(self: object) -> str:
    return type(self).__name__
