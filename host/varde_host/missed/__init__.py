"""Measurements that were expected and did not come, each with its cause, owner and deadline.

    expected   what was to be measured when: windows from plans, over both nights of summer time
    life       one hub's life from its signed records, as far as they are here
    running    when it surely ran, and when it surely did not
    outages    when nobody reached the collector
    classify   what became of one window, and why: pure
    causes     the table of codes: cause, owner, hours
    gathered   all of it from a database: the collector's, without any key, or a receiver's
    telling    what was told before, and what is to be told now: also that it was not so

Nothing here opens a reading. docs/missed.md says what can be known, and what cannot.
"""
