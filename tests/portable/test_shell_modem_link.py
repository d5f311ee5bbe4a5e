"""The modem's task: a port that will not serve is a modem that does not answer."""

import unittest

from varde_firmware.core import modem_words
from varde_firmware.shell import modem_link
from varde_protocols import hub_config


class Port:
    """Has no memory left for the line, nor for PPP."""

    def __init__(self, error):
        self.error = error

    def open(self):
        raise self.error

    def start_ppp(self, _user, _password, _by_chap):
        raise self.error


class Store:
    def pin_tried(self):
        return 0


def use(error, verb):
    """Return what comes of it; the line is opened, and a call begun, without waiting."""
    config = hub_config.Modem("internet", "", "", "")
    task = modem_link.ModemLink(config, Port(error), Store(), None, None, None, None)
    try:
        task._use(verb).send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("it waits")


class WithoutMemory(unittest.TestCase):
    def test_a_line_that_does_not_open_is_silent(self):
        for error in (OSError(0x101), MemoryError()):
            self.assertIsNone(use(error, modem_words.OPEN))

    def test_a_call_that_does_not_begin_will_not_be_up(self):
        for error in (OSError(0x101), RuntimeError(), MemoryError()):
            self.assertIsNone(use(error, modem_words.START_PPP))


if __name__ == "__main__":
    unittest.main()
