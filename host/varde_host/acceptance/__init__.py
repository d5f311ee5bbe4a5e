"""The acceptance of a kit: the whole of it, through the real cable and collector, once.

`steps` has the table, `outcomes` what each can come to; docs/acceptance.md has the rest.
"""
