"""Scales by the Weight Scale Service 0x181D (WSS 1.0): 0x2A9D, indicated, 15 bytes at most."""

from . import plain

procedure = plain.short_procedure
