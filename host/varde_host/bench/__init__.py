"""The bench: from a bare board to a kit on the shelf, and back (docs/bench.md).

    steps.py       the table of steps
    work.py        what a step is given to work with
    tray.py        one task a board; a board that fails never stops the others
    ledger.py      what is finished, in the inventory's database
    live.py        what people and programs see of it
    cable/         ports, esptool and mpremote as programs, the prompt and how it is opened
    making/        one module a step, from bare to labelled
    taking_back/   the way back: drained, wiped, searched, put on record
    on_hub/        what runs on the hub

A step does, reads back, and only then is finished: its evidence is in the inventory's database
under the chip's id, and it is not done again.
"""
