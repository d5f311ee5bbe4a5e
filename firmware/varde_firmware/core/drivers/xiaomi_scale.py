"""Xiaomi Mi scales: they say all they have to say in their advertisements.

The radio's matcher keeps those (`core.advertised_values`), and nobody connects. This module is
here so that the model has a name among the drivers; a session with it would end at once.

Source: custom-components/ble_monitor 5690220.
"""

from varde_protocols._compat import TYPE_CHECKING

from .. import sensor_words as words

if TYPE_CHECKING:
    from .. import steps


def procedure(_facts: "steps.Facts") -> "steps.Procedure":
    """Nothing."""
    yield words.Ready()
