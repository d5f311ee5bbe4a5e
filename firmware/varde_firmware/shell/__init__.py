"""Tasks of the hub: loops that wait, ask a core, and do what it says."""
