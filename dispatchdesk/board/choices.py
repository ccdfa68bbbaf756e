"""What can be chosen in the board's filters, and what narrows a board in words."""

from dataclasses import dataclass, replace

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Trim

from dispatchdesk.accounts.models import User
from dispatchdesk.board.filters import DUES, TRIGGERS, Filters
from dispatchdesk.board.saved_views import views_of
from dispatchdesk.practice.accounts import is_practice_desk
from routing.domain.roles import Actor, Role
from routing.models import Destination, OwnerKind, Priority, RulebookVersion, WorkType

STAFF_ROLES = (Role.OPERATOR.value, Role.REVIEWER.value, Role.ADMIN.value)

Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter that offers choices: its name in the address, what it is called, and (value, label) pairs."""

    name: str
    label: str
    anything: str
    chosen: str
    choices: list[Choice]

    @property
    def words(self) -> str:
        """What is chosen, in words; what is not offered any more is said as it is written."""
        return dict(self.choices).get(self.chosen, self.chosen)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One filter that narrows the board, in words, and the address' query without it."""

    name: str
    label: str
    words: str
    query: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The filters that offer choices, and the saved views as {query, name}."""

    facets: list[Facet]
    views: list[dict[str, str]]


class _Tags(Func):
    """The tags that a rulebook's rules set, a row for each."""

    template = "(jsonb_path_query(%(expressions)s, '$.rules[*].set.tags[*]') #>> '{}')"


def choices(actor: Actor, filters: Filters) -> Choices:
    """Return what this person can choose in the filters, and what they have, in one statement."""
    types = WorkType.objects.filter(active=True)
    books = RulebookVersion.objects.filter(status=RulebookVersion.PUBLISHED)
    if actor.visible_types is not None:
        types = types.filter(pk__in=actor.visible_types)
        book_type = "rulebook__work_type"
        books = books.filter(Q(**{f"{book_type}__isnull": True}) | Q(**{f"{book_type}__in": actor.visible_types}))
    places = Destination.objects.filter(archived=False)
    people = User.objects.filter(is_active=True, role__in=STAFF_ROLES).annotate(
        called=Coalesce(NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value("")), F("username")),
    )
    tags = books.annotate(tag=_Tags("content", output_field=CharField()))
    rows = (
        types.order_by()
        .values_list(Value("type", CharField()), "slug", "name")
        .union(
            places.order_by().values_list("kind", "slug", "name"),
            people.order_by().values_list(Value("person", CharField()), Cast("pk", CharField()), "called"),
            views_of(actor).order_by().values_list(Value("view", CharField()), "query", "name"),
            tags.order_by().values_list(Value("tag", CharField()), "tag", "tag"),
            all=True,
        )
    )
    found = sorted(set(rows), key=lambda row: row[2].casefold())
    owners = [
        (f"{kind}:{ref}", name)
        for group in (("queue",), ("person",), ("agent", "tool", "source"))
        for kind, ref, name in ((_owner_kind(row[0]), row[1], row[2]) for row in found if row[0] in group)
    ]
    others = [(f"{kind.value}:", str(kind.label)) for kind in (OwnerKind.REQUESTER, OwnerKind.CLOCK, OwnerKind.DESK)]

    def named(kind: str) -> list[Choice]:
        return [(slug, name) for row_kind, slug, name in found if row_kind == kind]

    triggers = [one for one in TRIGGERS if one[0] != "email" or is_practice_desk()]
    return Choices(
        facets=[
            Facet("type", "Type", "Any type", filters.type, named("type")),
            Facet("owner", "Next owner", "Any owner", filters.owner, owners + others),
            Facet("priority", "Priority", "Any priority", filters.priority, _priorities()),
            Facet("tag", "Tag", "Any tag", filters.tag, named("tag")),
            Facet("due", "Due", "Any time", filters.due, list(DUES)),
            Facet("trigger", "Trigger", "Anything", filters.trigger, triggers),
        ],
        views=[{"query": query, "name": name} for query, name in named("view")],
    )


def narrowings(filters: Filters, facets: list[Facet]) -> list[Narrowing]:
    """Return what narrows the board, each with the query that no longer does."""
    found = [(facet.name, facet.label, facet.words) for facet in facets if facet.chosen]
    if filters.q:
        found.append(("q", "Words", filters.q))
    return [Narrowing(name, label, words, replace(filters, **{name: ""}).query) for name, label, words in found]


def _priorities() -> list[Choice]:
    return [(str(value), str(label)) for value, label in reversed(Priority.choices)]


def _owner_kind(kind: str) -> str:
    return kind if kind in {"queue", "person"} else OwnerKind.STEP.value
