"""`varde bench update`: an update by cable, for a hub that no network reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import ledger, settings, tray, work, work_folder
from varde_host.bench.making import update
from varde_host.commands import bench, inventory_options, options
from varde_host.inventory import who as inventory_who
from varde_host.release.folder import Folder
from varde_host.site import files
from varde_protocols import documents


def run(
    port: Annotated[str, typer.Argument(metavar="PORT")],
    assignment: Annotated[Path, typer.Option(metavar="FILE")],
    release: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    come_back_s: Annotated[
        float, typer.Option("--come-back", metavar="SECONDS")
    ] = settings.Limits.come_back_s,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Bring one hub its assignment and release; exit status 1 if it does not take them."""
    whose = inventory_who.parse(by)
    folder = None if release is None else Folder(release)
    brought = update.files_of(_read(assignment), folder)
    site_files = files.load(site)
    utc_ms = clock.from_environment().utc_ms
    with (
        work_folder.opened() as scratch,
        inventory_options.opened(site, inventory, create=True) as kept,
        bench.shown(json=json) as view,
    ):
        asked = settings.Settings(
            site=site_files, by=whose, image=Path(), firmware=Path(), folder=scratch, trust=b"",
            limits=settings.Limits(come_back_s=come_back_s),
        )  # fmt: skip
        at_work = work.Bench(asked, view.tell, utc_ms, bench.Questions().ask, inventory=kept)
        written = ledger.Ledger(kept, whose, utc_ms)
        written.again = frozenset({update.NAME})
        at_work.chip_of_hub = written.chip_of_hub
        table = (update.step(brought),)
        boards = tray.Tray(at_work, written, bench.candidates_of([port]), 1, table)
        ended = bench.play(boards)
    is_done = [result.fault for result in ended] == [None]
    if json:
        output.as_json({"on_trial": is_done})
    elif is_done:
        output.good(messages.text("bench-update.on-trial"))
    if not is_done:
        raise SystemExit(errors.EXIT_REFUSED)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(documents.MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
