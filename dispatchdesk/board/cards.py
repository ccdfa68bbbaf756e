"""Cards: what the board shows of an item, the same for every viewer, and drawn once however many look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString

from dispatchdesk.templatetags.desk_ui import ago, avatar, due_ring, icon, priority_mark, state_mark, trigger_icon
from routing.domain.states import FINAL_STATES, STATE_LABELS, State
from routing.models import OwnerKind, Priority
from routing.models.work import item_address

# In the order of the fields of Card.
COLUMNS = (
    "id",
    "version",
    "title",
    "state",
    "priority",
    "work_type_id",
    "work_type__slug",
    "work_type__name",
    "trigger_kind",
    "trigger_by",
    "created_at",
    "updated_at",
    "due_at",
    "owner_kind",
    "owner_ref",
    "owner_name",
    "owner_since",
    "review_label",
    "closed_as",
    "tags",
)
DRAWN_CARDS_KEPT = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PEOPLE = frozenset({OwnerKind.QUEUE.value, OwnerKind.PERSON.value})
WITH_PEOPLE = (State.WAITING.value, State.IN_REVIEW.value)


def microseconds(when: datetime | None) -> int | None:
    """Return a moment in microseconds since 1970."""
    # Whole seconds would not do: the browser must sort as the database does.
    return None if when is None else (when - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Card:
    """One item as the board shows it."""

    item_id: int
    version: int
    title: str
    state: str
    priority: int
    type_id: int | None
    type_slug_or_none: str | None
    type_name_or_none: str | None
    trigger_kind: str
    trigger_by: str
    created_at: datetime
    updated_at: datetime
    due_or_was_due_at: datetime | None
    owner_kind: str
    owner_ref: str
    owner_name: str
    owner_since: datetime
    review_label: str
    closed_as: str
    tags: tuple[str, ...]

    @property
    def code(self) -> str:
        """The public code, such as ``D-1042``."""
        return f"D-{self.item_id}"

    @property
    def address(self) -> str:
        """The address of its page."""
        return item_address(self.code)

    @property
    def type_slug(self) -> str:
        """The work type's slug; empty when it has none yet."""
        return self.type_slug_or_none or ""

    @property
    def type_name(self) -> str:
        """The work type's name."""
        return self.type_name_or_none or "No type yet"

    @property
    def state_label(self) -> str:
        """The state in words."""
        return STATE_LABELS[State(self.state)]

    @property
    def closed_label(self) -> str:
        """What it was closed as, in a word; empty when it is open or just closed."""
        return self.closed_as.capitalize()

    @property
    def priority_label(self) -> str:
        """The priority in words."""
        return Priority(self.priority).label

    @property
    def due_at(self) -> datetime | None:
        """When it is due; None once it is finished."""
        return None if self.state in FINAL_STATES else self.due_or_was_due_at

    @property
    def owner(self) -> str:
        """The next owner as ``kind:ref``, such as ``queue:support``."""
        return f"{self.owner_kind}:{self.owner_ref}"

    @property
    def needs(self) -> list[str]:
        """Whom it needs to act: refs such as ``person:3`` or ``queue:support``."""
        return [self.owner] if self.owner_kind in _PEOPLE and self.state in WITH_PEOPLE else []

    @property
    def tag_lines(self) -> str:
        """The tags, one a line."""
        return "\n".join(self.tags)

    @property
    def by(self) -> int | None:
        """The due time in microseconds since 1970, to sort by."""
        return microseconds(self.due_or_was_due_at)

    @property
    def since(self) -> int | None:
        """The arrival in microseconds since 1970, to sort by."""
        return microseconds(self.created_at)

    @property
    def changed(self) -> int | None:
        """The last change in microseconds since 1970, to sort by."""
        return microseconds(self.updated_at)

    @property
    def html(self) -> SafeString:
        """The card drawn as HTML."""
        return card_html(self)


def read_card(row: Sequence[object]) -> Card:
    """Return the card of a row whose first columns are ``COLUMNS``."""
    *others, tags = row[: len(COLUMNS)]
    return Card(*others, tuple(tags))  # type: ignore[arg-type, call-arg]


# Drawn while a commit is on its way to its viewers, which Django's template engine takes twice as long for. What the
# browser places and filters by stands in the attributes (static/js/board_place.js).
_CARD = """<li class="card" id="card-{code}" data-code="{code}" data-version="{version}" data-state="{state}"
  data-type="{type_slug}" data-priority="{priority}" data-owner="{owner}" data-trigger="{trigger_kind}"{tags}
  data-needs="{needs}" data-by="{by}" data-since="{since}" data-changed="{changed}">
<p class="card-top"><span class="card-code">{code}</span><span class="card-type">{type_name}</span>{closed}{mark}{due}
</p><a class="card-title" href="{address}" data-keys-item>{title}</a>
<dl class="facts facts-compact">
<div><dt class="sr">Trigger</dt><dd title="{trigger_by}">{trigger}<span class="sr">{trigger_by}</span>{came}</dd></div>
<div><dt class="sr">State</dt><dd>{state_mark}</dd></div>
<div class="fact-owner"><dt class="sr">Next owner</dt>
<dd>{avatar}<span class="fact-name">{owner_name}</span> {held}</dd></div>
<div class="fact-review"><dt class="sr">Review point</dt><dd>{point}<span class="fact-name">{review}</span></dd></div>
</dl></li>"""


@lru_cache(maxsize=DRAWN_CARDS_KEPT)
def card_html(card: Card) -> SafeString:
    """Draw a card; the same card is drawn once for all who look at it."""
    return format_html(
        _CARD,
        code=card.code,
        version=card.version,
        state=card.state,
        type_slug=card.type_slug,
        priority=card.priority,
        owner=card.owner,
        trigger_kind=card.trigger_kind,
        tags=format_html(' data-tags="{}"', card.tag_lines) if card.tags else "",
        needs=" ".join(card.needs),
        by="" if card.by is None else card.by,
        since=card.since,
        changed=card.changed,
        type_name=card.type_name,
        closed=format_html('<span class="tag">{}</span>', card.closed_label) if card.closed_label else "",
        mark=priority_mark(card.priority, card.priority_label),
        due=due_ring(card.due_at, card.created_at),
        address=card.address,
        title=card.title,
        trigger_by=card.trigger_by,
        trigger=icon(trigger_icon(card.trigger_kind)),
        came=ago(card.created_at, "short"),
        state_mark=state_mark(card.state, card.state_label),
        avatar=avatar(card.owner_name, card.owner_kind),
        owner_name=card.owner_name,
        held=ago(card.owner_since, "short"),
        point=icon("review-point"),
        review=card.review_label or "None",
    )
