"""The folder of a run: only what an earlier run made is ever removed."""

import pytest

from varde_simulator import run_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_is_made_with_its_parents(tmp_path):
    run_folder.fresh(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == [run_folder.MARK]


def test_the_folder_of_an_earlier_run_begins_anew(tmp_path):
    run_folder.fresh(tmp_path / "run")
    (tmp_path / "run" / "collector.db").write_text("old")
    run_folder.fresh(tmp_path / "run")
    assert names(tmp_path / "run") == [run_folder.MARK]


def test_a_folder_of_somebody_else_is_refused_and_untouched(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "mine").write_text("keep")
    with pytest.raises(run_folder.RunFolderError, match=r"not from an earlier run.*--out"):
        run_folder.fresh(tmp_path)
    assert (tmp_path / "deep" / "mine").read_text() == "keep"


def test_a_folder_above_an_earlier_run_is_refused_and_untouched(tmp_path):
    run_folder.fresh(tmp_path / "run")
    with pytest.raises(run_folder.RunFolderError):
        run_folder.fresh(tmp_path)
    assert names(tmp_path) == ["run"]


def test_a_link_is_refused_and_what_it_names_untouched(tmp_path):
    run_folder.fresh(tmp_path / "run")
    (tmp_path / "run" / "collector.db").write_text("keep")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with pytest.raises(run_folder.RunFolderError, match="is a link"):
        run_folder.fresh(tmp_path / "link")
    assert "collector.db" in names(tmp_path / "run")


def test_a_file_in_the_way_is_named_and_stays(tmp_path):
    (tmp_path / "file").write_text("keep")
    with pytest.raises(run_folder.RunFolderError, match=r"file: .*; name another"):
        run_folder.fresh(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "keep"


@pytest.mark.parametrize("below", [".", "below"])
def test_a_folder_that_somebody_stands_in_is_refused_and_untouched(tmp_path, monkeypatch, below):
    run_folder.fresh(tmp_path / "run")
    (tmp_path / "run" / "below").mkdir()
    monkeypatch.chdir(tmp_path / "run" / below)
    with pytest.raises(run_folder.RunFolderError, match="you are in it"):
        run_folder.fresh(tmp_path / "run")
    assert names(tmp_path / "run") == [run_folder.MARK, "below"]


def test_somebodys_home_is_refused_and_untouched(tmp_path, monkeypatch):
    run_folder.fresh(tmp_path / "run")
    (tmp_path / "run" / "mine").write_text("keep")
    monkeypatch.setenv("HOME", str(tmp_path / "run"))
    with pytest.raises(run_folder.RunFolderError, match="live in it"):
        run_folder.fresh(tmp_path / "run")
    assert (tmp_path / "run" / "mine").read_text() == "keep"


def test_what_a_link_inside_names_stays(tmp_path):
    run_folder.fresh(tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("keep")
    (tmp_path / "run" / "link").symlink_to(tmp_path / "mine")
    run_folder.fresh(tmp_path / "run")
    assert (tmp_path / "mine" / "file").read_text() == "keep"
