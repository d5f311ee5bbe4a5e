"""Practice (R67, R68): exercises in a world made for them alone, judged by what was done in it."""
