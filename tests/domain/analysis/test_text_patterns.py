"""With text patterns and ages of moments the analysis never claims what some request contradicts."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.domain.analysis import FindingKind, findings
from routing.domain.catalogue import Catalogue
from routing.domain.decision import Cause
from routing.domain.engine import decide
from routing.domain.facts import MISSING, Fact, known
from routing.domain.inputs import InputSpec, Kind
from routing.domain.rules import All, AnyOf, Condition, Escalate, Finish, Not, Op, Outcome, Rule, Rulebook, Stop, Test

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CATALOGUE = Catalogue(
    inputs=(InputSpec("note", "note"), InputSpec("day", "day", Kind.DATE)), queues={"triage": "Triage"}
)
WORDS = ("late", "refund", "red")
TEXTS = ("", *(" ".join(words) for size in (1, 2, 3) for words in permutations(WORDS, size)), "12", "later")
PATTERNS = ("^late", "r.*d$", r"\d+", "late|red")
NOTES: tuple[Fact, ...] = (MISSING, *(known(text, 1) for text in TEXTS if text))
DAYS: tuple[Fact, ...] = (MISSING, *(known(date(2026, 1, day), 1) for day in (1, 10, 14, 15, 16)))

_note_tests = st.one_of(
    st.builds(Test, st.just("input.note"), st.sampled_from([Op.CONTAINS, Op.STARTS_WITH]), st.sampled_from(WORDS)),
    st.builds(
        Test, st.just("input.note"), st.just(Op.MATCHES), st.sampled_from(["^late", "r.*d$", r"\d+", "late|red"])
    ),
    st.builds(Test, st.just("input.note"), st.sampled_from([Op.IS, Op.IS_NOT]), st.sampled_from(TEXTS[1:])),
    st.builds(Test, st.just("input.note"), st.sampled_from([Op.KNOWN, Op.MISSING])),
)
_day_tests = st.one_of(
    st.builds(Test, st.just("input.day"), st.just(Op.OLDER_THAN), st.sampled_from([60, 1_440, 7_200])),
    st.builds(Test, st.just("input.day"), st.sampled_from([Op.BEFORE, Op.AFTER]), st.just(date(2026, 1, 10))),
    st.builds(Test, st.just("now"), st.sampled_from([Op.BEFORE, Op.AFTER]), st.just(date(2026, 1, 14))),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(_note_tests, _day_tests),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)
outcomes: st.SearchStrategy[Outcome] = st.sampled_from([Finish(), Stop("no"), Escalate("triage", "look")])
books = st.lists(st.tuples(conditions, outcomes), min_size=1, max_size=3).map(
    lambda made: Rulebook(tuple(Rule(f"r{number}", when, then) for number, (when, then) in enumerate(made)), "triage")
)


def decided(book: Rulebook, facts: dict[str, Fact], now: datetime) -> tuple[str, Cause | None]:
    decision = decide(facts, book, CATALOGUE, fired={}, escalated={}, now=now)
    return decision.rule_id, decision.cause


@settings(max_examples=60, deadline=None)
@given(books)
def test_nothing_that_is_claimed_is_contradicted_by_a_request(book: Rulebook) -> None:
    found = findings(book, CATALOGUE, first_look=False)
    dead = {
        book.rules[int(one.pointer.split("/")[2])].id
        for one in found
        if one.kind in {FindingKind.NEVER_TRUE, FindingKind.NEVER_REACHED} and not one.undetermined
    }
    for note in NOTES:
        for day in DAYS:
            for now in (NOW - timedelta(days=3), NOW, NOW + timedelta(days=1)):
                assert decided(book, {"input.note": note, "input.day": day}, now)[0] not in dead
    for one in found:
        if one.kind is FindingKind.NO_RULE_DECIDES and one.witness is not None:
            moment = one.witness.get("now", known(NOW)).value
            assert isinstance(moment, datetime)
            assert decided(book, one.witness, moment)[1] is Cause.NO_RULE
