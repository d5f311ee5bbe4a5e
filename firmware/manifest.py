"""What a hub's file system holds: the source of `tools/build_firmware.py`.

Folders are relative to the repository; the application goes into a slot, the supervisor beside it.
"""

# (source folder, package) compiled to .mpy, into the slot
PACKAGES = [
    ("protocols", "varde_protocols"),
    ("firmware", "varde_firmware"),
    ("firmware", "boards"),
]
# Copied as they are to the root: the supervisor must start whatever the bytecode version is.
ROOT_FILES = ["firmware/boot.py", "firmware/main.py"]
# Not for the hub: CPython's back ends, and decoders that only readers of values need.
EXCLUDED = ["*_cpython.py", "*.pyi", "varde_protocols/gatt/*"]
# DESIGN: the application bundle of a slot
BUDGET_BYTES = 200_000
