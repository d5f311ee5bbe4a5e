"""Red, yellow and green by limits that the follow-up service sets for one loan. Off by default.

Switched on, the receiver is medical device software, and somebody has to answer for it: that is
what `switch` asks for. Nothing outside the receiver imports this package, and no hub knows a
limit (`commands.patient_limits`). See docs/triage.md.
"""
