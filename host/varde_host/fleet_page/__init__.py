"""The pages of `varde fleet serve`: values of `fleet_view` and `benefit` in HTML, no logic."""
