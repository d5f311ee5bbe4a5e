"""Sensors within reach of this machine's own radio: what `varde sensor` is made of.

    address.py    addresses as people and operating systems write them
    heard.py      what an advertisement says
    models.py     the models with rules of their own, and how one is recognised
    table.py      which characteristic means what
    moment.py     a sensor's clock in numbers
    records.py    the record access control point, both ways
    decoder.py    what the values say, segments joined
    wording.py    all of it in words and in JSON

Above are values in, values out. Below is what waits, with bleak:

    radio.py      which radio: the machine's, or another that an entry point offers
    session.py    one connection, with errors that a person can do something about
    inquiry.py, timing.py, transfer.py, pairing.py    what the commands do with it
"""
