"""From a target's settings to what sends to it, and in which style."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf import hkdf

from varde_host import errors
from varde_host.fhir import style
from varde_host.handover import (
    adapter_settings,
    file_drop,
    http_senders,
    rendering,
    sending,
    targets,
)
from varde_host.receiver_store import folder as receiver_folder

_FOLDER: Final = "folder"
_CHECKS: Final = "check"
"""The folder of test readings, below that of a target."""
_INFO: Final = b"varde fhir identifiers 1"


def style_of(target: targets.Target, receiver_private: bytes) -> style.Style:
    """Return how a target wants its resources. Raises InputRefused `style-...`."""
    secret = hkdf.HKDF(hashes.SHA256(), style.SECRET_BYTES, salt=None, info=_INFO)
    return style.Style(
        secret=secret.derive(receiver_private),
        target=target.profile,
        bundle=target.bundle,
        base=target.base,
        municipality=target.municipality,
        language=target.language,
        around=target.around,
        verb=target.verb,
    )


def sender(
    target: targets.Target,
    folder: receiver_folder.Folder,
    chosen: style.Style,
    subjects: rendering.Subjects,
    *,
    is_check: bool = False,
) -> sending.Sender:
    """Return what sends to a target, or to its test end; `folder` is the receiver's.

    Raises InputRefused `target-setting`, `target-no-check`, and as the adapter of its kind.
    """
    settings = _checked(target) if is_check else target.adapter
    if target.kind == targets.FILE:
        make = rendering.as_lines if target.form == targets.NDJSON else rendering.as_bundle
        suffix = "ndjson" if target.form == targets.NDJSON else "json"
        out = _folder(target, settings, folder, is_check=is_check)
        return file_drop.FileDrop(out, suffix, make(chosen, subjects))
    if target.kind == targets.CSV:
        out = _folder(target, settings, folder, is_check=is_check)
        return file_drop.FileDrop(out, "csv", rendering.as_table(chosen, subjects))
    place = f"target.{target.name}.check" if is_check else f"target.{target.name}"
    reading = adapter_settings.Settings(place, settings, folder.path)
    if target.kind == targets.REST:
        return http_senders.of_rest(reading, folder.path, folder.settings, chosen, subjects)
    return http_senders.of_webhook(reading, chosen, subjects)


def _checked(target: targets.Target) -> Mapping[str, Any]:
    """Return the settings of the test end. A folder has one of its own below it."""
    if target.check is None and target.kind in (targets.REST, targets.WEBHOOK):
        raise errors.InputRefused("target-no-check", target.name)
    return {**target.adapter, **(target.check or {})}


def _folder(
    target: targets.Target,
    settings: Mapping[str, Any],
    folder: receiver_folder.Folder,
    *,
    is_check: bool,
) -> Path:
    unknown = sorted(set(settings) - {_FOLDER})
    named = settings.get(_FOLDER, f"{receiver_folder.OUT}/{target.name}")
    if unknown or not isinstance(named, str) or not named:
        key = [*unknown, _FOLDER][0]
        raise errors.InputRefused("target-setting", f"target.{target.name}.{key}")
    out = folder.path / named
    return out / _CHECKS if is_check and target.check is None else out
