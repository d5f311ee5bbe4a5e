"""Decisions of the hub: values in, values out; no radio, socket, file, clock or event loop."""
