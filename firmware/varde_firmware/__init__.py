"""The hub: pure cores that decide, tasks that wait, ports that touch hardware."""
