"""A reference manometer on a serial port: its language, when it stands still, and the port.

`scpi` and `stability` are pure; `instrument` waits. docs/verify-command.md has the whole.
"""
