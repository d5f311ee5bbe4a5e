"""What a thing is good for."""

GOOD = "good"
FAULTY = "faulty"
SCRAPPED = "scrapped"
LOST = "lost"
STANDINGS = (GOOD, FAULTY, SCRAPPED, LOST)

GONE = (SCRAPPED, LOST)
"""It is in no kit and in no place."""

OWNED_BY_USER = "user"
"""Owner of a thing that belongs to whoever has the loan (R22): the municipality verifies none of
these, and each reading says so. All other owners are free text."""
