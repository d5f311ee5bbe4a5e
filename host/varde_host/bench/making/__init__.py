"""The steps from a bare board to a hub with its label, a module each, and what they need."""
