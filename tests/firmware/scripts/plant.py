"""Puts on a hub what a home and a site leave there: bonds, counters, readings; `NOTE` in each."""

import json

import esp32

NOTE = b"planted-secret-"

bonds = esp32.NVS("varde-bonds")
for place in range(3):
    bonds.set_blob("b" + str(place), NOTE + b"bond" * 8)
for turn in range(40):  # older copies, too: NVS keeps them until their page is erased
    bonds.set_blob("b0", NOTE + b"bond-" + str(turn).encode() + bytes(64))
numbers = esp32.NVS("varde")
numbers.set_i32("boot", 12)
numbers.set_i32("utc_min", 29_000_000)
numbers.set_i32("locked", 1)
if globals().get("seed"):
    numbers.set_blob("seed", seed)  # noqa: F821
flash = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")[0]
for sector in (0, 1, 5, 15):
    flash.writeblocks(sector, NOTE + b"reading-" + str(sector).encode(), 100)
with open("/deleted.cbor", "wb") as file:  # stays in a free block
    file.write((NOTE + b"password") * 40)
import os  # noqa: E402

os.remove("/deleted.cbor")
print("varde-bench:", json.dumps({"planted": True}))
