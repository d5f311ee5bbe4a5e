"""Options by which a command is told where secrets are; secrets themselves are never options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host.site import passphrases

PassphraseFiles = Annotated[list[Path] | None, typer.Option("--passphrase-file", metavar="FILE")]
PinFile = Annotated[Path | None, typer.Option("--pin-file", metavar="FILE")]


def told(
    passphrase_files: list[Path] | None = None, pin_file: Path | None = None
) -> passphrases.Secrets:
    """Return what opens keys: files that were named, else those of the environment."""
    return passphrases.from_environment(passphrase_files or (), pin_file)
