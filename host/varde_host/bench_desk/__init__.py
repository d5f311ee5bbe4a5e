"""The bench desk: what a technician's page shows and starts, and nothing of the web.

`next_step` says what stands next for a kit, `scan` what was scanned, `batch` how far several kits
are, station by station; `jobs` does the work on boards, `questions` asks for it, `cards` shows it.
The command line has a command for each, and calls the same functions.
"""
