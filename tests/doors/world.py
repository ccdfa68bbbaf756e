"""A desk with one thing of every kind, a type that only its group sees, and callers of every role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from dispatchdesk.accounts.models import ApiToken, User
from dispatchdesk.accounts.tokens import make_token
from dispatchdesk.board.saved_views import save_view
from reviews.actions import claiming
from reviews.actions.calendars import CalendarDetails, save_calendar
from reviews.models import Review
from routing import requesters
from routing.actions import attaching, backtesting, configuring, examples, publishing
from routing.domain.roles import DESK, Actor, Role
from routing.models import DestinationVersion, Rulebook, RulebookVersion, WorkItem, WorkType
from tests.desks import TestDesk, decide, fresh

HIDDEN_TITLE = "Zebra acquisition"
EMAIL = "kim@example.org"
ROLES = ("anonymous", "operator", "reviewer", "admin", "intake", "requester")
RULES: list[dict[str, Any]] = [
    {
        "name": "Refunds",
        "when": {"fact": "item.text", "op": "contains", "value": "refund"},
        "then": {"do": "go", "to": ["refund"], "approved_by": "support"},
    },
    {"name": "Others", "when": {"all": []}, "then": {"do": "escalate", "queue": "support", "reason": "a person looks"}},
]


@dataclass
class World:
    """The desk, its people as actors, their tokens, and an item for each situation."""

    desk: TestDesk
    actors: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    items: dict[str, WorkItem] = field(default_factory=dict)

    def review(self, name: str) -> Review:
        return Review.objects.get(item=self.items[name], status=Review.OPEN)

    def link(self, name: str) -> str:
        return requesters.page_token(self.items[name])

    def client(self, role: str, *, strict: bool = False) -> Client:
        """A session of somebody with this role, or with nothing but what programs and requesters hold."""
        headers = {}
        if role in {"intake", "requester"}:
            headers = {"Authorization": f"Bearer {self.bearer(role)}"}
        client = Client(headers=headers, enforce_csrf_checks=strict, raise_request_exception=False)
        if role in self.actors:
            client.force_login(self.desk.people[self.actors[role].name])
        return client

    def program(self, role: str) -> Client:
        """A program with a token of this role; anonymous: without one."""
        token = self.bearer(role)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return Client(headers=headers, raise_request_exception=False)

    def bearer(self, role: str) -> str:
        return self.link("asked") if role == "requester" else self.tokens.get(role, "")


def make_world() -> World:
    """Make the desk; the caller has a transaction open or a database to itself."""
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    desk.queue("support", hold_seconds=60)
    order = {"name": "order_number", "required": True, "pattern": r"\b(K-\d+)\b"}
    desk.work_type("support", order, {"name": "scan", "kind": "file"}, public_form=True)
    secret = desk.work_type("secret", {"name": "target", "kind": "text"})
    group = Group.objects.create(name="insiders")
    secret.visible_to.add(group)
    _destinations(desk)
    for slug in ("support", "secret"):
        desk.rules(slug, *RULES)
    book = Rulebook.objects.get(work_type__slug="support")
    content = RulebookVersion.objects.get(rulebook=book, status=RulebookVersion.PUBLISHED).content
    publishing.save_draft(actor=DESK, rulebook_id=book.pk, content=content)
    world = World(desk)
    _people(world, group)
    _items(world)
    expected = {"kind": "finish"}
    examples.save_example(actor=DESK, rulebook_id=book.pk, name="Secret", facts={}, expected=expected)
    draft = RulebookVersion.objects.get(rulebook=book, status=RulebookVersion.DRAFT)
    save_calendar(actor=DESK, details=CalendarDetails("Office", "Europe/Berlin", {0: ((540, 1020),)}))
    backtesting.start_backtest(actor=DESK, version_id=draft.pk, most=10)
    return world


def _destinations(desk: TestDesk) -> None:
    write = {"via": "http", "method": "POST", "effect": "write"}
    desk.destination("look", "tool", via="http", method="GET", url="https://example.org/{{ input.order_number }}")
    desk.destination("refund", "tool", **write, url="https://example.org/refunds", body={"why": "{{ item.title }}"})
    desk.destination(
        "letter", "tool", via="mail", effect="write", to="{{ item.requester_email }}", subject="A", text="B"
    )
    desk.destination("reply", "agent", system="Write.", prompt="{{ item.text }}")
    desk.destination("brand", "source", via="text", text="Be kind.")
    configuring.save_destination(
        actor=DESK, slug="orders", name="Orders", kind="source",
        config={"via": "table", "key_column": "number", "key": "{{ input.order_number }}"},
        rows=[{"number": "K-1", "state": "sent"}],
    )  # fmt: skip


def _people(world: World, group: Group) -> None:
    for role, name in ((Role.OPERATOR, "olga"), (Role.REVIEWER, "rene"), (Role.ADMIN, "ada"), (Role.REVIEWER, "ines")):
        actor = world.desk.person(name, role, queues=("support",))
        world.actors["insider" if name == "ines" else role.value] = actor
        world.tokens["insider" if name == "ines" else role.value] = _token(world, name, role)
    world.desk.people["ines"].groups.add(group)
    limited = frozenset(WorkType.objects.exclude(slug="secret").values_list("pk", flat=True))
    for name in ("operator", "reviewer"):
        actor = world.actors[name]
        world.actors[name] = Actor(actor.role, actor.name, actor.user_id, visible_types=limited)
    shop = User.objects.create_user(username="shop", role=Role.INTAKE.value, password=None)
    world.desk.people["shop"] = shop
    save_view(actor=world.actors["admin"], name="Urgent", query="priority=3", shared=True, opens=False)
    world.tokens["intake"] = make_token(user=shop, role=Role.INTAKE, name="shop")


def _token(world: World, name: str, role: Role) -> str:
    return make_token(user=world.desk.people[name], role=role, name=name)


def _items(world: World) -> None:
    given: dict[str, Any] = {"requester_name": "Kim", "requester_email": EMAIL}
    send = world.desk.send
    shop = Actor(Role.INTAKE, "shop", world.desk.people["shop"].pk, ApiToken.objects.get(name="shop").pk)
    world.items["refund"] = send("A refund for K-1", type="support", **given)
    world.items["look"] = send("What about K-2", type="support", actor=shop, key="k", body={}, **given)
    world.items["asked"] = send("A refund, please", type="support", **given)
    world.items["hidden"] = send("A refund for the zebra", title=HIDDEN_TITLE, type="secret", **given)
    decide()
    file = SimpleUploadedFile("scan.html", b"<script>alert(1)</script>", content_type="text/html")
    attaching.attach(item_id=world.items["refund"].pk, files=[file], by="Kim")
    attaching.attach(item_id=world.items["hidden"].pk, files=[file], by="Kim")
    world.items = {name: fresh(item) for name, item in world.items.items()}


def claim(world: World, item: str, role: str) -> Review:
    """Let somebody with this role hold the open review of an item."""
    return claiming.claim(actor=world.actors[role], review_id=world.review(item).pk)


def newest_version(slug: str) -> int:
    """The number of a destination's newest version."""
    return DestinationVersion.objects.filter(destination__slug=slug).latest("number").number


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens within is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


_WATCHED = (
    "routing_workitem", "routing_event", "routing_factrevision", "routing_decision", "routing_step", "routing_question",
    "routing_letter", "routing_note", "routing_attachment", "routing_destination", "routing_destinationversion",
    "reviews_calendar", "routing_example", "routing_backtest", "routing_rulebook", "routing_rulebookversion",
    "routing_worktype", "routing_inputfield", "routing_credential",
    "routing_deskswitches", "routing_routerlabel", "reviews_review", "reviews_verdict", "reviews_passedon",
    "reviews_queue", "reviews_membership", "accounts_user", "accounts_apitoken",
    "reviews_notice", "reviews_noticewishes",
)  # fmt: skip


def rows_now() -> dict[str, str]:
    """Every watched table as a digest of where its rows stand; any insert, update or delete changes one."""
    parts = (
        f"SELECT '{table}', md5(coalesce(string_agg(ctid || ':' || xmin, ',' ORDER BY ctid), '')) FROM {table}"  # noqa: S608
        for table in _WATCHED
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())
