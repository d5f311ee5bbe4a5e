"""Limits, weights and gravity against the tables and figures that others have printed."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from varde_host.verification import gravity, measured, procedure, tolerance

SCALES = procedure.shipped()["scale-r76"]
LIMIT = next(check.limit for check in SCALES.checks if check.id == "load-up")
SERVICE = next(check.in_service for check in SCALES.checks if check.id == "load-up")


@pytest.mark.parametrize(
    ("scale_class", "in_e", "limit_in_e"),
    [
        # OIML R 76-1:2006, table 6: the ends of each row, and the first load above.
        ("III", "0", "0.5"), ("III", "500", "0.5"), ("III", "500.1", "1"), ("III", "2000", "1"),
        ("III", "2000.1", "1.5"), ("III", "10000", "1.5"),
        ("IIII", "0", "0.5"), ("IIII", "50", "0.5"), ("IIII", "50.1", "1"), ("IIII", "200", "1"),
        ("IIII", "200.1", "1.5"), ("IIII", "1000", "1.5"),
    ],
)  # fmt: skip
def test_r76_table_6(scale_class: str, in_e: str, limit_in_e: str):
    for e in (D("0.1"), D("0.5"), D("0.005")):
        assert tolerance.scale_mpe(D(in_e) * e, e, scale_class) == D(limit_in_e) * e


@pytest.mark.parametrize(
    ("scale_class", "e", "load", "at_issue", "in_service"),
    [
        ("III", "0.1", "50", "0.05", "0.1"), ("III", "0.1", "200", "0.1", "0.2"),
        ("IIII", "0.5", "25", "0.25", "0.5"), ("IIII", "0.5", "100", "0.5", "1"),
        ("IIII", "0.5", "100.5", "0.75", "1.5"),
    ],
)  # fmt: skip
def test_personal_scales_of_both_classes(scale_class, e, load, at_issue, in_service):
    scale = measured.Device("S", "scale", scale_class=scale_class, e=D(e), d=D(e))
    assert tolerance.mpe(LIMIT, scale, D(load)) == D(at_issue)
    assert tolerance.mpe(SERVICE, scale, D(load)) == D(in_service)


def test_a_scale_without_class_goes_by_its_maker_or_by_our_steps_never_better_than_d():
    unknown = measured.Device("S", "scale", d=D("0.1"))
    assert tolerance.mpe(LIMIT, unknown, D(100)) == D("0.2")
    assert tolerance.mpe(LIMIT, unknown, D("100.1")) == D("0.3")
    coarse = measured.Device("S", "scale", d=D("0.5"))
    assert tolerance.mpe(LIMIT, coarse, D(40)) == D("0.5")
    printed = measured.Device("S", "scale", d=D("0.1"), maker_mpe=D("0.15"))
    assert (
        tolerance.mpe(LIMIT, printed, D(40)) == tolerance.mpe(SERVICE, printed, D(40)) == D("0.15")
    )


def test_what_is_not_known_of_a_scale_gives_no_limit():
    for device in (
        measured.Device("S", "scale", scale_class="III"),
        measured.Device("S", "scale", scale_class="II", e=D("0.1")),
    ):
        assert tolerance.mpe(LIMIT, device, D(10)) is None


@pytest.mark.parametrize(
    ("weights_class", "grams_by_kg"),
    [
        # OIML R 111-1:2004, table 1.
        ("M1", {"20": "1", "10": "0.5", "5": "0.25", "2": "0.1", "1": "0.05", "0.5": "0.025"}),
        ("M2", {"20": "3", "10": "1.6", "5": "0.8", "2": "0.3", "1": "0.16", "0.5": "0.08"}),
        ("M3", {"20": "10", "10": "5", "5": "2.5", "2": "1", "1": "0.5", "0.5": "0.25"}),
    ],
)
def test_r111_table_1(weights_class: str, grams_by_kg: dict[str, str]):
    for nominal, grams in grams_by_kg.items():
        load = D(nominal)
        assert tolerance.weights_mpe(load, (load,), weights_class) == D(grams) / 1000


def test_weights_add_linearly_and_unknown_pieces_as_the_worst():
    pieces = (D(20), D(20), D(20), D(10), D(10))
    assert tolerance.weights_mpe(D(80), pieces, "M2") == D("0.0122")
    assert tolerance.weights_mpe(D(80), (), "M2") == 80 * D("0.00016")
    assert tolerance.weights_mpe(D(80), (D(20),), "M1") == D("0.004")
    assert tolerance.weights_mpe(D(80), pieces, "F9") is None
    # Even M3 is ample for e = 0.1 kg: its 20 kg is off by a tenth of 0.1 kg at most.
    assert tolerance.weights_mpe(D(20), (D(20),), "M3") * 3 <= tolerance.scale_mpe(
        D(20), D("0.1"), "III"
    )


@pytest.mark.parametrize(
    ("latitude", "gravity_there"),
    # NIMA TR 8350.2 (WGS 84): at the equator and, as it prints it, at the pole.
    [("0", "9.7803253359"), ("90", "9.8321849379"), ("-90", "9.8321849379")],
)
def test_normal_gravity_where_it_is_printed(latitude: str, gravity_there: str):
    assert abs(gravity.normal_gravity(D(latitude), D(0)) - D(gravity_there)) <= D("2E-10")


def test_normal_gravity_falls_with_height():
    low, high = (gravity.normal_gravity(D(60), D(height)) for height in (0, 1000))
    assert low - high == D("0.003086")


@pytest.mark.parametrize(
    ("adjusted_at", "height", "used_at", "shift"),
    # What 80 kg shows more: adjusted in one place, used in the other.
    [
        ("22.5", "0", "58.15", "0.24"),  # Shenzhen, Kristiansand
        ("22.5", "0", "69.65", "0.31"),  # Shenzhen, Tromsø
        ("48.3", "0", "59.9", "0.08"),  # southern Germany, Oslo
        ("48.3", "520", "69.65", "0.15"),  # the Swabian Jura, Tromsø
        ("59.9", "0", "70.66", "0.06"),  # Oslo, Hammerfest
    ],
)
def test_what_gravity_does_to_80_kg(adjusted_at: str, height: str, used_at: str, shift: str):
    adjusted = gravity.normal_gravity(D(adjusted_at), D(height))
    used = gravity.normal_gravity(D(used_at), D(0))
    assert gravity.shift(D(80), adjusted, used).quantize(D("0.01")) == D(shift)
