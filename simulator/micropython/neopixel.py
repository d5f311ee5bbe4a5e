"""`neopixel`: the board's light, shown by the world."""

import _air


class NeoPixel:
    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self._pixels = [(0,) * bpp] * n
        self._shown = None

    def __len__(self):
        return self.n

    def __setitem__(self, index, colour):
        self._pixels[index] = tuple(colour)

    def __getitem__(self, index):
        return self._pixels[index]

    def fill(self, colour):
        self._pixels = [tuple(colour)] * self.n

    def write(self):
        shown = bytes([part for pixel in self._pixels for part in pixel])
        if shown != self._shown:
            self._shown = shown
            _air.post("board.light", shown)
