"""A propositional formula built gate by gate and given to a SAT solver."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from pysat.solvers import Solver

from routing.domain.kleene import BLOCKED, FALSE, TRUE, UNKNOWN, Result
from routing.domain.rules import All, Condition, Not, Test

MOST_CONFLICTS = 20_000


class TooLarge(Exception):
    """The question would take more work than is allowed."""


class Formula:
    """Literals are numbers, negative when negated; ``yes`` is always true. Close it after use."""

    def __init__(self) -> None:
        self._solver = Solver(name="glucose4")
        self._gates: dict[frozenset[int], int] = {}
        self._top = 0
        self.yes = self.new()
        self.add(self.yes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._solver.delete()

    def new(self) -> int:
        """Return a fresh literal."""
        self._top += 1
        return self._top

    def add(self, *literals: int) -> None:
        """Demand that one of these is true."""
        self._solver.add_clause(list(literals))

    def any_of(self, literals: Iterable[int]) -> int:
        """Return the literal that is true just when one of these is."""
        parts = frozenset(literals) - {-self.yes}
        if self.yes in parts or any(-part in parts for part in parts):
            return self.yes
        if len(parts) < 2:
            return next(iter(parts), -self.yes)
        gate = self._gates.get(parts)
        if gate is None:
            gate = self._gates[parts] = self.new()
            self.add(-gate, *parts)
            for part in parts:
                self.add(gate, -part)
        return gate

    def all_of(self, literals: Iterable[int]) -> int:
        """Return the literal that is true just when all of these are."""
        return -self.any_of(-part for part in literals)

    def exactly_one(self, literals: Sequence[int]) -> None:
        """Demand that one of these is true and no other, in clauses that grow with their number only."""
        self.add(*literals)
        before = literals[0]
        for literal in literals[1:]:
            self.add(-before, -literal)
            after = self.new()
            self.add(-before, after)
            self.add(-literal, after)
            before = after

    def solve(self, assumptions: Iterable[int]) -> frozenset[int] | None:
        """Return the literals of a solution, None when there is none; raises TooLarge."""
        self._solver.conf_budget(MOST_CONFLICTS)
        answer = self._solver.solve_limited(assumptions=list(assumptions))
        if answer is None:
            raise TooLarge
        return frozenset(self._solver.get_model()) if answer else None

    def core(self, assumptions: Sequence[int]) -> list[int]:
        """Return assumptions, none of them to spare, that have no solution together (these have none)."""
        kept = list(assumptions)
        if self.solve(kept) is None:
            found = set(self._solver.get_core() or ())
            kept = [literal for literal in kept if literal in found]
        for literal in tuple(kept):
            rest = [other for other in kept if other != literal]
            if self.solve(rest) is None:
                kept = rest
        return kept


class Outcomes:
    """The literals of what a condition comes to; that it does not apply is what is left."""

    __slots__ = ("_by_result",)

    def __init__(self, true: int, false: int, unknown: int, blocked: int) -> None:
        self._by_result = {TRUE: true, FALSE: false, UNKNOWN: unknown, BLOCKED: blocked}

    def __getitem__(self, result: Result) -> int:
        return self._by_result[result]


def encode(condition: Condition, formula: Formula, of_test: dict[str, Outcomes]) -> Outcomes:
    """Return what the condition comes to, by Kleene's logic as ``kleene`` has it."""
    if isinstance(condition, Test):
        return of_test[test_key(condition)]
    if isinstance(condition, Not):
        part = encode(condition.part, formula, of_test)
        return Outcomes(part[FALSE], part[TRUE], part[UNKNOWN], part[BLOCKED])
    parts = [encode(part, formula, of_test) for part in condition.parts]
    winner, loser = (FALSE, TRUE) if isinstance(condition, All) else (TRUE, FALSE)
    wins = formula.any_of(part[winner] for part in parts)
    unknown = formula.all_of([-wins, formula.any_of(part[UNKNOWN] for part in parts)])
    blocked = formula.all_of([-wins, -unknown, formula.any_of(part[BLOCKED] for part in parts)])
    loses = formula.all_of(part[loser] for part in parts)
    if isinstance(condition, All):
        return Outcomes(loses, wins, unknown, blocked)
    return Outcomes(wins, loses, unknown, blocked)


def test_key(test: Test) -> str:
    """Return what tells comparisons apart; 1 and true are equal, and mean different things."""
    return repr((test.fact, test.op.value, test.value))
