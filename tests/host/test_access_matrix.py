"""Who may do what: the table is whole, the commands and the life of a kit are held to it."""

from __future__ import annotations

import asyncio
import copy
import inspect
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.login_place import hello
from varde_host import cli, errors
from varde_host.access import command_rules, matrix, trial
from varde_host.commands import access
from varde_host.inventory import states, who
from varde_host.pages.page import PUBLIC, Page

FILE = Path(matrix.__file__).with_name("matrix.toml")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "access.md"
WITH_BY = dict(access.commands_with_by(cli.COMMANDS))


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_not_in_the_table_is_refused(function: str, action: str):
    is_known = function in who.FUNCTIONS and action in matrix.actions()
    assert is_known or not matrix.may(function, action)


def test_the_auditor_changes_nothing_and_each_action_is_somebodys():
    whole = matrix.whole()
    assert {whole.actions[each] for each in whole.may[who.AUDITOR]} == {matrix.SEES}
    assert all(matrix.functions_that_may(each) for each in matrix.actions())


def _auditor_changes(data: dict[str, Any]) -> None:
    data["roles"]["revisor"]["may"].append("kit.move")


def _unknown_role(data: dict[str, Any]) -> None:
    data["roles"]["sjef"] = {"may": ["kit.see"]}


def _unknown_action(data: dict[str, Any]) -> None:
    data["roles"]["it-drift"]["may"].append("kit.eat")


def _nobodys_action(data: dict[str, Any]) -> None:
    data["actions"]["kit.eat"] = "changes"


def _neither(data: dict[str, Any]) -> None:
    data["actions"]["kit.see"] = "looks"


def _idle_reason(data: dict[str, Any]) -> None:
    data["reasons"].append({"role": "revisor", "action": "kit.new", "because": "x"})


@pytest.mark.parametrize(
    "spoil",
    [_auditor_changes, _unknown_role, _unknown_action, _nobodys_action, _neither, _idle_reason],
)
def test_a_wrong_table_is_no_table(spoil: Callable[[dict[str, Any]], None]):
    data = copy.deepcopy(tomllib.loads(FILE.read_text(encoding="utf-8")))
    matrix.read(data)
    spoil(data)
    with pytest.raises(ValueError, match=r"."):
        matrix.read(data)


def test_each_command_that_asks_who_has_an_action_and_no_other():
    assert set(WITH_BY) == set(command_rules.rules())
    for name in WITH_BY:
        assert command_rules.possible(name) <= set(matrix.actions()), name
    assert command_rules.possible("kit eat") == frozenset()


def test_the_life_of_a_kit_and_the_table_say_the_same():
    for target in states.STATES:
        action = command_rules.action("kit move", {"state": target})
        movers = {
            each for move in states.MOVES if move.target == target for each in move.functions
        }
        assert movers <= set(matrix.functions_that_may(action)), target
    narrow = {"handed-out", "in-use", "returned", "scrapped"}
    for target in narrow:  # where an action is this move's own, nobody has it for nothing
        action = command_rules.action("kit move", {"state": target})
        movers = {
            each for move in states.MOVES if move.target == target for each in move.functions
        }
        assert movers == set(matrix.functions_that_may(action)), target


@pytest.mark.parametrize("name", sorted(WITH_BY))
@pytest.mark.parametrize("function", who.FUNCTIONS)
def test_a_command_refuses_whom_the_table_refuses(name: str, function: str):
    called = []

    def command(**_given: Any) -> None:
        called.append(1)

    real = cli._loaded(WITH_BY[name], "")  # without its name it has no action: nobody may
    command.__signature__ = inspect.signature(real)  # type: ignore[attr-defined]
    held = command_rules.held(name, command)
    for tried in trial.of_commands([name]):
        said = dict.fromkeys(inspect.signature(real).parameters) | _argument(tried.what, name)
        called.clear()
        code = _code(held, said | {"by": f"{function}:t1"})
        assert (bool(called), code == "til-01") == (
            matrix.may(function, tried.action), not matrix.may(function, tried.action)
        ), tried.what  # fmt: skip
    with pytest.raises(errors.InputRefused):
        real(**dict.fromkeys(inspect.signature(real).parameters) | {"by": f"{function}:t1"})


def _code(command: Callable[..., Any], said: dict[str, Any]) -> str:
    try:
        command(**said)
    except errors.InputRefused as error:
        return error.code
    return ""


def _argument(what: str, name: str) -> dict[str, str]:
    rule = command_rules.rules()[name]
    return {} if isinstance(rule, str) else {rule["argument"]: what.rsplit(maxsplit=1)[-1]}


def test_an_environments_function_is_held_to_it_as_well(monkeypatch):
    monkeypatch.setenv(who.BY_VARIABLE, "revisor:r1")
    with pytest.raises(errors.InputRefused) as caught:
        command_rules.require("kit new", {"by": None})
    assert caught.value.code == "til-01"


def test_everybody_at_everything(capsys):
    """R05: the table of who is let in, by trying. Run with -s to see it."""
    tried = trial.of_commands(sorted(WITH_BY))
    for server, pages in access.servers().items():
        tried += asyncio.run(trial.of_pages(server, pages))
    with capsys.disabled():
        print(f"\n{len(tried)} pages and commands, {len(tried) * len(trial.WHOM)} tries")
    for each in tried:
        marks = "".join("x" if may else "." for may in each.let_in.values())
        print(f"{each.what:44} {each.action:18} {marks}")
    assert [each.what for each in tried if not each.is_right] == []
    changing = [each for each in tried if matrix.whole().actions.get(each.action) == "changes"]
    assert not any(each.let_in[who.AUDITOR] or each.let_in[trial.NOBODY] for each in changing)
    assert [each.what for each in tried if each.action != PUBLIC and each.let_in[""]] == []


def test_a_page_with_a_misspelt_action_is_found():
    wrong = Page("GET", "/wrong", "kit.sea", hello)
    with pytest.raises(AssertionError, match=r"kit\.sea"):
        asyncio.run(trial.of_pages("bench", [wrong]))


def test_the_document_has_the_table():
    lines = [" | ".join(["action", "", *who.FUNCTIONS]), ""]
    for action, cells in matrix.table():
        marks = ["✔" if may else "" for may in cells.values()]
        lines.append(f"| `{action}` | {matrix.whole().actions[action]} | {' | '.join(marks)} |")
    text = re.sub(r"[ \t]+", " ", DOCUMENT.read_text(encoding="utf-8"))
    for line in lines[2:]:
        assert re.sub(r"[ \t]+", " ", line) in text, line
    for (function, action), because in matrix.whole().reasons.items():
        assert f"| {function} | `{action}` | {because} |" in text
