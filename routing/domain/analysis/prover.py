"""Questions about a rulebook, answered with facts by the engine or with a proof that there are none."""

from collections.abc import Iterable, Iterator
from itertools import combinations, islice

from routing.domain.analysis.formula import Formula, Outcomes, encode
from routing.domain.analysis.passing import asked, is_reached, takes, taking
from routing.domain.analysis.space import Case, Nothing, Space, root_of, seen
from routing.domain.catalogue import Catalogue
from routing.domain.conditions import evaluate
from routing.domain.decision import Cause, Kind
from routing.domain.engine import decide
from routing.domain.facts import HISTORY_NAMESPACES, Status
from routing.domain.kleene import BLOCKED, FALSE, TRUE, UNKNOWN
from routing.domain.rules import All, AnyOf, Ask, Condition, Not, Rule, Rulebook

_MOST_SUBSETS = 400
Parts = tuple[tuple[Condition, bool], ...]


class Prover:
    """One rulebook of enabled rules without problems, with its formula."""

    def __init__(self, book: Rulebook, catalogue: Catalogue, formula: Formula, *, first_look: bool) -> None:
        self.book, self.catalogue, self.first_look = book, catalogue, first_look
        self.formula = formula
        self.space = Space(book, catalogue, formula)
        self._outcomes: dict[str, Outcomes] = {
            rule.id: encode(rule.when, formula, self.space.outcomes) for rule in book.rules
        }
        self._turn: dict[str, int] = {}
        turn = formula.yes
        for rule in book.rules:
            self._turn[rule.id] = turn
            turn = formula.all_of([turn, -taking(rule, self._outcomes[rule.id], self.space, first_look=first_look)])

    def reached(self, rule: Rule) -> Case | Nothing:
        """Return facts on which the rule is true and its turn comes."""
        found = self.space.find(
            [self._turn[rule.id], self._outcomes[rule.id][TRUE]],
            lambda case: is_reached(rule, self.book, self.catalogue, case, first_look=self.first_look),
        )
        return found if isinstance(found, Nothing) else found[0]

    def true(self, rule: Rule) -> Case | Nothing:
        """Return facts on which the rule is true."""
        found = self.space.find([self._outcomes[rule.id][TRUE]], lambda case: evaluate(rule.when, seen(case)) is TRUE)
        return found if isinstance(found, Nothing) else found[0]

    def taker(self, rule: Rule, case: Case) -> Rule | None:
        """Return the first earlier rule that takes these facts for good."""
        earlier = self.book.rules[: self.book.rules.index(rule)]
        return next((other for other in earlier if takes(other, case, first_look=self.first_look)), None)

    def contradiction(self, rule: Rule) -> tuple[Parts, Case | None]:
        """Return the fewest parts that contradict each other, and facts on which all but as few as possible hold."""
        literals: dict[int, tuple[Condition, bool]] = {}
        for part, holds in _conjuncts(rule.when, holds=True):
            literal = encode(part, self.formula, self.space.outcomes)[TRUE if holds else FALSE]
            literals.setdefault(literal, (part, holds))
        core = self.formula.core(list(literals))
        for size in range(1, len(core)):
            subsets = islice(combinations(literals, size), _MOST_SUBSETS)
            smaller = next((subset for subset in subsets if self.formula.solve(subset) is None), None)
            if smaller is not None:
                core = list(smaller)
                break
        parts = tuple(literals[literal] for literal in core)
        return parts, self._nearly(list(literals.items()))

    def _nearly(self, literals: list[tuple[int, tuple[Condition, bool]]]) -> Case | None:
        for left_out in (1, 2):
            for dropped in islice(combinations(range(len(literals)), left_out), _MOST_SUBSETS):
                kept = [pair for index, pair in enumerate(literals) if index not in dropped]
                found = self.space.find([literal for literal, _ in kept], lambda case, kept=kept: _all_hold(kept, case))  # type: ignore[misc]
                if not isinstance(found, Nothing):
                    return found[0]
        return None

    def undecided(self) -> tuple[Case, list[str]] | Nothing:
        """Return facts on which no rule decides, with the facts that alone make it so.

        Those where everything could be had and nothing has happened yet come first.
        """
        deciding = self.formula.any_of(self._deciding(rule) for rule in self.book.rules)
        known, had = self._none(Status.UNKNOWN), self._none(Status.UNAVAILABLE)
        for narrower in ([*had, *self._nothing_happened()], had, []):
            found = self.space.find([-deciding, *known, *narrower], self._is_undecided)
            if not isinstance(found, Nothing):
                break
        if isinstance(found, Nothing):
            return found
        case, solution = found
        state = self.space.state(solution)
        given = [*known, *(literal for literal in had if literal in solution)]
        core = self.formula.core([deciding, *given, *state])
        return case, list(dict.fromkeys(state[literal] for literal in core if literal in state))

    def asks_all(self, fact: str) -> tuple[Rule, Case] | None:
        """Return the rule that always lacks this fact at first, whatever else is known, with facts that show it."""
        unknown = self.space.status(fact, Status.UNKNOWN)
        if unknown == -self.formula.yes:
            return None
        others = [
            -self.space.status(name, status)
            for name in self.space.variables
            if root_of(name) != fact
            for status in (Status.UNKNOWN, Status.UNAVAILABLE)
        ]
        base = [unknown, *others, *self._nothing_happened()]
        before: list[int] = []
        asking: list[tuple[Rule, int]] = []  # made before solving, so that the solution tells which of them hold
        for rule in self.book.rules:
            asking.append((rule, self.formula.all_of([*before, self._asking(rule)])))
            before.append(-self._deciding(rule))
        solution = self.formula.solve(base) or frozenset()
        first = next((pair for pair in asking if pair[1] in solution), None)
        if first is None:
            return None
        rule, asks = first
        if self.formula.solve([*base, -asks]) is not None:
            return None
        found = self.space.find([*base, asks], lambda case: self._does_ask(rule, fact, case))
        return None if isinstance(found, Nothing) else (rule, found[0])

    def _asking(self, rule: Rule) -> int:
        outcome = self._outcomes[rule.id]
        wanting = self.formula.any_of(self.space.status(name, Status.UNKNOWN) for name in asked(rule))
        return self.formula.any_of([outcome[UNKNOWN], self.formula.all_of([outcome[TRUE], wanting])])

    def _deciding(self, rule: Rule) -> int:
        outcome = self._outcomes[rule.id]
        decides = [] if isinstance(rule.then, Ask) else [outcome[TRUE]]
        return self.formula.any_of([*decides, outcome[BLOCKED], self._asking(rule)])

    def _none(self, status: Status) -> list[int]:
        return [-self.space.status(name, status) for name in self.space.variables]

    def _nothing_happened(self) -> list[int]:
        return [
            self.space.status(name, Status.MISSING)
            for name in self.space.variables
            if name.partition(".")[0] in HISTORY_NAMESPACES
        ]

    def _is_undecided(self, case: Case) -> bool:
        decision = decide(case.facts, self.book, self.catalogue, fired={}, escalated={}, now=case.now)
        return decision.cause is Cause.NO_RULE

    def _does_ask(self, rule: Rule, fact: str, case: Case) -> bool:
        decision = decide(case.facts, self.book, self.catalogue, fired={}, escalated={}, now=case.now)
        names = {root_of(name) for name in decision.needs}
        return decision.kind is Kind.NEED and decision.rule_id == rule.id and fact in names


def _conjuncts(condition: Condition, *, holds: bool) -> Iterator[tuple[Condition, bool]]:
    """Yield the parts that must all hold (or fail to) for the condition to."""
    match condition:
        case Not():
            yield from _conjuncts(condition.part, holds=not holds)
        case All() | AnyOf() if isinstance(condition, All) is holds:
            for part in condition.parts:
                yield from _conjuncts(part, holds=holds)
        case _:
            yield condition, holds


def _all_hold(pairs: Iterable[tuple[int, tuple[Condition, bool]]], case: Case) -> bool:
    facts = seen(case)
    return all(evaluate(part, facts) is (TRUE if holds else FALSE) for _, (part, holds) in pairs)
