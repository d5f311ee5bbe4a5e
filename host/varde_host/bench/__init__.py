"""The bench: from a bare board to a kit on the shelf, and back (docs/bench.md)."""
