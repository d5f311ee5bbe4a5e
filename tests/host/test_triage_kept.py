"""The log of triage: what was done stands in its order, and no limit in clear."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from host import triage_cases as cases
from varde_host import errors
from varde_host.handover import sealed
from varde_host.inventory import who
from varde_host.receiver_store import schema, store
from varde_host.triage import in_force, kept

BY = who.Who(who.FOLLOW_UP, "s12")
SEALER = sealed.Sealer(bytes(range(32)))
OTHER = sealed.Sealer(bytes(32))


@pytest.fixture
def opened(tmp_path: Path):
    found = store.open_store(tmp_path / "receiver.sqlite")
    yield found
    found.close()


def filled(opened: store.Store) -> None:
    with opened.writing() as connection:
        kept.switch(connection, SEALER, in_force.ENABLED, "I know", BY, 1000)
        kept.set_limits(connection, SEALER, cases.LOAN, cases.SPO2, BY, 2000)
        kept.set_limits(connection, SEALER, cases.LOAN, "", BY, 1500)  # the clock was set back
        kept.set_limits(connection, SEALER, cases.OTHER_LOAN, cases.SPO2, BY, 3000)


def test_what_was_done_is_read_back_in_its_order(opened: store.Store):
    filled(opened)
    with opened.reading() as connection:
        log = kept.log(connection, SEALER)
        text = kept.limits_text(connection, SEALER, cases.OTHER_LOAN)
        nothing = kept.limits_text(connection, SEALER, "9" * 16)
    assert log.is_on
    assert [deed.at_ms for deed in log._log] == [1000, 2000, 2000, 3000]
    assert (log.newest_switch.function, log.newest_switch.person) == (who.FOLLOW_UP, "s12")
    assert list(log.newest()) == [cases.OTHER_LOAN]
    assert (text, nothing) == (cases.SPO2, "")


def test_in_the_database_no_limit_and_no_sentence_is_in_clear(opened: store.Store, tmp_path: Path):
    filled(opened)
    opened.close()
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert cases.LOAN.encode() in found
    for secret in (b"spo2", b"green", b"I know"):
        assert secret not in found


def test_another_key_and_a_moved_row_open_nothing(opened: store.Store):
    filled(opened)
    table = schema.triage_log
    with opened.reading() as connection, pytest.raises(errors.InputRefused) as refused:
        kept.log(connection, OTHER)
    assert refused.value.code == "outbox-sealed"
    with opened.writing() as connection:
        mine = table.c.loan == cases.OTHER_LOAN
        connection.execute(sa.update(table).where(mine).values(loan="1" * 16))
    with opened.reading() as connection, pytest.raises(errors.InputRefused):
        kept.log(connection, SEALER)


def test_what_is_refused_is_not_written(opened: store.Store):
    with pytest.raises(errors.InputRefused), opened.writing() as connection:
        kept.set_limits(connection, SEALER, cases.LOAN, "[spo2", BY, 1)
    with opened.reading() as connection:
        assert not kept.log(connection, SEALER).newest()
