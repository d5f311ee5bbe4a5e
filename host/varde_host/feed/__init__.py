"""What a receiver asks a collector for, and what it gets: both ends know this and no more.

See docs/receiver-service.md.
"""
