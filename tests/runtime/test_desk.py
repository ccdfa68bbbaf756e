"""One command runs the desk: it starts, recovers, refuses clearly, and leaves nothing behind."""

import itertools
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from django.conf import settings

from tests.runtime.processes import RECOVERY_SECONDS, Desk, environment, free_port, manage, one_line, wait_for

numbers = itertools.count(1)

pytestmark = pytest.mark.timeout(180)


def new_data() -> Path:
    """A data directory that doesn't exist yet, where the embedded database's account can get to it."""
    return Path(settings.DESK_DATA) / f"desk-{next(numbers)}"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A desk shared by the tests that leave it running."""
    running = Desk(new_data())
    running.wait_until_well()
    yield running
    running.end()


@pytest.fixture
def start_desk() -> Iterator[Callable[[Path], Desk]]:
    """Starts desks of the test's own, ended with it."""
    with ExitStack() as stack:

        def start(data: Path) -> Desk:
            started = Desk(data)
            stack.callback(started.end)
            started.wait_until_well()
            return started

        yield start


def test_desk_when_well_tells_its_parts_apart(desk: Desk) -> None:
    health = desk.health()

    assert {name: part["ok"] for name, part in health.items() if name != "ok"} == {
        "database": True,
        "broker": True,
        "worker": True,
        "sweeper": True,
    }


def test_empty_desk_begins_with_an_admin_and_a_triage_queue(desk: Desk) -> None:
    assert desk.process.stdout is not None
    role, username, password = desk.process.stdout.readline().split()
    assert role == "admin"
    with httpx.Client(base_url=f"http://127.0.0.1:{desk.port}", follow_redirects=True) as browser:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/sign-in/").text)
        assert token is not None
        given = {"csrfmiddlewaretoken": token[1], "username": username, "password": password}
        assert "No requests yet" in browser.post("/sign-in/", data=given).text
        assert "Triage" in browser.get("/settings/queues/").text


def test_files_with_secrets_are_for_the_owner_only(desk: Desk) -> None:
    modes = {name: (desk.data / name).stat().st_mode & 0o777 for name in ("runtime.json", "secret.key")}

    assert modes == {"runtime.json": 0o600, "secret.key": 0o600}
    assert (desk.data / "postgres").stat().st_mode & 0o777 == 0o700


def test_database_takes_no_connection_without_the_password(desk: Desk) -> None:
    url = desk.runtime["database_url"]
    credentials = url.partition("://")[2].partition("@")[0]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(credentials, "desk:wrong"))


def test_other_command_uses_the_running_database(desk: Desk) -> None:
    script = "from dispatchdesk.models import Moment; print(sorted(Moment.objects.values_list('name', flat=True)))"
    result = manage("shell", "--no-imports", "-c", script, env=desk.env)

    assert result.stdout == "['set_up', 'sweeper', 'worker']\n"


@pytest.fixture(scope="module")
def program(desk: Desk) -> Iterator[httpx.Client]:
    """Somebody who sends requests in and reads them."""
    token = manage("create_token", "shop", "--role", "operator", env=desk.env).stdout.split()[-1]
    address = f"http://127.0.0.1:{desk.port}/api/v1"
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        yield client


@pytest.mark.parametrize("name", ["postgres", "web", "worker", "sweeper"])
def test_killed_program_is_started_again_and_nothing_taken_in_is_lost(
    desk: Desk, program: httpx.Client, name: str
) -> None:
    desk.wait_until_well()
    pid = desk.runtime["processes"][name]
    body = {"title": "Hello", "text": "World"}
    if name in {"worker", "sweeper"}:  # so that what comes in meanwhile finds nobody
        os.kill(pid, signal.SIGKILL)
    answers = [program.post("/items", json=body, headers={"Idempotency-Key": f"{name}-{n}"}) for n in range(5)]
    assert [answer.status_code for answer in answers] == [201] * 5, [answer.text for answer in answers]
    taken_in = [answer.json()["code"] for answer in answers]

    if name in {"postgres", "web"}:
        os.kill(pid, signal.SIGKILL)

    wait_for(lambda: desk.runtime["processes"][name] != pid, seconds=RECOVERY_SECONDS, what=f"{name} started again")
    desk.wait_until_well()
    assert desk.process.poll() is None

    def states() -> set[str]:
        return {program.get(f"/items/{code}").json()["state"] for code in taken_in}

    wait_for(lambda: states() == {"in_review"}, seconds=RECOVERY_SECONDS, what="what was taken in reaches people")


def test_killed_guard_is_replaced(desk: Desk) -> None:
    def is_guard(process: psutil.Process) -> bool:
        try:
            return "guard.py" in " ".join(process.cmdline())
        except psutil.NoSuchProcess:  # ended meanwhile, or not yet reaped
            return False

    def guards() -> list[psutil.Process]:
        return [process for process in desk.family() if is_guard(process)]

    (first,) = guards()
    first.kill()

    wait_for(lambda: [g for g in guards() if g.pid != first.pid], seconds=10, what="another guard")


def test_second_start_names_the_first(desk: Desk) -> None:
    line = one_line(manage("desk", env=desk.env | {"PORT": str(free_port())}))

    assert f"already runs at http://127.0.0.1:{desk.port} (process {desk.process.pid})" in line


def test_interrupted_desk_leaves_no_process_and_finds_its_data_again(start_desk: Callable[[Path], Desk]) -> None:
    data = new_data()
    first = start_desk(data)
    key = (data / "secret.key").read_text()
    mark = "from dispatchdesk.models import mark; mark('kept')"
    manage("shell", "-c", mark, env=first.env)

    left = first.stop(signal.SIGINT)

    assert left == []
    second = start_desk(data)
    look = "from dispatchdesk.models import Moment; print(Moment.objects.filter(name='kept').count())"
    found = manage("shell", "--no-imports", "-c", look, env=second.env)
    left = second.stop(signal.SIGTERM)
    assert (found.stdout, (data / "secret.key").read_text(), left) == ("1\n", key, [])


def test_killed_desk_takes_its_programs_along_and_starts_again(start_desk: Callable[[Path], Desk]) -> None:
    data = new_data()
    first = start_desk(data)

    left = first.stop(signal.SIGKILL)

    assert left == []
    second = start_desk(data)
    assert second.stop() == []


def test_desk_and_guard_killed_together_leave_a_database_that_the_next_start_takes_over(
    start_desk: Callable[[Path], Desk],
) -> None:
    data = new_data()
    first = start_desk(data)
    family = first.family()
    server = psutil.Process(first.runtime["processes"]["postgres"])
    ours = [process for process in family if "python" in process.name()]

    first.process.send_signal(signal.SIGSTOP)  # or it would start another guard at once
    for process in ours:
        process.kill()
    psutil.wait_procs(ours, timeout=5)
    first.process.wait()

    assert server.is_running()
    second = start_desk(data)
    assert not server.is_running()
    assert second.stop() == []


def test_command_without_a_desk_starts_the_database_and_stops_it() -> None:
    data = new_data()
    script = "from django.db import connection; print(connection.cursor().execute('SELECT 1').fetchone()[0])"
    result = manage("shell", "--no-imports", "-c", script, env=environment(data))

    assert result.stdout == "1\n"
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if str(data) in " ".join(p.info["cmdline"] or [])] == []


def test_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = one_line(manage("desk", env=environment(new_data(), PORT=str(port))))

    assert f"port {port} on 127.0.0.1 can't be used" in line
    assert "choose another with PORT" in line


def test_unreachable_database_is_one_line() -> None:
    url = f"postgresql://desk:hidden@127.0.0.1:{free_port()}/desk"
    line = one_line(manage("desk", env=environment(new_data(), PORT=str(free_port()), DATABASE_URL=url)))

    assert "the database of DATABASE_URL can't be reached" in line
    assert "hidden" not in line


def test_unreachable_database_is_one_line_for_other_commands() -> None:
    url = f"postgresql://desk:hidden@127.0.0.1:{free_port()}/desk"
    line = one_line(manage("migrate", env=environment(new_data(), DATABASE_URL=url)))

    assert "the database of DATABASE_URL can't be reached" in line


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("PORT", "eighty", "no whole number from 1 to 65535"),
        ("DATABASE_URL", "mysql://localhost/desk", "must look like postgresql://"),
        ("BROKER_URL", "sqs://", "must start with amqp://"),
        ("PUBLIC_URL", "desk.example.com", "must look like https://desk.example.com"),
        ("SECRET_KEY", "short", "at least 32"),
        ("SECRET_KEY_FALLBACKS", "short", "at least 32"),
        ("DESK_ALLOW_HOSTS", "localhost", "not host:port"),
        ("AI_BASE_URL", "https://ai.example.com/v1", "set AI_MODEL"),
        ("EMAIL_URL", "mail.example.com", "must look like smtp+tls://"),
        ("EMAIL_USE_TLS", "maybe", "use 1 or 0"),
    ],
)
def test_wrong_setting_is_one_line(name: str, value: str, advice: str) -> None:
    env = environment(new_data(), EMAIL_HOST="mail.example.com") | {name: value}
    line = one_line(manage("desk", env=env))

    assert name in line
    assert advice in line
