"""The wire: formats and cryptography shared by hub and host, on CPython and MicroPython."""
