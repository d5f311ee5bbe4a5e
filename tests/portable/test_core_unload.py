"""A module that has done its work leaves, and comes back when it is asked for."""

import sys
import unittest

from varde_firmware import core
from varde_firmware.core import unload

NAME = "varde_firmware.core.status"


class UnloadTest(unittest.TestCase):
    def test_it_is_gone_and_can_be_loaded_again(self):
        __import__(NAME)
        first = sys.modules[NAME]
        unload.unload(NAME)
        self.assertFalse(NAME in sys.modules)
        self.assertFalse(hasattr(core, "status"))
        __import__(NAME)
        self.assertFalse(sys.modules[NAME] is first)
        self.assertTrue(core.status is sys.modules[NAME])

    def test_one_that_is_not_there_is_no_matter(self):
        unload.unload("varde_firmware.core.nothing")
        self.assertFalse("varde_firmware.core.nothing" in sys.modules)

    def test_what_came_since_goes_and_what_was_there_stays(self):
        unload.unload(NAME)
        before = unload.loaded()
        self.assertTrue("varde_firmware.core.unload" in before)
        self.assertFalse("sys" in before or NAME in before)
        __import__(NAME)
        unload.since(before)
        self.assertEqual(sorted(unload.loaded()), sorted(before))


if __name__ == "__main__":
    unittest.main()
