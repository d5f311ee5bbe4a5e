"""A board on a cable: its port, the tools that talk to it, its prompt."""
