"""What holds for the whole repository: short files, one place that assigns states, listed routes and tasks."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from routing.domain.roles import Role

ROOT = Path(settings.BASE_DIR)
MOST_LINES = 400
KINDS = (".py", ".js", ".css", ".html")
# Routes that somebody who is not signed in may open; everything else names its roles or belongs to the API.
OPEN_ROUTES = {
    "login",
    "logout",
    "switch_role",
    "healthz",
    "requests:page",
    "requests:again",
    "requests:new",
    "requests:thanks",
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in (ROOT / line for line in listed.stdout.splitlines()) if path.is_file()]


def test_files_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix in KINDS and "migrations" not in path.parts
        if (lines := len(path.read_text().splitlines())) >= MOST_LINES
    }
    assert long == {}


def test_states_are_assigned_by_transitions_alone() -> None:
    assigns = re.compile(r"\bitem\.state\s*=[^=]|\.state\s*=\s*State\.|update\([^)]*\bstate=")
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix == ".py" and path.parts[len(ROOT.parts)] in {"routing", "reviews", "dispatchdesk"}
        if "migrations" not in path.parts and assigns.search(path.read_text())
    ]
    assert found == ["routing/transitions.py"]


def test_every_task_that_is_nudged_is_registered() -> None:
    nudged = set(
        re.findall(r'\("((?:routing|reviews|dispatchdesk)\.[a-z_]+)"', (ROOT / "routing/nudges.py").read_text())
    )
    current_app.loader.import_default_modules()
    assert nudged
    assert nudged <= set(current_app.tasks)


def test_no_message_waits_in_the_broker_for_its_time() -> None:
    """What is due later is due in a row: a broker may forget, or deliver twice what it holds for long."""
    waits = re.compile(r"\b(countdown|eta)\s*=|\.apply_async\(|\.delay\(")
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix == ".py" and path.parts[len(ROOT.parts)] in {"routing", "reviews", "dispatchdesk"}
        if waits.search(path.read_text())
    ]
    assert found == []


def routes(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, inner)
        else:
            yield f"{space}{pattern.name}", pattern


def test_every_route_names_the_roles_that_may_open_it() -> None:
    unlisted = []
    for name, pattern in routes(get_resolver().url_patterns):
        roles = getattr(pattern.callback, "roles", None)
        if name.startswith(("admin:", "api")) or name in OPEN_ROUTES:
            continue
        if not roles or not roles <= set(Role):
            unlisted.append(name)
    assert unlisted == []


def test_the_tests_that_the_page_on_security_names_are_there() -> None:
    rows = [line for line in (ROOT / "docs/security.md").read_text().splitlines() if "`tests/" in line]
    missing = []
    for row in rows:
        folder = Path()
        for name in re.findall(r"`((?:tests/|test_)[\w/.]+)`", row):
            path = Path(name) if name.startswith("tests/") else folder / name
            folder = path.parent if path.suffix else path
            if not (ROOT / path).exists():
                missing.append(str(path))
    assert rows
    assert missing == []


@pytest.mark.parametrize(
    "page",
    [
        *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/design.md", "docs/deploy.md"),
        *("docs/performance.md", "docs/reliability.md", "docs/security.md"),
    ],
)
def test_links_between_the_documents_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = [target.partition("#")[0] for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text())]
    assert [target for target in targets if target and not (path.parent / target).exists()] == []
