"""The level on a kit's label: the weakest sensor's, while its verification holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.inventory_bench import DAY_MS, Stockroom, refusal
from varde_host.bench.making import label_level


@pytest.fixture
def stock(tmp_path: Path):
    made = Stockroom(tmp_path / "inventory.sqlite")
    yield made
    made.close()


def level(stock: Stockroom, kit: str, days: int = 0) -> int:
    return stock.see(label_level.of_kit, kit, stock.now_ms + days * DAY_MS)


def test_an_empty_kit_and_one_that_nobody_verified_are_identified(stock: Stockroom):
    kit = stock.kit()
    assert level(stock, kit) == 0
    stock.outfit(kit)
    assert level(stock, kit) == 0


def test_the_weakest_sensor_counts_and_only_while_it_holds(stock: Stockroom):
    kit = stock.kit()
    stock.outfit(kit)
    stock.make_good(kit)
    assert level(stock, kit) == 3
    stock.model("nonin-3230", name="Oximeter", maker="Nonin")
    oximeter = stock.item("nonin-3230", serial="3301")
    stock.put(oximeter, kit)
    assert level(stock, kit) == 0
    stock.verify(oximeter)
    assert level(stock, kit) == 2
    assert level(stock, kit, days=366) == 0


def test_nobody_writes_a_higher_level_than_was_proven():
    assert label_level.checked(None, 2, "K") == 2
    assert label_level.checked(1, 0, "K") == 1  # somebody has seen a reading arrive
    assert label_level.checked(0, 3, "K") == 0
    assert refusal(label_level.checked, 3, 2, "K").code == "label-level-above"
