"""Verifying at the bench: one question at a time, every answer on the disk before the next.

    setup      what is fixed when it begins: device, procedure, references, place
    entry      one line of what happened, and what stands of many of them
    plan       from a procedure to questions
    session    the decider: asks, takes answers, doubts, undoes
    gathering  from what stands to what was measured
    state_file the file that survives a power cut
    beginning  begun, or gone on with
    dialog     asks at a terminal; `line_editor` is its keyboard
    runner     asks on a page; `ongoing` knows who has what in hand, `watching` what may be seen
    sources    values that nobody types: manometer, the sensor's own radio; `wires` opens them
    results    what came out, point by point, in words
    finishing  signs, puts into the inventory, tells

The first six are pure but for the file; terminal and page use them alike.
"""
