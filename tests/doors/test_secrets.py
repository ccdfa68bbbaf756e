"""Planted secrets turn up nowhere but where they are kept: not in pages, answers, rows, messages or logs."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as live
from django.core import mail
from django.db import connection
from pytest_django import Settings

from dispatchdesk.accounts.models import User
from dispatchdesk.practice.accounts import FILE_NAME, ensure_accounts, lines
from routing.actions import configuring
from routing.domain.roles import DESK, Role
from routing.models import DestinationVersion
from routing.outgoing.encryption import decrypt, encrypt
from tests.doors.route_table import PAGES, filled
from tests.doors.test_routes import values_for
from tests.doors.world import World
from tests.outgoing.scripted_server import json_reply, scripted_server
from tests.reviews.conftest import ALWAYS, Bench, approve_write, bench, model, tools

__all__ = ["bench", "model", "tools"]

CREDENTIAL = "canary-credential-7f3a"
PASSWORD = "canary-password-91bc"
API_KEY = "canary-model-key-55d0"


class Written(logging.Handler):
    """Everything that is logged, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[Written]:
    root, handler = logging.getLogger(), Written()
    levels = {name: logging.getLogger(name).level for name in ("", "routing", "reviews", "dispatchdesk", "django")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def every_row() -> dict[str, str]:
    """The text of every table of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{name}\" t")  # noqa: S608
            found[name] = cursor.fetchone()[0]
    return found


def tables_with(*secrets: str) -> set[str]:
    """The tables that hold one of these, as text or as bytes, which PostgreSQL writes in hexadecimal."""
    spellings = [spelling for secret in secrets for spelling in (secret, secret.encode().hex())]
    return {name for name, text in every_row().items() if any(spelling in text for spelling in spellings)}


def save_with_secret(bench: Bench, url: str) -> None:
    secret = configuring.save_credential(actor=DESK, name="crm", header="X-Key", url=url, secret=CREDENTIAL)
    config = {"via": "http", "method": "POST", "effect": "write", "url": f"{url}/refunds", "credential": secret.pk}
    configuring.save_destination(
        actor=DESK, slug="refund", name="Refund", kind="tool", config={**config, "body": {"a": 1}}
    )


def test_a_credential_reaches_its_tool_and_nothing_else(bench: Bench, log: Written, settings: Settings) -> None:
    settings.AI_API_KEY = API_KEY
    with scripted_server([json_reply({"ok": True}), json_reply({"error": "no"}, status=500)]) as server:
        settings.DESK_ALLOW_HOSTS = [*settings.DESK_ALLOW_HOSTS, server.name]
        save_with_secret(bench, server.url)
        bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")})
        for _ in range(2):
            bench.let_it_leave(bench.decide_as(bench.item(), "approve"))
    assert [sent.headers["x-key"] for sent in server.received] == [CREDENTIAL] * 2
    assert tables_with(CREDENTIAL, API_KEY) == set()
    assert [line for line in log.lines if CREDENTIAL in line or API_KEY in line] == []


def test_no_page_shows_a_secret(world: World, log: Written, settings: Settings) -> None:
    settings.AI_API_KEY = API_KEY
    client = world.client("admin")
    form = {
        "name": "Look", "method": "GET", "url": "https://example.org/x", "timeout_seconds": "5", "effect": "read",
        "credential_header": "X-Key", "credential_secret": CREDENTIAL, "seen_version": "1",
    }  # fmt: skip
    assert client.post("/settings/destinations/look/edit/", form).status_code == 302
    refused = client.post("/settings/destinations/look/edit/", {**form, "timeout_seconds": "x"})
    client.post("/sign-in/", {"username": "olga", "password": PASSWORD})
    client = world.client("admin")
    secrets = (CREDENTIAL, API_KEY, PASSWORD, *world.tokens.values())
    assert [secret for secret in secrets if secret in refused.content.decode()] == []
    for route, row in PAGES.items():
        if row.get and "file" not in route:
            values = {**values_for(world, row, route), **({"slug": "look"} if "destinations" in route else {})}
            page = client.get(filled(route, values)).content.decode()
            assert [secret for secret in secrets if secret in page] == [], route
    assert tables_with(*secrets) == set()
    assert [line for line in log.lines for secret in secrets if secret in line] == []
    api = world.program("admin")
    for path in ("openapi.json", "items", "reviews", "queues", f"items/{world.items['refund'].code}/decisions"):
        assert [secret for secret in secrets if secret in api.get(f"/api/v1/{path}").content.decode()] == [], path


def test_a_wrong_token_or_password_is_not_logged(world: World, log: Written) -> None:
    world.client("anonymous").get("/api/v1/items", headers={"Authorization": f"Bearer {PASSWORD}"})
    world.client("anonymous").post("/sign-in/", {"username": "olga", "password": PASSWORD})
    world.client("anonymous").get(f"/r/{world.link('asked')}/x")
    assert log.lines
    assert [line for line in log.lines if PASSWORD in line] == []


def test_what_is_encrypted_for_one_thing_is_no_secret_of_another() -> None:
    kept = encrypt(CREDENTIAL, "one")
    assert (decrypt(kept, "one"), decrypt(kept, "another")) == (CREDENTIAL, None)


def test_changing_a_tool_s_host_forgets_its_credential(world: World) -> None:
    client = world.client("admin")
    form = {"name": "Look", "method": "GET", "timeout_seconds": "5", "effect": "read", "credential_header": "X-Key"}
    kept = {"url": "https://example.org/x", "credential_secret": CREDENTIAL, "seen_version": "1"}
    client.post("/settings/destinations/look/edit/", {**form, **kept})
    for number, url in enumerate(("https://example.org/other", "https://example.org:8443/x"), start=2):
        client.post("/settings/destinations/look/edit/", {**form, "url": url, "seen_version": str(number)})
    found = DestinationVersion.objects.filter(destination__slug="look").order_by("number")
    assert [bool(version.config.get("credential")) for version in found] == [False, True, True, False]


def test_practice_passwords_are_in_their_file_alone(db: None, log: Written) -> None:
    file = Path(live.DESK_DATA) / FILE_NAME
    try:
        ensure_accounts()
        passwords = [line.split()[2] for line in lines()]
        assert len(passwords) == 4
        assert file.stat().st_mode & 0o077 == 0
        assert tables_with(*passwords) == set()
        assert [line for line in log.lines for word in passwords if word in line] == []
        assert User.objects.get(username="ada").role == Role.ADMIN
        assert mail.outbox == []
    finally:
        file.unlink(missing_ok=True)
