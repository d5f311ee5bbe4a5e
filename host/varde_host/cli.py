"""The `varde` command: puts the commands together and turns errors into one clear line.

Exit status: 0 done; 1 what was given is refused (a frame, a key, a file); 2 the command line is
wrong; 3 the world failed (disk, network, database, another program); 70 a bug of ours. `demo`
passes on the simulator's own.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from varde_host import errors, messages, output
from varde_host.access import command_rules
from varde_protocols.errors import WireError

ALONE = ""
"""What a group of commands does when none of them is named. Its function takes the context, and
does nothing when `ctx.invoked_subcommand` says that one is."""

# Every command, as it is typed: the function below `varde_host.commands` that does it. Only what
# is asked for is loaded, since libraries for databases and pictures take their time.
COMMANDS: Mapping[str, Any] = {
    "demo": "demo.demo",
    "collector": "collector.collector",
    "database": {
        "backup": "backup.back_up",
        "restore": "backup.restore",
        "verify": "backup.verify",
    },
    "site": {
        "init": "site.init",
        "show": "site.show",
        "check": "site_backup.check",
        "backup": "site_backup.back_up",
        "restore": "site_backup.restore",
        "release-keys": "site_keys.release",
        "token-key": "site_keys.make_token_key",
        "hand-over": "site_keys.give",
        "replace": "site_keys.replace",
        "trust": "site_trust.show",
    },
    "hub": {
        "keys": {
            "list": "hub.show_list",
            "enrol": "hub.enrol",
            "revoke": "hub.revoke",
        },
        "assignment": "hub_assignment.assign",
        "refused": "hub.show_refused",
        "events": "hub_events.show_events",
        "report": "hub_report.show_report",
        "misses": "hub_misses.misses",
    },
    "config": {
        "groups": "config_groups.show_list",
        "group": "config_groups.put_in_group",
        "ring": "config_groups.put_in_ring",
        "show": "config_diff.show",
        "set": "config_set.change",
        "drop": "config_set.drop",
        "diff": "config_diff.diff",
        "push": "config_push.push",
        "adopt": "config_push.adopt",
        "status": "config_status.status",
    },
    "readings": "readings.readings",
    "feed": {"add": "feed.add", "list": "feed.show_list", "remove": "feed.remove"},
    "receiver": {
        "init": "receiver_init.init",
        "fetch": "receiver_fetch.fetch",
        "run": "receiver_run.run",
        "status": "receiver_status.status",
        "retry": "receiver_status.retry",
        "check": "receiver_run.check",
        "redecode": "receiver_status.redecode",
        "enter": "receiver_enter.enter",
        "withdraw": "receiver_enter.withdraw",
        "entries": "receiver_enter.entries",
        "loans": "receiver_loans.show_list",
        "pause": "receiver_loans.pause",
        "plan": "receiver_loans.plan",
        "subjects": {"check": "receiver_loans.check_subjects"},
        "misses": "receiver_misses.show",
        "close-miss": "receiver_misses.close",
        "export": "receiver_export.export",
        "triage": {
            "show": "receiver_triage.show",
            "enable": "receiver_triage.enable",
            "disable": "receiver_triage.disable",
            "limits": "receiver_triage.set_limits",
            "colours": "receiver_triage.colours",
        },
    },
    "sensor": {
        "scan": "sensor.scan",
        "pair": "sensor.pair",
        "info": "sensor.info",
        "clock": "sensor.clock",
        "read": "sensor.read",
        "watch": "sensor.watch",
        "clear": "sensor_clear.clear",
    },
    "bench": {
        ALONE: "bench_page.open_page",
        "run": "bench.run",
        "status": "bench.status",
        "ports": "bench.show_ports",
        "return": "bench_return.run",
        "update": "bench_update.run",
        "sensors": "bench_sensors.figures",
        "check": "bench_check.check",
        "entries": "bench_check.show_entries",
        "batch": {
            "new": "bench_batch.new",
            "add": "bench_batch.add",
            "list": "bench_batch.show_list",
            "grid": "bench_batch.grid",
            "next": "bench_batch.next_",
        },
    },
    "kit": {
        "new": "kit.new",
        "list": "kit.show_list",
        "show": "kit.show",
        "lacks": "kit_lacks.show",
        "next": "kit_next.show",
        "fresh": "kit_next.wipe_new",
        "times": "kit_times.show",
        "move": "kit.move",
        "put": "kit.put",
        "take": "kit.take",
        "place": "kit.place",
        "infectious": "kit.infectious",
        "label": "kit_label.draw",
        "lost": "kit_lost.report",
        "support": "kit_support.show",
        "sheets": "kit_sheets.write",
    },
    "stock": {
        "scan": "stock.scan",
        "scanner": "stock.scanner",
        "add": "stock.add",
        "change": "stock.change",
        "mark": "stock.mark",
        "list": "stock.show_list",
        "show": "stock.show",
        "check": "stock_lists.check",
        "record": "stock_record.put",
        "count": "stock_count.count",
        "levels": "stock_lists.levels",
        "minimum": "stock_lists.minimum",
        "due": "stock_lists.due",
        "recall": "stock_lists.recall",
        "trace": "stock_lists.trace",
        "faults": "stock_lists.faults",
        "backup": "stock_backup.back_up",
        "model": {
            "add": "stock_names.add_model",
            "code": "stock_names.add_code",
            "list": "stock_names.list_models",
        },
        "place": {"add": "stock_names.add_place", "list": "stock_names.list_places"},
        "note": {
            "write": "stock_names.write_note",
            "close": "stock_names.close_note",
            "list": "stock_names.list_notes",
        },
    },
    "accept": {
        "run": "accept.run",
        "coverage": "accept_coverage.check",
        "grid": "accept_grid.show",
    },
    "verify": {
        "run": "verify_run.run",
        "list": "verify_records.show_list",
        "show": "verify_records.show",
        "check": "verify_records.check",
        "procedures": {
            "list": "verify_procedures.show_list",
            "show": "verify_procedures.show",
            "approve": "verify_procedures.approve",
            "export": "verify_procedures.export",
            "import": "verify_procedures.import_",
        },
        "history": "verify_history.history",
        "trace": "verify_trace.trace",
        "compare": "verify_compare.compare",
        "export": "verify_export.export",
        "reference": {
            "add": "verify_reference.add",
            "show": "verify_reference.show",
            "list": "verify_reference.show_list",
        },
    },
    "report": {
        "make": "report.make",
        "check": "report.check",
        "redraw": "report.redraw",
        "handout": "report_papers.handout",
        "card": "report_papers.card",
        "device": "report_papers.device",
        "batch": "report_papers.batch",
        "faults": "report_faults.faults",
        "benefit": "report_benefit.benefit",
    },
    "practice": {
        "list": "practice.show_list",
        "certificate": "practice.certify",
        "check": "practice.check",
    },
    "access": {
        "table": "access.table",
        "check": "access.check",
        "person": {
            "add": "access_person.add",
            "list": "access_person.show_list",
            "assign": "access_person.assign",
            "reset": "access_person.reset",
            "disable": "access_person.disable",
        },
    },
    "audit": {"verify": "audit.verify", "head": "audit.show_head", "list": "audit.show_list"},
    "fleet": {
        "plan": "fleet_plan.plan",
        "start": "fleet.start",
        "status": "fleet.status",
        "stop": "fleet.stop",
        "hubs": "fleet_hubs.hubs",
        "faults": "fleet_hubs.faults",
        "serve": "fleet_page.serve",
    },
    "release": {
        "make": "release.make",
        "sign": "release_sign.sign",
        "check": "release_sign.check",
        "show": "release.show",
    },
    "decode": "decode.decode",
    "explain": "explain.explain",
}
# `demo` gives what it does not know to the simulator.
_SETTINGS = {
    "demo": {
        "allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": [],
    },
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    messages.use_asked(given)
    try:
        status = command(_first_word(given))(given, prog_name="varde", standalone_mode=True)
    except SystemExit as leaving:
        status = leaving.code
    except (errors.HostError, WireError) as error:
        output.failure(error, json_wanted="--json" in given)
        return error.exit_code if isinstance(error, errors.HostError) else errors.EXIT_REFUSED
    except Exception:  # noqa: BLE001 the border of the program: anything else is our bug
        traceback.print_exc()
        output.bug(messages.text("bug"), json_wanted="--json" in given)
        return errors.EXIT_BUG
    return status if isinstance(status, int) else 0


def command(wanted: str | None = None) -> Any:
    """Return the whole command, its help texts in the language in use.

    With the `wanted` one of the top names, the others are names with a text only: "" for none.
    """
    app = _typer()
    app.callback()(_root)
    _add(app, COMMANDS, wanted)
    whole = typer.main.get_command(app)
    _put_help_texts(whole, "help")
    return whole


def _typer() -> typer.Typer:
    return typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


def _add(
    app: typer.Typer, names: Mapping[str, Any], wanted: str | None = None, above: str = ""
) -> None:
    for name, what in names.items():
        typed = f"{above} {name}".strip()
        if wanted not in (None, name):
            app.command(name)(_only_named)
        elif isinstance(what, str):
            app.command(name, context_settings=_SETTINGS.get(name))(_loaded(what, typed))
        else:
            inner = _typer()
            _add(inner, {w: place for w, place in what.items() if w != ALONE}, above=typed)
            if ALONE in what:
                inner.callback(invoke_without_command=True)(_loaded(what[ALONE], typed))
            app.add_typer(inner, name=name, no_args_is_help=ALONE not in what)


def _loaded(place: str, typed: str) -> Callable[..., Any]:
    """Return a command's function, held to the role matrix if it asks who gives it."""
    module, _, function = place.partition(".")
    found: Callable[..., Any] = getattr(
        importlib.import_module(f"varde_host.commands.{module}"), function
    )
    return command_rules.held(typed, found)


def _only_named() -> None:
    """Stands for a command that was not asked for."""


def _first_word(arguments: Sequence[str]) -> str:
    """Return the top name that is asked for, "" if none: nothing else stands before it."""
    words = iter(arguments)
    for word in words:
        if word == "--language":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def _root(
    language: Annotated[  # looked up by `messages.use_asked` before parsing
        str | None, typer.Option(envvar=messages.LANGUAGE_VARIABLE, metavar="nb|nn|en")
    ] = None,
) -> None:
    if language is not None and language not in messages.LANGUAGES:
        raise errors.InputRefused("language", language[:20])


def _put_help_texts(part: Any, key: str) -> None:
    """Give a command, its parameters and its sub-commands their texts, found by their names."""
    part.help = messages.text(f"{key}.about")
    for parameter in part.params:
        own, shared = f"{key}.{parameter.name}", f"help.option.{parameter.name}"
        parameter.help = messages.text(own if messages.has(own) else shared)
    for name, inner in getattr(part, "commands", {}).items():
        _put_help_texts(inner, f"{key}.{name}")


if __name__ == "__main__":
    sys.exit(main())
