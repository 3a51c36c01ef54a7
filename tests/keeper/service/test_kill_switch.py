"""A file that stands is a stop, whoever made it; what cannot be looked at is one too."""

from pathlib import Path

from keeper.service.kill_switch import KillSwitch


def test_it_is_engaged_while_the_file_stands(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "STOP")
    assert (switch.engaged(), switch.problem()) == (False, None)
    (tmp_path / "STOP").touch()
    assert switch.engaged()
    assert str(tmp_path / "STOP") in (switch.problem() or "")
    (tmp_path / "STOP").unlink()
    assert not switch.engaged()


def test_engaging_makes_the_folder_and_says_by_whom_and_may_be_done_twice(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "state" / "STOP")
    assert not switch.engaged()
    switch.engage("me")
    switch.engage("me again")
    assert (switch.engaged(), switch.path.read_text()) == (True, "me again\n")
    switch.release()
    switch.release()
    assert not switch.engaged()


def test_it_is_the_files_and_not_the_objects(tmp_path: Path) -> None:
    KillSwitch(tmp_path / "STOP").engage("me")
    assert KillSwitch(tmp_path / "STOP").engaged()


def test_a_place_that_cannot_be_looked_at_counts_as_engaged(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert KillSwitch(tmp_path / "file" / "STOP").engaged()
