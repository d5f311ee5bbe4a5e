"""Verification: a sensor is compared with a reference and judged, never adjusted or corrected.

Pure: values in, values out. `procedure` is what to do, `measured` what was seen, `judgement` what
follows from it by `evaluation.evaluate`, and nothing else decides anything. No module here reads a
clock or the inventory; the only files are the procedures that ship with the program.
"""
