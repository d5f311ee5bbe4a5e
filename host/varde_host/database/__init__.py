"""How a program of ours keeps what it knows: in a file of SQLite, or at a server of PostgreSQL.

The collector's database and the inventory are opened, migrated and repeated in the same way; what
is kept in them is their own (`Program`).
"""
