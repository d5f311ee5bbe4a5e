"""The way back: drained, wiped, searched, and put on record; or lost."""
