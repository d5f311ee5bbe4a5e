"""How the inventory's keys are said to people, in the language in use."""

from __future__ import annotations

import datetime as dt

from varde_host import errors, messages
from varde_host.inventory import states


def moment(utc_ms: int) -> str:
    """Return a time to the minute, in UTC."""
    return f"{dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC):%Y-%m-%d %H:%M}Z"


def day(utc_ms: int) -> str:
    """Return the date in UTC."""
    return dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC).date().isoformat()


def function(key: str) -> str:
    """Return the name of a function of the service (`who.FUNCTIONS`)."""
    return messages.text(f"function.{key}")


def state(key: str) -> str:
    """Return a state's name."""
    return messages.text(f"kit-state.{key}")


def state_key(said: str) -> str:
    """Return the key of a state that was typed, as a key or as its name in any language.

    "karantene" is as good as "i karantene". Raises InputRefused `state-unknown`.
    """
    given = _without_in(said)
    for key in states.STATES:
        names = {messages.catalogue(each)[f"kit-state.{key}"] for each in messages.LANGUAGES}
        if given in {key, _without_in(key), *map(_without_in, names)}:
            return key
    known = ", ".join(state(key) for key in states.STATES)
    raise errors.InputRefused("state-unknown", said[:30], known=known)


def _without_in(said: str) -> str:
    words = said.strip().casefold().replace(" ", "-")
    return words.removeprefix("i-").removeprefix("in-")
