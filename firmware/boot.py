"""Runs first at every start, also before the REPL of a service cable: so it does nothing."""
