"""Models become rows of a hub's config by a table; what is not in it is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.bench.making import recipes
from varde_host.sensor import models
from varde_protocols import hub_config

CUFF = """
[varde-cuff]
service = "1810"
characteristics = ["2A35"]
name = "Varde Cuff"
bond = "passkey"
passkey = "serial-last-six"
pairing = "button"
clock = true
"""


def loaded(folder: Path, text: str) -> dict:
    (folder / recipes.FILE).write_text(text, encoding="utf-8")
    return dict(recipes.load(folder))


def test_every_model_with_rules_of_its_own_has_a_recipe_that_a_hub_may_run():
    assert set(recipes.BUILT_IN) == set(models.MODELS)
    for slot, recipe in enumerate(recipes.BUILT_IN.values(), 1):
        row = recipes.row(recipe, slot, "5150800123")
        assert isinstance(row, hub_config.Sensor)
        assert row.model == recipe.model
        assert (row.name_prefix or "").startswith(models.MODELS[recipe.model].names[0][:2])


def test_a_site_adds_its_own(tmp_path: Path):
    assert recipes.load(tmp_path) is recipes.BUILT_IN
    own = recipes.of(loaded(tmp_path, CUFF), "varde-cuff")
    row = recipes.row(own, 7, "AB-0123456")
    assert (row.slot, row.passkey, row.bond) == (7, 123456, hub_config.BOND_AUTHENTICATED)
    assert (row.name_prefix, row.address, row.model) == ("Varde Cuff", None, "")


@pytest.mark.parametrize("serial", ["", "12345", "123456X", "12345６"])
def test_a_passkey_is_not_made_from_half_a_serial(tmp_path: Path, serial: str):
    own = recipes.of(loaded(tmp_path, CUFF), "varde-cuff")
    with pytest.raises(errors.InputRefused, match="sensor-serial"):
        recipes.row(own, 1, serial)


def test_a_new_model_is_never_taken_for_one_that_is_like_it():
    for word in ("and-ua652", "AND-UA651", "and-ua651 ", ""):
        with pytest.raises(errors.InputRefused, match="sensor-model-new"):
            recipes.of(recipes.BUILT_IN, word)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (('service = "1810"', 'service = "xyz"'), "service"),
        (('service = "1810"\n', ""), "service"),
        (('bond = "passkey"', 'bond = "strong"'), "bond"),
        (('bond = "passkey"\n', ""), "passkey"),
        (("clock = true", 'clock = "yes"'), "clock"),
        (("clock = true", "colour = 1"), "colour"),
        (('name = "Varde Cuff"', 'name = "{secret}"'), "name"),
        (('name = "Varde Cuff"', 'name = "{serial.__class__}"'), "name"),
        (('pairing = "button"', 'pairing = "hope"'), "pairing"),
        (('["2A35"]', "2"), "characteristics"),
        (("[varde-cuff]", "[and-ua651]"), "and-ua651"),
    ],
)
def test_a_table_that_is_wrong_is_named_by_its_field(tmp_path: Path, change, field: str):
    with pytest.raises(errors.InputRefused, match="sensor-models") as refused:
        loaded(tmp_path, CUFF.replace(*change))
    assert refused.value.fields["what"] == field


@given(text=st.text(max_size=200))
def test_any_text_for_a_table_loads_or_is_refused(tmp_path_factory, text: str):
    folder = tmp_path_factory.mktemp("site")
    with contextlib.suppress(errors.InputRefused):
        assert set(loaded(folder, text)) >= set(recipes.BUILT_IN)


def test_names_come_from_the_serial_where_the_model_says_so():
    nonin = recipes.row(recipes.BUILT_IN["nonin-3230"], 1, "502644126")
    assert nonin.name_prefix == "Nonin3230_502644126"
    ring = recipes.row(recipes.BUILT_IN["viatom-o2ring"], 1, "2041500123")
    assert ring.name_prefix == "O2Ring 0123"
    with pytest.raises(errors.InputRefused, match="sensor-serial"):
        recipes.row(recipes.BUILT_IN["nonin-3230"], 1, "")
    address = bytes(7)
    assert recipes.row(recipes.BUILT_IN["nonin-3230"], 1, "", address).address == address


def test_two_that_a_hub_could_mix_up_are_refused():
    one = recipes.row(recipes.BUILT_IN["and-ua651"], 1, "1")
    two = recipes.row(recipes.BUILT_IN["and-ua651"], 2, "2")
    with pytest.raises(errors.InputRefused, match="sensor-alike"):
        recipes.refuse_look_alikes([one, two])
    recipes.refuse_look_alikes([one, recipes.row(recipes.BUILT_IN["and-uc352"], 2, "2")])
