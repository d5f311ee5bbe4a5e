"""The `varde` command: puts the commands together and turns errors into one clear line.

Exit status: 0 done; 1 what was given is refused (a frame, a key, a file); 2 the command line is
wrong; 3 the world failed (disk, network, database, another program); 70 a bug of ours. `demo`
passes on the simulator's own.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from varde_host import errors, messages, output
from varde_host.commands import (
    backup,
    collector,
    decode,
    demo,
    hub,
    hub_config,
    hub_events,
    hub_report,
    readings,
    sensor,
    site,
)
from varde_protocols.errors import WireError

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    messages.use_asked(given)
    try:
        status = command()(given, prog_name="varde", standalone_mode=True)
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


def command() -> Any:
    """Return the whole command, its help texts in the language in use."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(_root)
    app.command("demo", context_settings=_PASS_ON)(demo.demo)
    app.command("collector")(collector.collector)
    app.add_typer(_database_commands(), name="database")
    app.add_typer(_site_commands(), name="site")
    app.add_typer(_hub_commands(), name="hub")
    app.command("readings")(readings.readings)
    app.add_typer(_sensor_commands(), name="sensor")
    decode.register(app)
    whole = typer.main.get_command(app)
    _put_help_texts(whole, "help")
    return whole


def _database_commands() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("backup")(backup.back_up)
    app.command("restore")(backup.restore)
    app.command("verify")(backup.verify)
    return app


def _site_commands() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("init")(site.init)
    app.command("show")(site.show)
    return app


def _hub_commands() -> typer.Typer:
    keys = typer.Typer(no_args_is_help=True)
    keys.command("list")(hub.show_list)
    keys.command("enrol")(hub.enrol)
    keys.command("revoke")(hub.revoke)
    app = typer.Typer(no_args_is_help=True)
    app.add_typer(keys, name="keys")
    app.command("config")(hub_config.config)
    app.command("refused")(hub.show_refused)
    app.command("events")(hub_events.show_events)
    app.command("report")(hub_report.show_report)
    return app


def _sensor_commands() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("scan")(sensor.scan)
    app.command("pair")(sensor.pair)
    app.command("info")(sensor.info)
    app.command("clock")(sensor.clock)
    app.command("read")(sensor.read)
    app.command("watch")(sensor.watch)
    return app


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
