"""The story that the walk over the crash points tells can be told to its end, and breaks no promise."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.chaos import counting
from tests.chaos.others import ModelServer, ToolServer
from tests.chaos.scene import STORY_HOLD_SECONDS, make_scene
from tests.chaos.story import ACTS, decide_all


@pytest.fixture
def tools(settings: Settings, tmp_path: Path, transactional_db: None) -> Iterator[ToolServer]:
    tools, model = ToolServer(tmp_path / "calls", 1), ModelServer(1)
    names = [f"127.0.0.1:{server.port}" for server in (tools, model)]
    settings.DESK_ALLOW_HOSTS, settings.ROUTER = names, "model"
    settings.AI_BASE_URL, settings.AI_MODEL = f"http://{names[1]}/v1", "scripted-1"
    make_scene(f"http://{names[0]}", reviewers=2, hold_seconds=STORY_HOLD_SECONDS)
    yield tools
    tools.end()
    model.end()


def test_the_whole_story_can_be_told_and_leaves_nothing_open(tools: ToolServer) -> None:
    for act in ACTS:
        act()
    decide_all(tools.applied)
    assert len([call for call in tools.calls if call.applied]) == 2
    found = [counting.stranded(), counting.unapproved(tools.calls), counting.broken_chains()]
    assert [count.found for count in found] == [[], [], []]
