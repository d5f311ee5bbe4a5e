"""The bench: from a bare board to a kit on the shelf, and back (docs/bench.md).

    steps.py       the table of steps
    work.py        what a step is given to work with
    tray.py        one task a board; a board that fails never stops the others
    seeker.py      which port a board is on, also after it came back under another name
    tools.py       esptool and mpremote, as programs
    detect.py, interpreter.py, application.py, ...  one module a step
    on_hub/        what runs on the hub

A step does, reads back, and only then is finished: its evidence is in the inventory's database
under the chip's id, and it is not done again.
"""
