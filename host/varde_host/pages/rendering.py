"""Values into HTML: jinja2 with everything escaped, and a name that is not there is a bug.

Templates are named by their package: "pages/layout.html", "bench_page/kit.html". Text stands in
`messages` alone; a template asks for it by `t("key", field=...)`.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
from collections.abc import Mapping
from pathlib import Path

import jinja2

from varde_host import messages
from varde_host.pages import static_files

SIGNS: Mapping[str, str] = {
    "good": "✔", "note": "!", "bad": "✖", "none": "·", "working": "▸", "person": "?",
}  # fmt: skip
"""An outcome's sign; its word is `page.outcome.NAME`, its colour the class of the same name."""


def render(template: str, values: Mapping[str, object]) -> str:
    """Return a template filled in, in the language in use."""
    return environment().get_template(template).render(values)


@functools.cache
def environment() -> jinja2.Environment:
    """Return the templates of all packages."""
    top = Path(str(importlib.resources.files("varde_host")))
    folders = {
        package: jinja2.FileSystemLoader(top / package / "templates")
        for package in static_files.PACKAGES
    }
    made = jinja2.Environment(
        loader=jinja2.PrefixLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    files = static_files.of_packages()
    made.globals.update(
        t=messages.text, has_text=messages.has, sign=sign, outcome_word=outcome_word,
        moment=moment, day=day, who=who, static=files.url, has_static=files.has,
    )  # fmt: skip
    return made


def sign(outcome: str) -> str:
    """Return the sign of an outcome of SIGNS."""
    return SIGNS[outcome]


def outcome_word(outcome: str) -> str:
    """Return the word of an outcome of SIGNS."""
    assert outcome in SIGNS, outcome
    return messages.text(f"page.outcome.{outcome}")


def who(function: str) -> str:
    """Return a function of the service as people call it."""
    return messages.text(f"function.{function}")


def moment(utc_ms: int) -> str:
    """Return a moment in this machine's time: day, month, year, hours and minutes."""
    return _local(utc_ms).strftime("%d.%m.%Y %H:%M")


def day(utc_ms: int) -> str:
    """Return the day of a moment in this machine's time."""
    return _local(utc_ms).strftime("%d.%m.%Y")


def _local(utc_ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC).astimezone()
