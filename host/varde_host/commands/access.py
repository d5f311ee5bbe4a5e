"""`varde access table|check`: the role matrix, and the test that tries everybody at everything."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from varde_host import cli, clock, errors, messages, output
from varde_host.access import matrix, oidc_provider, people, site_rules, trial
from varde_host.commands import options
from varde_host.inventory import who
from varde_host.pages.page import Page
from varde_host.site import files

_YES, _NO = "✔", "·"


def table(json: options.Json = False) -> None:
    """Print which function may do what."""
    rows = matrix.table()
    if json:
        output.as_json(
            {
                "functions": who.FUNCTIONS,
                "actions": [
                    {"action": each, "title": matrix.title(each),
                     "may": [function for function, may in cells.items() if may]}
                    for each, cells in rows
                ],
                "reasons": [
                    {"function": function, "action": action, "because": because}
                    for (function, action), because in matrix.whole().reasons.items()
                ],
            }
        )  # fmt: skip
        return
    output.table(
        ["access.column.action", *(f"function.{each}" for each in who.FUNCTIONS)],
        [[matrix.title(each), *map(_mark, cells.values())] for each, cells in rows],
        whole={0},
    )


def check(site: options.SiteDirectory = options.DEFAULT_SITE, json: options.Json = False) -> None:
    """Try every role at every page and every command, and look at the site's own rules."""
    tried = [
        *asyncio.run(_of_servers()),
        *trial.of_commands([name for name, _ in commands_with_by(cli.COMMANDS)]),
    ]
    found = _of_site(site)
    wrong = [each.what for each in tried if not each.is_right]
    if json:
        output.as_json({**found, "tried": [_as_json(each) for each in tried], "wrong": wrong})
    else:
        _print(tried, found)
    if wrong:
        raise errors.InputRefused("access-differs", ", ".join(wrong[:5]), count=len(wrong))


def servers() -> dict[str, list[Page]]:
    """Return the pages of each server; those of practice are the bench's with some more."""
    from varde_host.commands import bench_page, fleet_page  # noqa: PLC0415 only who tries them

    return {
        "bench": bench_page.all_pages(is_practice=True),
        "fleet": fleet_page.all_pages(),
    }


async def _of_servers() -> list[trial.Tried]:
    found = []
    for name, pages in servers().items():
        found += await trial.of_pages(name, pages)
    return found


def commands_with_by(names: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the commands that ask who gives them, as they are typed, and where each is."""
    for name, what in names.items():
        typed = f"{above} {name}".strip()
        if not isinstance(what, str):
            yield from commands_with_by(what, typed)
        elif "by" in inspect.signature(_function(what)).parameters:
            yield typed, what


def _function(place: str) -> Any:
    module, _, name = place.partition(".")
    return getattr(importlib.import_module(f"varde_host.commands.{module}"), name)


def _of_site(directory: Any) -> dict[str, Any]:
    """Read who gets in at a site, and ask its identity provider; raises what is wrong with it."""
    site = files.load(directory)
    rules, known = site_rules.load(directory), people.load(directory)
    provider = rules.provider
    if provider is not None:
        now_ms = clock.from_environment().utc_ms()
        asyncio.run(oidc_provider.Providers().keys(provider, now_ms, None))
    return {
        "site": site.name,
        "is_local_allowed": rules.is_local_allowed,
        "people": sum(not each.is_disabled for each in known.values()),
        "issuer": None if provider is None else provider.issuer,
        "groups": 0 if provider is None else len(provider.groups),
    }


def _print(tried: Sequence[trial.Tried], found: Mapping[str, Any]) -> None:
    output.table(
        ["access.column.what", "access.column.action", "access.column.nobody",
         *(f"function.{each}" for each in who.FUNCTIONS)],
        [
            [each.what, each.action, *(_mark(each.let_in[whom]) for whom in trial.WHOM)]
            for each in tried
        ],
        whole={0},
    )  # fmt: skip
    output.line(messages.text("access.check.people", people=found["people"], site=found["site"]))
    if found["issuer"]:
        output.line(messages.text("access.check.provider", **found))
    wrong = [each for each in tried if not each.is_right]
    if not wrong:
        count = len(tried) * len(trial.WHOM)
        output.good(messages.text("access.check.right", functions=len(tried), tries=count))


def _as_json(each: trial.Tried) -> dict[str, Any]:
    return {
        "what": each.what,
        "action": each.action,
        "let_in": [whom or "nobody" for whom, may in each.let_in.items() if may],
        "is_right": each.is_right,
    }


def _mark(may: bool) -> str:
    return _YES if may else _NO
