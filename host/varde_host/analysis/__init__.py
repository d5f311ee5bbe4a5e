"""Readings for people who analyse: one row a value, exact, no person. See docs/analysis.md."""
