"""`varde receiver fetch`: bring sealed records from the collector into the receiver's store."""

from __future__ import annotations

from varde_host import messages, output
from varde_host.commands import options, receiver_options
from varde_host.receiver_store import fetching
from varde_host.receiver_store import folder as folders
from varde_host.receiver_store import store as stores


def fetch(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Fetch what is not here yet, and say of how many hubs there is news."""
    loaded = folders.load(folder)
    store = stores.open_store(loaded.database)
    try:
        done = fetching.fetch(loaded, store, database_address, _say)
    finally:
        store.close()
    if json:
        output.as_json({
            "hubs": [hub.hex() for hub in sorted(done.news)],
            "records": done.records,
            "refused": [{"hub": hub.hex(), "seq": seq} for hub, seq in done.refused],
        })  # fmt: skip
        return
    text = messages.text("receiver-feed.fetched", records=done.records, hubs=len(done.news))
    output.good(text)
    if done.refused:
        output.line(messages.text("receiver-feed.refused", records=len(done.refused)))


def _say(records: int) -> None:
    output.progress(messages.text("receiver-feed.fetching", records=records))
