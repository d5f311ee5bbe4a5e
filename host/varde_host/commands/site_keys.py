"""`varde site release-keys`, `token-key`, `hand-over`: keys that are made for other places."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.commands import options, site_secrets
from varde_host.site import files, hand_over, passphrases, release_keys, replacement, token_uri

Folders = Annotated[tuple[Path, Path, Path] | None, typer.Option("--out", metavar="DIR DIR DIR")]


def release(
    *,
    out: Folders = None,
    public: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    no_site: Annotated[bool, typer.Option("--no-site")] = False,
    again: Annotated[bool, typer.Option("--again")] = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    passphrase_file: site_secrets.PassphraseFiles = None,
    json: options.Json = False,
) -> None:
    """Make three release keys in three places, or take up those of a `release.json`."""
    if (out is None) == (public is None) or (no_site and out is None):
        raise errors.InputRefused("release-what")
    told = site_secrets.told(passphrase_file)
    loaded = None if no_site else files.load(site, told)
    if loaded is not None and not again:
        release_keys.refuse_known(loaded)
    made: list[release_keys.Made] = []
    if out is not None:
        made = release_keys.make(out, told, None if loaded is None else loaded.directory)
        role = release_keys.role_of([key.public for key in made])
    else:
        role = release_keys.read_public(public or Path())
    if loaded is not None:
        release_keys.take_up(loaded, role)
    if json:
        publics = [key.hex() for key in role.publics]
        where = [str(key.file) for key in made]
        output.as_json({"threshold": role.threshold, "public": publics, "files": where})
        return
    for key in made:
        output.line(messages.text("site.release-key", file=key.file))
    if out is not None and len({release_keys.device(folder) for folder in out}) < len(out):
        output.line(messages.text("site.same-disk"))
    text = "site.release-apart" if loaded is None else "site.release-taken-up"
    output.good(messages.text(text, file=release_keys.PUBLIC_FILE))


def make_token_key(
    uri: Annotated[str, typer.Argument(metavar="URI")],
    *,
    pin_file: site_secrets.PinFile = None,
    json: options.Json = False,
) -> None:
    """Let a token make a key that cannot leave it."""
    from varde_host.site import token_signer  # noqa: PLC0415 loads a driver few need

    where = token_uri.parse(uri)
    public = token_signer.make_key(where, site_secrets.told(pin_file=pin_file))
    if json:
        output.as_json({"uri": str(where), "public": public.hex()})
    else:
        output.good(messages.text("site.token-key", uri=where, public=public.hex()))


def replace(
    key: Annotated[str, typer.Argument(metavar="KEY")],
    *,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    token: Annotated[str | None, typer.Option(metavar="URI")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    no_passphrase: Annotated[bool, typer.Option("--no-passphrase")] = False,
    pin_file: site_secrets.PinFile = None,
    json: options.Json = False,
) -> None:
    """Make a new key in the place of one that was lost or has leaked."""
    told = site_secrets.told(passphrase_file, pin_file)
    loaded = files.load(site, told)
    role, _old = replacement.find(loaded, key)
    uri = None if token is None else token_uri.parse(token)
    is_plain = no_passphrase or token is not None or role == replacement.COLLECTOR
    done = replacement.replace(loaded, key, None if is_plain else told.new(role), uri)
    if json:
        new = {"key": done.new.place, "public": done.new.public.hex()}
        output.as_json({"role": role, "old": done.old.public.hex(), **new})
    else:
        output.good(messages.text("site.replaced", old=done.old.place, new=done.new.place))
        output.line(messages.text("site.replaced-next"))


def give(
    key: Annotated[Path, typer.Argument(metavar="KEY")],
    out: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    passphrase_file: site_secrets.PassphraseFiles = None,
    new_passphrase_file: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    json: options.Json = False,
) -> None:
    """Copy a key under its holder's own passphrase."""
    if out.exists():
        raise errors.InputRefused("file-exists", str(out))
    old = site_secrets.told(passphrase_file)
    new = passphrases.Secrets([new_passphrase_file] if new_passphrase_file else [])
    copied = hand_over.copy(key, out, old, new)
    if json:
        output.as_json({"file": str(out), "public": copied.hex()})
    else:
        output.good(messages.text("site.handed-over", old=key, file=out))
