"""How a modem misbehaves, by name, each with what can be said about it and the value otherwise."""

from collections.abc import Mapping

# Names of parameters end in their unit. docs/modem.md says what each fault does.
NAMES: Mapping[str, Mapping[str, float]] = {
    "no-sim": {},
    "sim-pin": {},
    "wrong-pin": {},
    "sim-busy": {"busy_s": 90.0},
    "silent": {},
    "hangs": {"after_s": 0.0},
    "registration-denied": {},
    "no-network": {},
    "roams": {},
    "slow-registration": {"register_s": 180.0},
    "ppp-refused": {},
    "ppp-drops": {"after_s": 30.0},
    "ppp-stalls": {"after_s": 0.0},
    "no-time": {},
    "wrong-time": {"by_s": 10_800.0},
    "garbage": {"share": 0.3},
    "echo-comes-back": {},
    "power-key-ignored": {},
    "weak": {},
}


class Faults:
    """Which are in force. Asking is cheap; a fault may begin and end at any time."""

    def __init__(self) -> None:
        self._active: dict[str, dict[str, float]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._active

    def set(self, name: str, **parameters: float) -> None:
        """In force from now on; parameters as in NAMES. Raises ValueError."""
        if name not in NAMES:
            raise ValueError(f"no fault {name!r}; there are: {', '.join(NAMES)}")
        for key in parameters:
            if key not in NAMES[name]:
                raise ValueError(f"fault {name!r} has no {key!r}")
        self._active[name] = {**NAMES[name], **parameters}

    def clear(self, name: str | None = None) -> None:
        """This one, or all."""
        if name is None:
            self._active.clear()
        else:
            self._active.pop(name, None)

    def value(self, name: str, parameter: str) -> float:
        """Of a fault in force, or its value otherwise."""
        return self._active.get(name, NAMES[name])[parameter]
