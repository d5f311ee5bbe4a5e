"""The ring between the radio's handler and the journal; the light."""

import unittest

from varde_firmware.core import status, value_ring


class Ring(unittest.TestCase):
    def test_what_goes_in_comes_out_in_order(self):
        ring = value_ring.ValueRing(64)
        ring.put(7, (1 << 30) - 1, b"abc")
        ring.put(0xFFFF, 0, memoryview(b""))
        self.assertEqual(ring.take(), (7, (1 << 30) - 1, b"abc"))
        self.assertEqual(ring.take(), (0xFFFF, 0, b""))
        self.assertIsNone(ring.take())

    def test_a_part_of_a_buffer_is_a_value(self):
        ring = value_ring.ValueRing(64)
        self.assertTrue(ring.put_part(7, 9, memoryview(b"abcdef"), 2, 5))
        self.assertEqual(ring.take(), (7, 9, b"cde"))

    def test_items_wrap_at_every_place(self):
        ring = value_ring.ValueRing(37)
        for i in range(200):
            value = bytes([i & 0xFF]) * (i % 23)
            self.assertTrue(ring.put(i, i, value))
            self.assertEqual(ring.take(), (i, i, value))
        self.assertTrue(ring.is_empty)

    def test_what_does_not_fit_is_counted_and_leaves_the_rest_alone(self):
        ring = value_ring.ValueRing(40)
        self.assertTrue(ring.put(1, 1, b"x" * 23))
        self.assertFalse(ring.put(2, 2, b"y"))
        self.assertEqual(ring.dropped, 1)
        self.assertEqual(ring.take(), (1, 1, b"x" * 23))
        self.assertTrue(ring.put(3, 3, b"z" * 31))
        self.assertFalse(ring.put(3, 3, b""))

    def test_a_burst_of_a_full_store_fits(self):
        ring = value_ring.ValueRing()
        for i in range(120):
            self.assertTrue(ring.put(1, i, bytes(20)))


class Light(unittest.TestCase):
    def test_the_most_urgent_fact_shows(self):
        facts = status.Facts()
        self.assertEqual(facts.state(), status.STARTING)
        facts.scanning = True
        self.assertEqual(facts.state(), status.NO_LINK)
        facts.link_up = True
        self.assertEqual(facts.state(), status.OK)
        facts.sessions = 1
        self.assertEqual(facts.state(), status.SENSOR_WORKING)
        facts.has_fault = True
        self.assertEqual(facts.state(), status.FAULT)
        self.assertEqual(facts.rgb(), status.RGB[status.FAULT])

    def test_no_two_states_look_alike(self):
        self.assertEqual(len(set(status.RGB.values())), len(status.RGB))


if __name__ == "__main__":
    unittest.main()
