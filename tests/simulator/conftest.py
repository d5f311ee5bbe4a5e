"""What holds for every test here: nothing may go wrong unseen in the world's own process."""

import gc

import pytest

LOUD = ("asyncio", "bumble")


@pytest.fixture(autouse=True)
def _no_complaints(caplog):
    """An error in a callback, a task whose exception nobody retrieved, one destroyed while it was
    pending: asyncio and Bumble only log these. The collector finds the last two."""
    yield
    gc.collect()
    for when in ("setup", "call"):
        complaints = [
            record.getMessage()
            for record in caplog.get_records(when)
            if record.name.split(".")[0] in LOUD and record.levelname in {"ERROR", "CRITICAL"}
        ]
        assert complaints == []
