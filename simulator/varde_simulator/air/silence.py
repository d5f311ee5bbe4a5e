"""Takes the log formatting out of Bumble, from outside.

Bumble builds a coloured text of every packet before it asks whether anybody logs it: more than
half of the Python calls of a sensor session. Here the texts become the class names. Whoever hunts
a fault in Bumble itself sets VARDE_BUMBLE_LOG=1 and gets them back.
"""

import inspect
import os
from types import ModuleType
from typing import Any

from bumble import att, controller, device, gatt, gatt_server, hci, host, l2cap, smp

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


def silence_bumble() -> None:
    """Once a process; a second call finds nothing left to do."""
    if os.environ.get("VARDE_BUMBLE_LOG"):
        return
    for module in _CHATTY_MODULES:
        if hasattr(module, "color"):
            module.color = _plain  # type: ignore[attr-defined]
    for root in _CHATTY_ROOTS:
        setattr(root, "__str__", _class_name)  # noqa: B010  mypy knows no patched methods
    for module in _CHATTY_MODULES:
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, _CHATTY_ROOTS) and "__str__" in vars(kind):
                setattr(kind, "__str__", _class_name)  # noqa: B010


def _plain(text: str, *_style: Any, **_more: Any) -> str:
    return text


def _class_name(self: object) -> str:
    return type(self).__name__
