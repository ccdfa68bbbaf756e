"""What the analysis says, in the words an admin reads."""

from dataclasses import replace
from decimal import Decimal

from routing.domain.analysis import Finding, FindingKind, findings
from routing.domain.catalogue import Catalogue, Port, PortKind
from routing.domain.conditions import evaluate
from routing.domain.facts import Money, Status, lookup
from routing.domain.inputs import InputSpec, Kind
from routing.domain.kleene import TRUE
from routing.domain.rules import All, Changes, Condition, Finish, Go, Not, Op, Outcome, Rule, Rulebook, Test

CATALOGUE = Catalogue(
    inputs=(
        InputSpec("topic", "topic", Kind.CHOICE, choices=("refund", "other"), required=True),
        InputSpec("amount", "amount", Kind.MONEY, currency="EUR"),
    ),
    ports={"orders": Port("orders", "Orders", PortKind.SOURCE)},
    queues={"support": "Support", "triage": "Triage"},
)
SUPPORT = Go(("support",))


def _rule(name: str, when: Condition, then: Outcome = SUPPORT, *, enabled: bool = True) -> Rule:
    return Rule(name, when, then, Changes(), name, enabled=enabled)


def _book(*rules: Rule) -> Rulebook:
    return Rulebook(rules, "triage")


def _found(kind: FindingKind, *rules: Rule, unstaffed: dict[str, str] | None = None) -> list[Finding]:
    found = findings(_book(*rules), CATALOGUE, first_look=False, unstaffed=unstaffed)
    return [finding for finding in found if finding.kind is kind]


def _amount(op: Op, amount: int) -> Test:
    return Test("input.amount", op, Money(Decimal(amount), "EUR"))


def test_a_rule_that_contradicts_itself_names_the_comparisons_that_do() -> None:
    when = All((Test("input.topic", Op.IS, "refund"), _amount(Op.OVER, 200), _amount(Op.UNDER, 100)))
    [finding] = _found(FindingKind.NEVER_TRUE, _rule("Odd", when))
    assert finding.detail == (
        "Rule 1 “Odd” can never be true: amount is over 200 EUR and amount is under 100 EUR contradict each other."
    )
    assert (finding.level, finding.pointer, finding.undetermined) == ("error", "/rules/0/when", False)
    assert finding.witness is not None
    assert sum(evaluate(part, finding.witness) is TRUE for part in when.parts) == 2


def test_a_rule_that_is_switched_off_is_not_analysed() -> None:
    when = All((_amount(Op.OVER, 200), _amount(Op.UNDER, 100)))
    assert not _found(FindingKind.NEVER_TRUE, _rule("Odd", when, enabled=False))


def test_a_rule_whose_cases_end_before_it_is_never_reached() -> None:
    rules = (_rule("All", _amount(Op.OVER, 10), Finish()), _rule("Large", _amount(Op.OVER, 20)))
    [finding] = _found(FindingKind.NEVER_REACHED, *rules)
    assert finding.detail == (
        "Rule 2 “Large” is never reached: earlier rules take all its cases. These facts are taken by rule 1 “All”."
    )
    assert finding.witness is not None
    assert evaluate(rules[1].when, finding.witness) is TRUE


def test_a_rule_after_one_that_only_sends_on_is_reached() -> None:
    rules = (_rule("All", _amount(Op.OVER, 10)), _rule("Large", _amount(Op.OVER, 20)))
    assert not _found(FindingKind.NEVER_REACHED, *rules)


def test_a_rule_that_reads_an_optional_fact_first_asks_every_item() -> None:
    [finding] = _found(FindingKind.ASKS_EVERY_ITEM, _rule("Open", Test("source.orders.open", Op.IS, value=True)))
    assert finding.detail == "Rule 1 “Open” asks Orders about every request, whatever else is known of it."
    assert finding.witness is not None
    assert lookup(finding.witness, "source.orders").status is Status.UNKNOWN


def test_a_rule_after_one_on_what_has_not_happened_asks_every_item() -> None:
    done = _rule("Done", Test("reviews.support.verdict", Op.IS, "completed"), Finish())
    refund = _rule("Refund", Test("input.topic", Op.IS, "refund"))
    open_order = _rule("Open", Test("source.orders.open", Op.IS, value=True))
    [finding] = _found(FindingKind.ASKS_EVERY_ITEM, done, open_order, refund)
    assert finding.pointer == "/rules/1"
    assert not _found(FindingKind.ASKS_EVERY_ITEM, done, refund, open_order)


def test_a_rule_that_reads_a_required_input_asks_nobody_more() -> None:
    assert not _found(FindingKind.ASKS_EVERY_ITEM, _rule("Refund", Test("input.topic", Op.IS, "refund")))


def test_facts_that_no_rule_decides_are_told_by_what_they_have_in_common() -> None:
    [finding] = _found(FindingKind.NO_RULE_DECIDES, _rule("Refund", Test("input.topic", Op.IS, "refund")))
    assert finding.detail in {
        "When topic is other, no rule decides: Triage gets the request.",
        "When topic is missing, no rule decides: Triage gets the request.",
    }


def test_rules_that_cover_everything_leave_no_gap() -> None:
    assert not _found(FindingKind.NO_RULE_DECIDES, _rule("Rest", All()))


def test_a_queue_where_nobody_can_decide_is_an_error_wherever_it_is_named() -> None:
    found = _found(FindingKind.UNSTAFFED, _rule("Rest", All()), unstaffed={"support": "Support", "triage": "Triage"})
    assert [(finding.level, finding.pointer) for finding in found] == [
        ("error", "/rules/0/then/to/0"),
        ("error", "/fallback_queue"),
    ]


def test_patterns_that_exclude_each_other_are_a_proof_and_others_are_undetermined() -> None:
    text = "item.text"
    proved = All((Test(text, Op.CONTAINS, "lawyer"), Not(Test(text, Op.CONTAINS, "law"))))
    [finding] = _found(FindingKind.NEVER_TRUE, _rule("Law", proved))
    assert not finding.undetermined
    open_question = All((Test(text, Op.MATCHES, "^a+$"), Test(text, Op.MATCHES, "^b+$")))
    assert not _found(FindingKind.NEVER_TRUE, _rule("Both", open_question))
    [finding] = _found(FindingKind.NEVER_REACHED, _rule("Both", open_question))
    assert finding.undetermined
    assert "undetermined" in finding.detail


def test_a_text_that_meets_several_patterns_is_made() -> None:
    text = "item.text"
    when = All(
        (Test(text, Op.STARTS_WITH, "Dear"), Test(text, Op.CONTAINS, "lawyer"), Test(text, Op.MATCHES, r"\d{3}"))
    )
    found = findings(_book(_rule("Letter", when)), CATALOGUE, first_look=False)
    assert [finding.kind for finding in found] == [FindingKind.NO_RULE_DECIDES]


def test_in_first_look_a_rule_that_sets_the_type_takes_its_cases_for_good() -> None:
    refund = Rule("Refund", _amount(Op.OVER, 10), None, Changes(type="support"), "Refund")
    large = _rule("Large", _amount(Op.OVER, 20))
    typed = replace(CATALOGUE, types={"support": "Support"})
    in_type, in_first_look = (findings(_book(refund, large), typed, first_look=first) for first in (False, True))
    assert not [finding for finding in in_type if finding.kind is FindingKind.NEVER_REACHED]
    [finding] = [finding for finding in in_first_look if finding.kind is FindingKind.NEVER_REACHED]
    assert finding.pointer == "/rules/1"


def test_rules_beyond_what_can_be_proved_say_so_and_keep_what_was_found() -> None:
    many = [_rule(f"r{n}", All((_amount(Op.OVER, 2 * n), _amount(Op.UNDER, 2 * n + 1)))) for n in range(1_500)]
    found = findings(_book(*many), CATALOGUE, first_look=False, unstaffed={"support": "Support"})
    [finding] = [finding for finding in found if finding.kind is FindingKind.TOO_LARGE]
    assert (finding.level, finding.undetermined) == ("warning", True)
    assert sum(finding.kind is FindingKind.UNSTAFFED for finding in found) == 1_500


def test_a_list_of_words_is_told_apart_by_what_it_must_hold() -> None:
    both = All((Test("item.tags", Op.CONTAINS, "late"), Not(Test("item.tags", Op.CONTAINS, "LATE "))))
    late = _rule("Late", Test("item.tags", Op.CONTAINS, "late"), Finish())
    late_and_big = _rule("Big", All((late.when, Test("item.tags", Op.CONTAINS, "big"))))
    assert [finding.pointer for finding in _found(FindingKind.NEVER_TRUE, _rule("Odd", both))] == ["/rules/0/when"]
    assert [finding.pointer for finding in _found(FindingKind.NEVER_REACHED, late, late_and_big)] == ["/rules/1"]
