"""Every commit and every outgoing call of an action has crash points, and there is a way to get to each."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.points import BARE_COMMITS, LEAVING, calls, points
from tests.runtime.processes import ROOT

IN_CALLING = "routing/actions/calling.py"


def test_actions_commit_by_named_transactions_alone() -> None:
    assert [call.place for call in calls() if call.name in BARE_COMMITS] == []


def test_calls_that_leave_the_process_have_names() -> None:
    bare = [call for call in calls() if call.name in LEAVING and "outgoing" not in call.within]
    assert [call.place for call in bare if not call.place.startswith(IN_CALLING)] == []
    assert len([call for call in bare if call.place.startswith(IN_CALLING)]) >= 3


def test_each_point_has_a_name_of_its_own() -> None:
    found = points()
    assert sorted(set(found)) == found
    assert {"judging.judge.committed", "running.tool.called", "transitions.claim_due.committing"} <= set(found)


@pytest.mark.parametrize("armed", [True, False])
def test_a_process_dies_at_an_armed_point_once(tmp_path: Path, *, armed: bool) -> None:
    if armed:
        (tmp_path / "some.calling").touch()
    program = "from routing.crash_points import outgoing\nwith outgoing('some'): pass\nprint('went on')"
    env = {"PATH": os.environ["PATH"], "DESK_CRASH_POINTS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == ((-signal.SIGKILL, b"") if armed else (0, b"went on\n"))
    assert list(tmp_path.iterdir()) == []
