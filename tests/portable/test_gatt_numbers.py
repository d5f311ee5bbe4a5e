"""SFLOAT words and scaled counts: exact, both ways, on both interpreters."""

import unittest

from varde_protocols.gatt import float_type, scaled, sfloat

SPECIAL = {0x07FF: "NaN", 0x0800: "NRes", 0x07FE: "+INF", 0x0802: "-INF", 0x0801: "reserved"}
SPECIAL_LONG = {0x7FFFFF: "NaN", 0x800000: "NRes", 0x7FFFFE: "+INF", 0x800002: "-INF",
                0x800001: "reserved"}  # fmt: skip


class TestSfloat(unittest.TestCase):
    def test_special_words_are_names_and_no_numbers(self):
        for word, name in SPECIAL.items():
            self.assertEqual(sfloat.decode(word), name)
            self.assertEqual(sfloat.encode(name), word)

    def test_special_mantissa_with_another_exponent_is_a_number(self):
        self.assertEqual(sfloat.decode(0x17FF), sfloat.Sfloat(2047, 1))
        self.assertEqual(sfloat.decode(0xF800), sfloat.Sfloat(-2048, -1))

    def test_every_word_survives(self):
        for word in range(0x10000):
            value = sfloat.decode(word)
            if sfloat.encode(value) != word:
                self.fail("0x%04X came back as 0x%04X" % (word, sfloat.encode(value)))

    def test_text_keeps_the_digits_that_were_sent(self):
        for mantissa, exponent, text in (
            (1000, -1, "100.0"),
            (0, -2, "0.00"),
            (5, -8, "0.00000005"),
            (-5, -1, "-0.5"),
            (-364, 0, "-364"),
            (2, 2, "2E+2"),
            (1234, -3, "1.234"),
        ):
            value = sfloat.Sfloat(mantissa, exponent)
            self.assertEqual(value.text(), text)
            self.assertEqual(sfloat.Sfloat.parse(text), value)

    def test_equal_size_with_other_digits_is_another_reading(self):
        self.assertNotEqual(sfloat.Sfloat(20, -1), sfloat.Sfloat(2, 0))

    def test_what_fits_no_word_is_refused(self):
        for mantissa, exponent in ((2048, 0), (-2049, 0), (1, 8), (1, -9), (2047, 0), (-2048, 0)):
            with self.assertRaises(ValueError):
                sfloat.Sfloat(mantissa, exponent)
        for value in (2047, 5000, "nan", ""):
            with self.assertRaises(ValueError):
                sfloat.encode(value)
        for value in (None, b"", 1.5):
            with self.assertRaises(TypeError):
                sfloat.encode(value)


class TestFloat(unittest.TestCase):
    def test_special_words_are_names_and_no_numbers(self):
        for word, name in SPECIAL_LONG.items():
            self.assertEqual(float_type.decode(word), name)
            self.assertEqual(float_type.encode(name), word)

    def test_special_mantissa_with_another_exponent_is_a_number(self):
        self.assertEqual(float_type.decode(0x017FFFFF), float_type.Float(8388607, 1))
        self.assertEqual(float_type.decode(0xFF800000), float_type.Float(-8388608, -1))

    def test_words_survive(self):
        for word in (0, 1, 0x7FFFFD, 0x800003, 0xFFFFFF, 0xFF000014, 0x80000001, 0x7F7FFFFF):
            self.assertEqual(float_type.encode(float_type.decode(word)), word)

    def test_text_keeps_the_digits_that_were_sent(self):
        for mantissa, exponent, text in ((370, -1, "37.0"), (36512, -3, "36.512"), (2, 2, "2E+2")):
            value = float_type.Float(mantissa, exponent)
            self.assertEqual(value.text(), text)
            self.assertEqual(float_type.Float.parse(text), value)
        self.assertEqual(len(float_type.Float(1, -128).text()), 130)

    def test_what_fits_no_word_is_refused(self):
        for mantissa, exponent in ((1 << 23, 0), (-(1 << 23) - 1, 0), (1, 128), (1, -129),
                                   (8388607, 0), (-8388608, 0)):  # fmt: skip
            with self.assertRaises(ValueError):
                float_type.Float(mantissa, exponent)
        with self.assertRaises(ValueError):
            float_type.encode("nan")
        for value in (None, b"", 1.5, sfloat.Sfloat(1, 0)):
            with self.assertRaises(TypeError):
                float_type.encode(value)


class TestScaled(unittest.TestCase):
    def test_counts_become_the_shortest_exact_decimal(self):
        for count, step, text in (
            (15992, (5, -3), "79.96"),
            (14000, (5, -3), "70"),
            (1, (5, -3), "0.005"),
            (0, (5, -3), "0"),
            (65534, (5, -3), "327.67"),
            (15432, (1, -2), "154.32"),
            (320, (1, -1), "32"),
        ):
            value = scaled.from_count(count, step)
            self.assertEqual(value.text(), text)
            self.assertEqual(scaled.Scaled.parse(text), value)
            self.assertEqual(scaled.to_count(value, step), count)

    def test_a_value_between_two_steps_is_refused(self):
        for text in ("70.003", "70.0001"):
            with self.assertRaises(ValueError):
                scaled.to_count(scaled.Scaled.parse(text), (5, -3))

    def test_there_is_one_form_of_a_value(self):
        self.assertEqual(scaled.Scaled.parse("7E+1"), scaled.Scaled(70, 0))
        self.assertEqual(scaled.Scaled.parse("70.00"), scaled.Scaled(70, 0))
        for mantissa, exponent in ((700, -1), (7, 1)):
            with self.assertRaises(ValueError):
                scaled.Scaled(mantissa, exponent)


if __name__ == "__main__":
    unittest.main()
