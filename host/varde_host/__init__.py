"""The toolkit: the `varde` command, the collector that hubs talk to, and the receiver."""
