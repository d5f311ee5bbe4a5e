"""One module per word that the user types. They parse, call, and print; the work is elsewhere.

Help texts stand in `messages`; `cli` finds them by the words of the command and the names of its
parameters (`help.hub.keys.enrol.public_key`, or `help.option.site` for what several share).
"""
