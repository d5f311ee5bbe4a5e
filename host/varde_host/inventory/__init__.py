"""What a municipality has: kits and what is in them, where they are, and what was done to them.

The inventory knows things and functions, and no patient: a loan has a random number, and who has
the kit is written where the patient's record is. Every change goes through one door (`door`),
which writes it to an append-only log in the same transaction (`audit`).
"""
