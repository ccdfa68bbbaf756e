"""What the board reads: cards and counts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection
from django.db.models import DateTimeField, F, IntegerField, Q, QuerySet, Value
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast
from django.utils import timezone

from dispatchdesk.board.cards import COLUMNS, WITH_PEOPLE, Card, read_card
from dispatchdesk.board.filters import MINE, UNDATED, Filters
from dispatchdesk.board.paging import Cursor, after, cursor_after, in_order, order_of, sections, sort
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES, State
from routing.models import WorkItem, WorkType
from routing.queries.items import in_sight

PAGE_CARDS = 12  # of each column, on the first page
MORE_CARDS = 36  # of one column, as its reader scrolls on
COUNTED_TO = 1000
MOST_FOUND = 1000
_LIMIT = "limit of "


@dataclass(frozen=True, slots=True)
class Page:
    """Some cards of a column, and where the next ones begin."""

    cards: list[Card]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many requests, None beyond ``COUNTED_TO``, and since when the longest has its present owner.

    Beyond ``COUNTED_TO`` the oldest is that of those counted, which are due first. ``limit`` is how many there should
    be at most; None when there is no limit, or when filters show only a part of the column.
    """

    count: int | None
    oldest_at: datetime | None = None
    limit: int | None = None

    @property
    def label(self) -> str:
        """The count in words."""
        return f"{COUNTED_TO:,}+" if self.count is None else f"{self.count:,}"

    @property
    def words(self) -> str:
        """The count in words, with the limit: ``12 of 10``."""
        return self.label if self.limit is None else f"{self.label} of {self.limit}"

    @property
    def is_over(self) -> bool:
        """Whether there are more than the limit."""
        return self.limit is not None and (self.count is None or self.count > self.limit)


def board_items(actor: Actor, filters: Filters, refs: Collection[str]) -> QuerySet[WorkItem]:
    """Return the items this person may see that fit the filters; ``refs`` is whom they answer for.

    Of those that hold words, the newest ``MOST_FOUND``, found by a query of its own.
    """
    items = WorkItem.objects.filter(in_sight(actor))
    if filters.show == MINE:
        items = items.filter(owned_by(refs), state__in=WITH_PEOPLE)
    if filters.type:
        # As a value, not by a join: then a column of the type is read along its index.
        items = items.filter(work_type=WorkType.objects.filter(slug=filters.type).values("pk")[:1])
    if filters.owner:
        items = items.filter(owned_by([filters.owner]))
    if filters.priority:
        items = items.filter(priority=int(filters.priority))
    if filters.tag:
        # Said twice so that the index is used, which holds only what has tags.
        items = items.filter(tags__contains=[filters.tag]).exclude(tags=[])
    if filters.trigger:
        items = items.filter(trigger_kind=filters.trigger)
    if filters.due:
        items = items.filter(_due(filters)).exclude(state__in=FINAL_STATES)
    if filters.words:
        found = _newest(holding(items, filters.words, filters.item_id))
        items = WorkItem.objects.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [found]))
    return items


def _newest(items: QuerySet[WorkItem]) -> list[int]:
    """Return the ids of the newest ``MOST_FOUND``, by the index of words.

    Not along the ids (hence + 0): for a word that few hold that would read all. With memory for the places of a million
    hits, or each of them would be read and taken apart once more.
    """
    ids = items.order_by((F("pk") + 0).desc()).values_list("pk", flat=True)
    sql, given = ids[:MOST_FOUND].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '64MB'; {sql}", given)
        cursor.nextset()
        return [row[0] for row in cursor.fetchall()]


def _due(filters: Filters) -> Q:
    if filters.due == UNDATED:
        return Q(due_at__isnull=True)
    first, before = filters.due_between(timezone.now())
    return (Q(due_at__gte=first) if first else Q()) & Q(due_at__lt=before)


def holding(items: QuerySet[WorkItem], words: list[str], item_id: int | None = None) -> QuerySet[WorkItem]:
    """Keep the items in which every word begins some word of title or text, by the index; and the one of this id."""
    wanted = Q(found=_beginnings(words))
    if item_id is not None:
        wanted |= Q(pk=item_id)
    return items.alias(found=SearchVector("title", "text", config="simple")).filter(wanted)


def _beginnings(words: list[str]) -> SearchQuery:
    """Return the query for requests in which every word begins some word."""
    quoted = ("'" + word.replace("\\", "\\\\").replace("'", "''") + "':*" for word in words)
    return SearchQuery(" & ".join(quoted), config="simple", search_type="raw")


def owned_by(refs: Collection[str]) -> Q:
    """Return the condition that one of these refs (``kind:ref``) is the next owner."""
    kinds: dict[str, list[str]] = {}
    for ref in refs:
        kind, _, name = ref.partition(":")
        kinds.setdefault(kind, []).append(name)
    found = Q(pk__in=[])
    for kind, names in sorted(kinds.items()):
        found |= Q(owner_kind=kind, owner_ref__in=sorted(names))
    return found


def shows_today_only(state: State, filters: Filters) -> bool:
    """Whether a column shows only what changed today: finished work, unless words are looked for."""
    return state in FINAL_STATES and not filters.words


def _column(items: QuerySet[WorkItem], state: State, filters: Filters) -> QuerySet[WorkItem]:
    items = items.filter(state=state.value)
    if shows_today_only(state, filters):
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        items = items.filter(updated_at__gte=midnight)
    return items


def pages(
    actor: Actor, filters: Filters, refs: Collection[str], cursors: Mapping[State, Cursor | None], size: int
) -> dict[State, Page]:
    """Return a page of each column named in ``cursors``, from its cursor on, all in one statement."""
    items = board_items(actor, filters, refs)
    parts = []
    for state, cursor in cursors.items():
        order = order_of(state, filters.order)
        mine = owned_by(refs) if state in WITH_PEOPLE and filters.show != MINE and refs else None
        for section in sections(state, filters.order, mine):
            if cursor is not None and section.number < cursor.section:
                continue
            rows = _column(items, state, filters).filter(section.which)
            if cursor is not None and section.number == cursor.section:
                rows = after(rows, order, cursor)
            numbered = sort(rows, order).annotate(section=Value(section.number, IntegerField()))
            parts.append(numbered.values_list(*COLUMNS, "section")[: size + 1])
    found: dict[State, list[tuple[int, Card]]] = {state: [] for state in cursors}
    if not parts:  # a cursor beyond the last section
        return {state: Page([], "") for state in cursors}
    for row in parts[0].union(*parts[1:], all=True):
        card = read_card(row)
        found[State(card.state)].append((row[-1], card))
    return {state: _page(state, filters, pairs, size) for state, pairs in found.items()}


def _page(state: State, filters: Filters, found: list[tuple[int, Card]], size: int) -> Page:
    order = order_of(state, filters.order)
    pairs = in_order(found, order)
    shown = pairs[:size]
    following = str(cursor_after(shown[-1][1], order, shown[-1][0])) if len(pairs) > size else ""
    return Page([card for _, card in shown], following)


def counts(actor: Actor, filters: Filters, refs: Collection[str]) -> tuple[dict[State, Count], Count]:
    """Return each column's count, and how many requests need this person whatever the other filters are.

    One statement that reads at most ``COUNTED_TO`` + 1 rows for each, and the columns' limits.
    """
    items = board_items(actor, filters, refs)
    # Along its index, which holds open work alone.
    mine = board_items(actor, Filters(show=MINE), refs).order_by("owner_kind", "owner_ref", "state")
    wanted = {state.value: _counted(_column(items, state, filters), state) for state in State}
    parts, parameters = [], []
    for name, (sql, given) in {**wanted, MINE: _counted(mine)}.items():
        parts.append(f"SELECT %s, count(*), min(held) FROM ({sql}) counted")  # noqa: S608 - the ORM's own SQL
        parameters += [name, *given]
    parts.append("SELECT %s || state, most, NULL FROM dispatchdesk_columnlimit")
    parameters.append(_LIMIT)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        found = {name: (number, oldest) for name, number, oldest in cursor.fetchall()}
    is_whole = not filters.active and filters.show != MINE
    columns = {}
    for state in State:
        number, oldest = found[state.value]
        limit, _ = found.get(_LIMIT + state.value, (None, None)) if is_whole else (None, None)
        columns[state] = Count(_known(number), oldest, limit)
    return columns, Count(_known(found[MINE][0]))


def _counted(rows: QuerySet[WorkItem], column: State | None = None) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that reads what is counted, and its values.

    A column is sorted as its index is, so that no more is read than is counted, and from the index alone. Only columns
    of open work tell since when.
    """
    held: Combinable = Cast(Value(None), DateTimeField())
    if column in FINAL_STATES:
        rows = rows.order_by("-updated_at")  # unlike sort(): item_recent holds no id
    elif column is not None:
        rows, held = sort(rows, "due"), F("owner_since")
    return rows.values(held=held)[: COUNTED_TO + 1].query.sql_with_params()


def _known(number: int) -> int | None:
    return None if number > COUNTED_TO else number
