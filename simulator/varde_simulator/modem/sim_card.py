"""The SIM card: what AT+CPIN says of it (3GPP TS 27.007, 8.3, and TS 31.101 for the tries)."""

PIN_TRIES = 3
PUK_TRIES = 10

READY, WANTS_PIN, WANTS_PUK = "READY", "SIM PIN", "SIM PUK"


class SimCard:
    """Outlives the modem's power: the tries left are its own. `pin` None: none is asked for."""

    def __init__(self, pin: str | None = None, puk: str = "12345678") -> None:
        self.pin = pin
        self.puk = puk
        self.pin_tries = PIN_TRIES
        self.puk_tries = PUK_TRIES
        self._is_open = False

    @property
    def state(self) -> str:
        """As +CPIN says it."""
        if self.pin is None:
            return READY
        if self.pin_tries == 0:
            return WANTS_PUK
        return READY if self._is_open else WANTS_PIN

    def power_up(self) -> None:
        """The modem has given it power: it wants its PIN again."""
        self._is_open = False

    def enter(self, code: str) -> bool:
        """The PIN; True: open. Counts the tries."""
        if self.state != WANTS_PIN:
            return self.state == READY
        if code == self.pin:
            self.pin_tries = PIN_TRIES
            self._is_open = True
            return True
        self.pin_tries -= 1
        return False

    def unblock(self, puk: str, new_pin: str) -> bool:
        """The PUK with a new PIN; True: open."""
        if self.puk_tries == 0 or puk != self.puk:
            self.puk_tries = max(0, self.puk_tries - 1)
            return False
        self.pin, self.pin_tries, self.puk_tries = new_pin, PIN_TRIES, PUK_TRIES
        self._is_open = True
        return True
