"""The report: whatever keeps it from being written does not keep readings from going out."""

import unittest

from varde_firmware.shell import uplink_task
from varde_protocols.errors import WireError


class World:
    """A hub whose hardware does not say how it is; it is every part that a report asks."""

    def __init__(self, error):
        self.error = error
        self.asked = 0
        self.free_bytes = 1 << 20
        self.link = self.board = self.number = 0
        self.journal = self.store = self.meter = self.budget = self

    def now_ms(self):
        return 1_000

    def is_thrifty(self, _link):
        return False

    def damage_told(self):
        return 0

    def facts(self, _board):
        self.asked += 1
        raise self.error


class Writing(unittest.TestCase):
    def test_what_cannot_be_asked_leaves_the_report_out_and_ends_nothing(self):
        wrong = WireError("fact", "is too long", "leave it out")
        for error in (OSError(0x107), ValueError("pin"), MemoryError(), wrong):
            world = World(error)
            task = uplink_task.UplinkTask(
                world, world, world, world, world, world, uplink_inbox(), world
            )
            task.report_of = (world, (12, "generic", 1)) + (world,) * 5
            task.report()
            self.assertEqual(world.asked, 1)


def uplink_inbox():
    class Inbox:
        def wake(self):
            pass

    return Inbox()


if __name__ == "__main__":
    unittest.main()
