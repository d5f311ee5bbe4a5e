"""The server that hubs talk to: takes signed records, commits them, and says so, signed.

A request's way: `body` (size and time limits) -> `judgement` (signatures; pure) -> `commit`
(one transaction for all that waits) -> `answer` (signed after the commit). The process keeps no
state of its own: killed at any point, it has lost nothing that a hub was told it may delete.
"""
