"""`varde receiver init`: a folder of its own for whoever opens readings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.commands import options, receiver_options, site_secrets
from varde_host.receiver_store import feed_client, store
from varde_host.receiver_store import folder as folders
from varde_host.site import files


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR")] = receiver_options.DEFAULT_FOLDER,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    key: Annotated[Path | None, typer.Option(envvar="VARDE_RECEIVER_KEY", metavar="FILE")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    json: options.Json = False,
) -> None:
    """Make a receiver's folder from a site's."""
    loaded = files.load(site, site_secrets.told(passphrase_file))
    made = folders.make(folder, loaded, key)
    store.open_store(made.database).close()
    public = (
        feed_client.signing_key(folder / folders.FEED_KEY).public_key().public_bytes_raw().hex()
    )
    if json:
        output.as_json({"folder": str(folder), "site": loaded.site_id.hex(), "feed_key": public})
        return
    output.good(messages.text("receiver-feed.made", folder=folder))
    output.line(messages.text("receiver-feed.next", public=public))
    if key is None:
        output.line(messages.text("receiver-feed.take-away", file=site / "receiver.key"))
