"""A bench to practise at: a throw-away world in one folder, played by hands that are told."""
