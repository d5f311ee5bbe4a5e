"""`varde verify run`: verify a thing at the bench, one question at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, options, verify_words
from varde_host.inventory import items, store
from varde_host.inventory.who import Who
from varde_host.site import files
from varde_host.verifying import (
    advice,
    beginning,
    dialog,
    finishing,
    gathering,
    line_editor,
    session,
    situation,
    state_file,
    wires,
    wording,
)

STOPPED = 130
"""Exit status of who stopped; all that was answered is kept."""


def run(
    item: Annotated[str, typer.Argument(metavar="ITEM")],
    procedure_id: Annotated[str | None, typer.Option("--procedure", metavar="ID")] = None,
    reference: Annotated[list[str] | None, typer.Option(metavar="ITEM")] = None,
    manometer: Annotated[str | None, typer.Option(metavar="PORT")] = None,
    radio_name: Annotated[
        str | None, typer.Option("--radio", envvar="VARDE_RADIO", metavar="NAME:TEXT")
    ] = None,
    address: Annotated[str | None, typer.Option(metavar="ADDRESS")] = None,
    hub_port: Annotated[str | None, typer.Option("--hub", metavar="PORT")] = None,
    slot: Annotated[int | None, typer.Option(min=0, max=254)] = None,
    place: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    firmware: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    small_weights: Annotated[bool, typer.Option("--small-weights")] = False,
    anew: Annotated[bool, typer.Option("--anew")] = False,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Ask, keep every answer, judge, sign, and put the record into the inventory."""
    acting, _ = inventory_options.acting(by)
    site_files = files.load(site)
    asked = situation.Asked(
        item, procedure_id, tuple(reference or ()), place, firmware, small_weights
    )
    connected = wires.Wires(manometer, radio_name, address, hub_port, slot)
    with inventory_options.opened(site, inventory) as stock:
        thing = stock.read(lambda connection: items.find(connection, item))
        path = state_file.path_of(site, thing.item_id)
        with state_file.held(path, acting.person, inventory_options.now_ms()):
            bench = _Bench(site_files, stock, acting, path, connected, json)
            bench.run(asked, anew=anew)


class _Bench:
    """One verification at this terminal."""

    def __init__(
        self,
        site: files.Site,
        inventory: store.Inventory,
        by: Who,
        path: Path,
        connected: wires.Wires,
        json: bool,
    ) -> None:
        self._site = site
        self._inventory = inventory
        self._by = by
        self._path = path
        self._wires = connected
        self._json = json

    def run(self, asked: situation.Asked, *, anew: bool) -> None:
        begun = beginning.begun(
            self._site, self._inventory, self._path, asked, inventory_options.now_ms(), anew=anew
        )
        work = begun.work
        self._greet(work, begun.goes_on)
        with line_editor.keyboard():
            while self._ask(work) and not self._signed(work):
                pass

    def _keep(self, work: session.Session) -> None:
        state_file.keep(self._path, work.fixed, work.entries)

    def _greet(self, work: session.Session, goes_on: bool) -> None:
        now_ms, language = inventory_options.now_ms(), messages.speaker.language
        device = work.fixed.device
        title = work.used.title.text(language)
        output.progress(messages.text("verify.title", title=title, item=device.item_id))
        output.progress(work.used.about.text(language))
        output.progress(messages.text("verify.keys"))
        if goes_on:
            done = wording.stopped_at(work)
            output.progress(messages.text("verify.goes-on", done=done))
            if work.reopen(now_ms, self._who):
                output.progress(messages.text("verify.point-again"))
        for one in advice.of_past_due(work.past_due(gathering.day(now_ms))):
            output.progress(one.text)

    @property
    def _who(self) -> tuple[str, str]:
        return self._by.function, self._by.person

    def _ask(self, work: session.Session) -> bool:
        """Ask until there is nothing more to ask. Exits where the person stops."""
        with wires.connected(
            self._wires, self._site, work.fixed.device.model or "", inventory_options.now_ms,
            _progress,
        ) as connected:  # fmt: skip
            work.ways = connected.ways
            talk = dialog.Dialog(
                work, connected, line_editor.read, output.progress, lambda: self._keep(work),
                inventory_options.now_ms, self._who,
            )  # fmt: skip
            if talk.run():
                return True
        self._stop(work)
        return False

    def _signed(self, work: session.Session) -> bool:
        """Show what came out, and sign it if the person says so; False after an undo."""
        now_ms = inventory_options.now_ms()
        for line in verify_words.judged(work.used, work.seen(), work.judged()):
            output.progress(line)
        late = work.past_due(work.seen().measured_on)
        if late:
            for one in advice.of_past_due(late):
                output.progress(one.text)
        key = "verify.ask.practised" if late else "verify.ask.sign"
        said = line_editor.read(messages.text(key) + " ")
        if said.what == line_editor.BACK:
            heard = work.undo(said.text or "–", now_ms, self._who)
            if isinstance(heard, session.Refused):
                what = messages.text(f"error.{heard.error.code}.what", **heard.error.fields)
                output.progress(f"  {what}.")
            self._keep(work)
            return False
        if said.what != line_editor.TYPED or said.text.lower() not in session.YES:
            self._stop(work)
        finished = finishing.end(self._site, self._inventory, work, self._path, self._by, now_ms)
        verify_words.tell(finished, work.fixed.device.item_id, json=self._json)
        return True

    def _stop(self, work: session.Session) -> None:
        output.progress(messages.text("verify.stopped", done=wording.stopped_at(work)))
        raise typer.Exit(STOPPED)


def _progress(key: str, fields: dict[str, object]) -> None:
    output.progress("  " + messages.text(f"verify.wait.{key}", **fields))
