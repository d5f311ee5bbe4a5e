"""A site's own words in TOML, each file optional and in the site's folder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from varde_host import errors


def tables(path: Path, code: str, max_bytes: int) -> dict[str, Any]:
    """Return what the file says, nothing where there is none.

    Raises InputRefused `code` for what is too large or no TOML, and `file-read`.
    """
    if not path.exists():
        return {}
    try:
        data = path.read_bytes()
        if len(data) > max_bytes:
            raise errors.InputRefused(code, str(path), what=f"> {max_bytes} bytes")
        return tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.InputRefused(code, str(path), what=str(error)[:80]) from error
