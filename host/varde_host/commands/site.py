"""`varde site`: make a municipality's keys and certificates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import typer

from varde_host import errors, messages, output
from varde_host.commands import options, site_secrets
from varde_host.site import certificates, creation, files, token_uri

_PLAN = creation.Plan()
_DATE = "%Y-%m-%d"
_FIRST_DAY = certificates.FIRST_DAY.replace(tzinfo=None)
_LAST_DAY = certificates.LAST_DAY.replace(tzinfo=None, hour=0, minute=0, second=0)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    *,
    name: Annotated[str, typer.Option()] = "varde",
    server_name: Annotated[list[str] | None, typer.Option(metavar="NAME")] = None,
    not_before: Annotated[dt.datetime, typer.Option(formats=[_DATE])] = _FIRST_DAY,
    not_after: Annotated[dt.datetime, typer.Option(formats=[_DATE])] = _LAST_DAY,
    passphrase_file: site_secrets.PassphraseFiles = None,
    no_passphrase: Annotated[bool, typer.Option("--no-passphrase")] = False,
    pin_file: site_secrets.PinFile = None,
    token: Annotated[list[str] | None, typer.Option(metavar="ROLE=URI")] = None,
    trust_keys: Annotated[int, typer.Option(metavar="N")] = _PLAN.trust_keys,
    trust_threshold: Annotated[int, typer.Option(metavar="N")] = _PLAN.trust_threshold,
    json: options.Json = False,
) -> None:
    """Create the site and print its public halves."""
    validity = _validity(not_before, not_after)
    if no_passphrase and passphrase_file:
        raise errors.InputRefused("passphrase-both")
    told = site_secrets.told(passphrase_file, pin_file)
    tokens = _tokens(token or [])
    if directory.exists():
        creation.prepare(directory)  # before anybody types a passphrase
    passphrase = None if no_passphrase else told.new(str(directory))
    plan = creation.Plan(passphrase, trust_keys, trust_threshold, tokens)
    names = server_name or ["localhost"]
    created = creation.create(directory, name, names, validity, plan, told)
    if json:
        output.as_json(describe(created))
    else:
        output.line(messages.text("site.created", directory=directory))
        output.line(messages.text("site.receiver-key", file=directory / files.RECEIVER_KEY))
        if no_passphrase:
            output.line(messages.text("site.plain-keys"))


def show(site: options.SiteDirectory = options.DEFAULT_SITE, json: options.Json = False) -> None:
    """Print the public halves of a site."""
    described = describe(files.load(site))
    if json:
        output.as_json(described)
    else:
        output.table(("column.field", "column.value"), rows(described), whole={1})


def _tokens(given: list[str]) -> dict[str, list[token_uri.TokenUri]]:
    """Read `role=pkcs11:...`; raises InputRefused `token-role`, `token-uri`."""
    found: dict[str, list[token_uri.TokenUri]] = {}
    for text in given:
        role, _, uri = text.partition("=")
        if role not in creation.TOKEN_ROLES:
            roles = ", ".join(creation.TOKEN_ROLES)
            raise errors.InputRefused("token-role", "--token", roles=roles)
        found.setdefault(role, []).append(token_uri.parse(uri))
    return found


def describe(site: files.Site) -> dict[str, object]:
    """Return what may be told to anyone about a site."""
    return {
        "directory": str(site.directory),
        "name": site.name,
        "site_id": site.site_id.hex(),
        "server_names": list(site.server_names),
        "collector_public": site.collector_public.hex(),
        "receiver_public": site.receiver_public.hex(),
        "roots": [str(site.directory / file) for file in site.root_files],
        "roles": {
            name: {"threshold": role.threshold, "keys": [key.hex() for key in role.publics]}
            for name, role in site.roles.items()
        },
    }


def rows(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lay out what `describe` says, of a site or a trust: a key a line, for reading aloud.

    A role's name has its threshold and the number of its keys beside it.
    """
    for name, value in described.items():
        if name == "roles":
            for role, held in value.items():
                count = f"{role} {held['threshold']}/{len(held['keys'])}"
                yield from zip_longest([count], held["keys"], fillvalue="")
        else:
            yield name, ", ".join(value) if isinstance(value, list) else str(value)


def _validity(first: dt.datetime, last: dt.datetime) -> certificates.Validity:
    """Take whole days, in UTC, both included."""
    if last < first:
        raise errors.InputRefused("validity", f"{first:{_DATE}} - {last:{_DATE}}")
    end = last.replace(hour=23, minute=59, second=59, tzinfo=dt.UTC)
    return certificates.Validity(first.replace(tzinfo=dt.UTC), end)
