"""The generated files are what their generators write, and the generators are right."""

from __future__ import annotations

import importlib.util
import pathlib
import types

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRYPTO = ROOT / "protocols" / "varde_protocols" / "crypto"


def generator(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_what_its_generator_writes() -> None:
    text = (CRYPTO / "ed25519_comb.py").read_text()
    assert generator("make_ed25519_comb").render() == text


def test_the_straight_lines_are_what_their_generator_writes() -> None:
    files = generator("make_curve25519_kernels").render()
    assert len(files) == 2
    for name, text in files.items():
        assert (CRYPTO / name).read_text() == text


def test_comb_entries_are_multiples_of_the_base_point() -> None:
    comb = generator("make_ed25519_comb")
    base = (comb.BASE_X, comb.BASE_Y)

    def multiple(scalar: int) -> tuple[int, int]:
        total, power = (0, 1), base
        for bit in range(scalar.bit_length()):
            if scalar >> bit & 1:
                total = comb.add(total, power)
            power = comb.add(power, power)
        return total

    entries = comb.comb_entries()
    spacing = comb.BLOCKS * comb.COLUMNS
    for block, index in ((0, 0), (0, 15), (1, 13), (2, 14), (3, 1), (3, 15)):
        weights = [1 << tooth * spacing + block * comb.COLUMNS for tooth in range(comb.TEETH)]
        signs = [1 if index >> tooth & 1 else -1 for tooth in range(comb.TEETH - 1)] + [1]
        scalar = sum(sign * weight for sign, weight in zip(signs, weights, strict=True))
        assert entries[block * comb.ENTRIES + index] == multiple(scalar)
