"""The world that the tests of doors attack."""

import pytest

from tests.doors.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    """A fresh world; what a test changes in between, it takes back by ``undone``."""
    return make_world()
