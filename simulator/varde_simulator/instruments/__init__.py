"""Reference instruments of a bench: a manometer, and what it is screwed to."""
