"""What differs between the two interpreters, in one place.

`const` is MicroPython's: its compiler folds the *name* `const`, also when it is imported from
here. `TYPE_CHECKING` stands in for `typing.TYPE_CHECKING`, as MicroPython has no `typing`: put
type-only imports under it and quote the names they bring.
"""

import sys

ON_MICROPYTHON: bool = sys.implementation.name == "micropython"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")

if TYPE_CHECKING or not ON_MICROPYTHON:

    def const(value: "_T") -> "_T":
        """Return `value`; MicroPython's compiler puts it in place of the name."""
        return value
else:
    from micropython import const


__all__ = ["ON_MICROPYTHON", "TYPE_CHECKING", "const"]
