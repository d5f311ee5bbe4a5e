"""The bench's records are in the inventory itself: its log, its backup, and nobody alters one."""

from __future__ import annotations

import shutil

import pytest
import sqlalchemy as sa

from host import signed_bench
from host.desk import Desk
from host.inventory_bench import K2, Stockroom, refusal
from varde_host import errors
from varde_host.bench_record import form, opening
from varde_host.commands import inventory_options
from varde_host.inventory import (
    audit,
    copying,
    items,
    kits,
    migrations,
    models,
    records,
    states,
    store,
)

DATABASES = ["sqlite", "postgresql"]


def test_a_backup_holds_the_evidence_itself(room: Stockroom, tmp_path):
    kit = room.kit()
    room.bring(kit, states.READY)
    copied = tmp_path / "copy.sqlite"
    head = room.see(copying.write, copied)
    backup = store.open_inventory(copied, create=False)
    try:
        assert backup.read(lambda c: copying.prove(c, [head])) == head
        found = backup.read(records.listing)
        assert [each.kind for each in found] == [form.VERIFICATION, form.ACCEPTANCE]
        for each in found:
            signed = opening.opened(each.document, signed_bench.site())
            assert (signed.sha256, signed.content) == (each.sha256, each.content)
        assert found == room.see(records.listing)
    finally:
        backup.close()


def test_a_record_is_in_the_log_word_for_word(room: Stockroom):
    kit = room.kit()
    room.bring(kit, states.CHECKED)
    said = [
        values["document"]
        for line in room.see(lambda c: list(audit.details(audit.lines(c))))
        for table, _, values in line.get("rows", ())
        if table == "bench_records"
    ]
    with room.opened.reading() as connection:
        query = sa.text("SELECT document FROM bench_records ORDER BY at_ms")
        assert list(connection.execute(query).scalars()) == said
    assert len(said) == 2


@pytest.mark.parametrize(
    "deed", ["UPDATE bench_records SET outcome = 'passed'", "DELETE FROM bench_records"]
)
def test_nobody_alters_a_record(room: Stockroom, deed: str):
    kit = room.kit()
    room.bring(kit, states.CHECKED)
    with pytest.raises(errors.WorldFailed), room.opened.writing() as connection:
        connection.exec_driver_sql(deed)
    room.prove()


def test_the_largest_record_that_is_signed_fits_the_log(room: Stockroom):
    kit = room.kit()
    room.bring(kit, states.WIPED)
    facts = {"words": ["x" * 400] * 154}
    body = {
        "kit": kit, "loan": "0" * 16, "items": [], "config": facts, "acceptance": "ab" * 32,
        "coverage": None, "instructed": True,
    }  # fmt: skip
    signed = signed_bench.sign(form.HANDOUT, body, room.now_ms, K2)
    assert 62_000 < len(signed.document) <= 65_536
    room.do(records.put, signed, K2, room.now_ms)
    [found] = room.see(records.of_kit, kit, form.HANDOUT)
    assert found.content["config"] == facts
    room.prove()


def test_an_inventory_from_before_lets_no_kit_out_unsigned(tmp_path):
    """What was checked by a hash and a date alone is to be accepted first."""
    old = store.Inventory(tmp_path / store.FILE)
    with old.writing() as connection:
        migrations.VERSIONS.upgrade(connection, "0001")
        connection.exec_driver_sql(
            "INSERT INTO kits VALUES ('0X6WN2','standard','ready',1,NULL,0,NULL,'2099-12-31')"
        )
    old.close()
    room = Stockroom(tmp_path / store.FILE)
    try:
        handout = {"handout": {"instructed": True}}
        error = refusal(room.move, "0X6WN2", states.HANDED_OUT, handout)
        assert (error.code, error.fields["lack"]) == ("kit-lacks", "lack.no-hub")
        assert [each.code for each in room.lacks("0X6WN2")][-1] == "lack.no-acceptance"
    finally:
        room.close()


# --- as it is typed ------------------------------------------------------------------------------


@pytest.fixture
def desk(terminal, tmp_path, monkeypatch) -> Desk:
    monkeypatch.setenv("VARDE_BY", "lagertekniker:t17")
    site = tmp_path / "site"
    shutil.copytree(signed_bench.site().directory, site)
    return Desk(terminal, site)


def test_a_record_of_another_bench_is_put_in_and_does_what_it_says(desk: Desk, tmp_path):
    kit = desk.kit()
    desk.json("stock", "model", "add", "and-ua651", "sensor", "--name", "U", "--maker", "A")
    item = desk.json("stock", "add", "--model", "and-ua651", "--serial", "A1")["item_id"]
    desk.json("kit", "put", kit, item)
    now_ms = inventory_options.now_ms()
    with store.open_inventory(desk.site / store.FILE).reading() as connection:
        thing = items.find(connection, item)
    what = signed_bench.seen(thing, signed_bench.today(now_ms))
    good = signed_bench.verification(what, now_ms - 1000, K2)
    bad = signed_bench.verification(signed_bench.failing(what), now_ms, K2)
    for name, signed in (("good", good), ("bad", bad)):
        (tmp_path / f"{name}.cose").write_bytes(signed.document)
    [put] = desk.json("stock", "record", tmp_path / "good.cose")
    assert (put["outcome"], put["level"], put["note"]) == ("passed", 3, None)
    codes = lambda: [each["code"] for each in desk.json("kit", "lacks", kit)["lacks"]]  # noqa: E731
    assert codes() == ["lack.no-hub", "lack.no-acceptance"]
    status, out, _ = desk.run("stock", "record", tmp_path / "bad.cose", tmp_path / "good.cose")
    assert status == 0
    assert f"varde stock trace {item}" in out
    assert "lack.failed" in codes()
    (tmp_path / "x.cose").write_bytes(bad.document[:-1] + b"\0")
    assert desk.refused("stock", "record", tmp_path / "x.cose") == "bench-record-signature"
    (tmp_path / "x.cose").write_bytes(b"x" * 70_000)
    assert desk.refused("stock", "record", tmp_path / "x.cose") == "bench-record-malformed"
    assert desk.refused("stock", "record", tmp_path / "none.cose") == "file-read"


def test_what_a_kit_lacks_is_said(desk: Desk):
    kit = desk.kit()
    status, out, _ = desk.run("kit", "lacks", kit)
    assert (status, out.count("\n")) == (0, 4)
    assert "Akseptanseprøven er ikke gjort." in out
    desk.json("kit", "move", kit, "rengjort", "-e", "cleaning.product=x", "-e",
              "cleaning.batch=1", "--by", "lagertekniker:t17")  # fmt: skip
    desk.json("kit", "move", kit, "slettet", "-e", f"wipe.record={'ab' * 32}",
              "--by", "lagertekniker:t17")  # fmt: skip
    assert "Det er ingen hub i kitet." in desk.run("kit", "show", kit)[1]
    desk.accepted(kit)
    assert "Ingenting mangler" in desk.run("kit", "lacks", kit)[1]
    assert desk.json("kit", "show", kit)["lacks"] == []
    with store.open_inventory(desk.site / store.FILE).reading() as connection:
        [hub] = items.listing(connection, kit_id=kit, kind=models.HUB)
        assert kits.find(connection, kit).state == states.WIPED
        assert records.of_item(connection, hub.item_id) == []
