"""Takes modules out of the heap that have done their work.

What a hub needs once, at its start, lies in modules of its own: a tenth of all code. Nothing may
hold on to such a module, neither a name in another module nor an object with methods from it.
"""

import sys

from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import List


def loaded() -> "List[str]":
    """Return the names of all modules of ours, for `since`."""
    return [name for name in sys.modules if name.startswith("varde_")]


def since(before: "List[str]") -> None:
    """Forget the modules that were loaded after these."""
    for name in loaded():
        if name not in before:
            unload(name)


def unload(name: str) -> None:
    """Forget a module, if it was loaded; the next import of it loads it anew."""
    if name in sys.modules:
        package, _, own = name.rpartition(".")
        delattr(sys.modules[package], own)
        del sys.modules[name]
