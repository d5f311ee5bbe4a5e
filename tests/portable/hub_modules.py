"""Loads the hub's modules bottom up when imported, as the supervisor does: the stack is small."""

from varde_firmware import load_order
from varde_protocols import _compat

if _compat.ON_MICROPYTHON:
    OURS = ("varde_protocols.", "varde_firmware.core.")
    load_order.load([name for name in load_order.BOTTOM_UP if name.startswith(OURS)])
