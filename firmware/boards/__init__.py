"""Boards by name: pins as data."""
