"""How long to wait before trying again: doubling, capped, and spread by jitter.

The delay is drawn from the upper half of the doubling step ("equal jitter"): after a power cut in
a whole street the hubs do not all come back in the same second, and yet each delay still grows.
The numbers come from xorshift32 (Marsaglia, 2003, "Xorshift RNGs", triple 13, 17, 5), which is
no secret and need not be: it is seeded by the shell, so a run can be replayed.
"""

_MASK_32 = 0xFFFFFFFF


class Jitter:
    """A small seeded source of numbers for spreading things in time."""

    def __init__(self, seed: int) -> None:
        self._state = (seed & _MASK_32) or 1  # zero is xorshift's one dead state

    def below(self, limit: int) -> int:
        """Return a number in 0 .. limit - 1."""
        x = self._state
        x ^= (x << 13) & _MASK_32
        x ^= x >> 17
        x ^= (x << 5) & _MASK_32
        self._state = x
        return x % limit


class Backoff:
    """Delays of `first_ms`, doubling up to `most_ms`, each cut by up to half at random."""

    def __init__(self, first_ms: int, most_ms: int, jitter: Jitter) -> None:
        self.first_ms = first_ms
        self.most_ms = most_ms
        self._jitter = jitter
        self.tries = 0

    def next_ms(self) -> int:
        """Count one more failure and return the delay before the next try."""
        delay_ms = self.first_ms
        for _ in range(self.tries):
            delay_ms = min(2 * delay_ms, self.most_ms)
            if delay_ms == self.most_ms:
                break
        self.tries += 1
        return delay_ms - self._jitter.below(delay_ms // 2 + 1)

    def reset(self) -> None:
        """Forget the failures."""
        self.tries = 0

    def below(self, limit: int) -> int:
        """Return a number in 0 .. limit - 1, from the same source as the jitter."""
        return self._jitter.below(limit)
