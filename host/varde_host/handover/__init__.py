"""Hands measurements on to the follow-up service's systems: once each, and amended when need be.

`running` is the loop; `ledger` decides, `outbox` remembers, `delivery` sends, and the senders
(`file_drop`, `csv_drop`, `rest`, `webhook`) know how each kind of target takes what it gets.
"""
