"""What every test shares: a database, closed sockets, and the rule about services that must be there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, sync_playwright

from dispatchdesk.runtime import environment
from dispatchdesk.runtime.bootstrap import use
from dispatchdesk.runtime.postgres import cluster

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
SERVICE_URLS = ("TEST_POSTGRES_URL", "TEST_REDIS_URL", "TEST_AMQP_URL")


def chromium_path() -> str | None:
    """Where Chromium is, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def _missing(marker: str) -> str:
    """Why tests with this marker can't run here; empty when they can."""
    if marker == "browser":
        return "" if chromium_path() else "Chromium is not installed"
    unset = [name for name in SERVICE_URLS if not os.environ.get(name)]
    return f"{', '.join(unset)} not set" if unset else ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what can't run here, saying why; fail instead where it is required."""
    for marker, requirement in (("services", "REQUIRE_SERVICES"), ("browser", "REQUIRE_BROWSER")):
        if item.get_closest_marker(marker) is None:
            continue
        reason = _missing(marker)
        if reason and os.environ.get(requirement):
            pytest.fail(f"{requirement} is set, but {reason}", pytrace=False)
        if reason:
            pytest.skip(reason)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """Address of a PostgreSQL to test on: ``DATABASE_URL``, else an embedded one for this run."""
    given = environment.text("DATABASE_URL")
    with ExitStack() as stack:
        if not given:
            stack.enter_context(use(cluster(Path(settings.DESK_DATA), is_durable=False)))
        yield os.environ["DATABASE_URL"]
        if not given:
            os.environ.pop("DATABASE_URL")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_url: str, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Point Django at the test database's server before pytest-django makes the test database."""
    settings.DATABASES["default"].update(environment.database(database_url, pool_size=20))


@pytest.fixture(autouse=True)
def no_router_of_earlier_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the trained router that was last looked up, which is gone with an earlier test's rows."""
    from routing.router import live  # noqa: PLC0415 - not before Django is set up

    monkeypatch.setattr(live, "_newest", live._Newest())


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium, for tests marked ``browser``."""
    path = chromium_path()
    assert path is not None, "mark the test with @pytest.mark.browser"
    return path


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium, started once a file."""
    # Playwright keeps an event loop in this thread, which Django takes for a mistake.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        opened = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()
