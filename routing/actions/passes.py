"""One deciding pass over one item, in memory: what it learned and decided, before the batch writes it in bulk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from routing.domain.facts import Fact, Status, known, lookup, value_to_json
from routing.kinds import Opening
from routing.models import Decision, FactRevision, Letter, Question, Step, WorkItem
from routing.queries.desk import Book, Desk
from routing.queries.facts import Knowledge
from routing.queries.past import Past, RuleKey
from routing.rows import new
from routing.transitions import Change


@dataclass(slots=True)
class Pass:
    """The work of one decision for one locked item.

    Whatever is appended here is stored by ``deciding.flush`` in the same transaction.
    """

    item: WorkItem
    desk: Desk
    now: datetime
    known: Knowledge
    read_past: Callable[[], Past] = Past

    revisions: list[FactRevision] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    checks: list[Opening] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    change: Change | None = None
    _past: Past | None = field(default=None, init=False, repr=False)

    @property
    def past(self) -> Past:
        """What was done in the item's present run, read now if it was not asked for yet."""
        if self._past is None:
            self._past = self.read_past()
        return self._past

    def learn(self, name: str, fact: Fact, provider: str, *, quote: str = "", doubtful: bool = False) -> bool:
        """Record a fact as a revision unless it is what we knew; returns whether anything changed."""
        item, earlier = self.item, self.known.facts.get(name)
        if doubtful:
            before = self.known.doubtful.get(name)
            if before is not None and before.value == value_to_json(fact.value):
                return False
        elif earlier is not None and (earlier.status, earlier.value) == (fact.status, fact.value) and earlier.seq:
            return False
        item.fact_seq += 1
        row = new(
            FactRevision,
            item_id=item.pk,
            seq=item.fact_seq,
            run=item.run,
            name=name,
            status=fact.status.value,
            value=value_to_json(fact.value) if fact.status is Status.KNOWN else None,
            cause=fact.cause,
            quote=quote[:500],
            doubtful=doubtful,
            provider=provider,
            at=self.now,
        )
        self.revisions.append(row)
        if doubtful:
            self.known.doubtful[name] = row
            return False
        self.known.facts[name] = Fact(fact.status, fact.value, item.fact_seq, fact.cause)
        return True

    def learn_of_run(self, run: int, name: str, fact: Fact, provider: str) -> None:
        """Record a fact of the run that a step belongs to; one of an earlier run decides nothing any more."""
        if run == self.item.run:
            self.learn(name, fact, provider)
            return
        self.item.fact_seq += 1
        value = value_to_json(fact.value) if fact.status is Status.KNOWN else None
        self.revisions.append(
            new(
                FactRevision,
                item_id=self.item.pk,
                seq=self.item.fact_seq,
                run=run,
                name=name,
                status=fact.status.value,
                value=value,
                cause=fact.cause,
                provider=provider,
                at=self.now,
            )
        )

    def begin_run(self) -> None:
        """Begin the item's next run: what was done, fired and approved so far does not count in it."""
        self.item.run = self.item.next_run
        self.item.question_rounds = 0
        self.known.forget_history()
        self._past = Past()

    def forget_outdated_sources(self) -> None:
        """Treat what a source said as unknown again when what it was looked up by has changed since."""
        facts = self.known.facts
        for slug, place in self.desk.places.items():
            answered = facts.get(f"source.{slug}")
            if answered is None or not place.port.needs:
                continue
            if max(lookup(facts, name).seq for name in place.port.needs) > answered.seq:
                for name in [name for name in facts if name == f"source.{slug}" or name.startswith(f"source.{slug}.")]:
                    del facts[name]

    def learn_value(self, name: str, value: str, provider: str) -> bool:
        """Record a known text."""
        return self.learn(name, known(value), provider)

    def note(
        self,
        kind: str,
        *,
        rule_id: str = "",
        cause: str = "",
        detail: dict[str, object] | None = None,
        fires: bool = True,
        book: Book | None = None,
    ) -> Decision:
        """Record a decision made at the present position; a rule that fires has fired from here on.

        ``book`` is the rulebook that decided, when the decision has given the item another type already.
        """
        book = book or self.book
        decision = new(
            Decision,
            item_id=self.item.pk,
            run=self.item.run,
            version_id=book.version_id,
            rule_id=rule_id,
            kind=kind,
            cause=cause,
            position=self.item.fact_seq,
            detail=detail or {},
            fires=fires,
            decided_at=self.now,
        )
        self.decisions.append(decision)
        key = (book.rulebook_id, rule_id)
        if rule_id and fires:
            self.past.fired[key] = self.item.fact_seq
        if kind == "review":
            self.past.escalated[key] = self.past.escalated.get(key, 0) + 1
        return decision

    @property
    def book(self) -> Book:
        """The rulebook of the item's present type."""
        return self.desk.book(self.item.work_type_id)

    def of_this_book(self, counts: dict[RuleKey, int]) -> dict[str, int]:
        """Return the rules of the present rulebook among these, by rule id."""
        mine = self.book.rulebook_id
        return {rule_id: count for (book_id, rule_id), count in counts.items() if book_id == mine}
