"""A hub's flash as the bench makes it: where each part lies, and what its file system holds."""
