"""The pictures of a report, each from plain values and finished texts.

Every one can be read in black and white: shapes and patterns, never colours. Nothing here decides
or rounds what is decided.
"""
