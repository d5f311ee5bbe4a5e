"""What a thing is good for."""

GOOD = "good"
FAULTY = "faulty"
SCRAPPED = "scrapped"
LOST = "lost"
STANDINGS = (GOOD, FAULTY, SCRAPPED, LOST)

GONE = (SCRAPPED, LOST)
"""It is in no kit and in no place."""
