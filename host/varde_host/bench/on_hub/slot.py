"""Before the scripts that ask for the hub's own modules: where they are (`hub_scripts`)."""

import sys

import esp32


def use_slot(*parts):
    """Put the application's slot on the path, and load its modules with one of these parts in
    their names, the lowest first (small stack)."""
    record = bytearray(48)  # of updates (core/update_record.py): the slot in force is byte 6
    try:
        esp32.NVS("varde").get_blob("update", record)
    except OSError:
        pass
    sys.path.insert(0, "/" + "ab"[record[6] & 1])
    from varde_firmware import load_order

    names = load_order.BOTTOM_UP
    load_order.load([name for name in names if any(part in name for part in parts)])
