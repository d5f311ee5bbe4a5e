"""The holder of the key that opens readings: opens, decodes, and derives the time.

Everything that a hub delivered comes out as a row. What cannot be opened or decoded is a row with
its named error and all that is known of it; nothing is dropped and nothing is corrected.
"""
