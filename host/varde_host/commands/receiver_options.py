"""Options that the commands of a receiver share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

Folder = Annotated[Path, typer.Option("--receiver", envvar="VARDE_RECEIVER", metavar="DIR")]
DEFAULT_FOLDER: Final = Path("receiver")
