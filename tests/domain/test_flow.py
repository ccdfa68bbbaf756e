"""The flow of a rulebook: where rules lead from and to, and a picture without overlaps."""

from itertools import combinations

from hypothesis import given, settings

from routing.domain.flow import ARRIVES, flow
from routing.domain.flow_picture import picture
from routing.domain.layers import WIDTH
from routing.domain.rules import All, AnyOf, Condition, Escalate, Finish, Go, Not, Op, Rule, Rulebook, Test
from tests.domain.strategies import CATALOGUE, rulebooks

DRAFTED = Test("steps.reply", Op.KNOWN)
APPROVED = Test("reviews.support.verdict", Op.IS, "approved")
TOPIC = Test("input.topic", Op.IS, "refund")


def starts(condition: Condition) -> tuple[str, ...]:
    drawn = flow(Rulebook((Rule("a", condition, Finish()),), "triage"), CATALOGUE)
    return drawn.ways[0].starts


def test_a_rule_leads_from_what_must_have_happened() -> None:
    assert starts(TOPIC) == (ARRIVES,)
    assert starts(All((TOPIC, DRAFTED))) == ("at:reply",)
    assert starts(AnyOf((DRAFTED, APPROVED))) == ("at:reply", "at:support")
    assert starts(AnyOf((TOPIC, DRAFTED))) == (ARRIVES,)
    assert starts(Test("steps.reply", Op.MISSING)) == (ARRIVES,)
    assert starts(Not(Test("steps.reply", Op.MISSING))) == ("at:reply",)
    assert starts(Not(AnyOf((TOPIC, DRAFTED)))) == (ARRIVES,)
    assert starts(Not(AnyOf((TOPIC, APPROVED)))) == ("at:support",)


def test_a_way_says_where_it_leads_what_is_found_out_and_who_approves() -> None:
    book = Rulebook(
        (
            Rule("off", TOPIC, Finish(), enabled=False),
            Rule("refund", All((TOPIC, DRAFTED)), Go(("refund", "reply"), approved_by="support"), name="Refund"),
            Rule("ask", All(), Escalate("support", "look")),
        ),
        "triage",
    )
    first, second, rest = flow(book, CATALOGUE).ways
    assert (first.number, first.name, first.to) == (2, "Refund", ("at:refund", "at:reply"))
    assert (first.finds_out, first.approved_by) == (("topic",), "Support")
    assert (second.name, second.to) == ("Rule 3", ("at:support",))
    assert (rest.name, rest.starts, rest.to) == ("No rule decides", (ARRIVES,), ("at:triage",))


def assert_no_overlap(book: Rulebook) -> None:
    drawn = picture(flow(book, CATALOGUE))
    for one, other in combinations(drawn.boxes, 2):
        beside = one.x + WIDTH < other.x or other.x + WIDTH < one.x
        above = one.y + one.height < other.y or other.y + other.height < one.y
        assert beside or above
    assert all(box.x >= 0 and box.x + WIDTH <= drawn.width for box in drawn.boxes)
    assert all(box.y >= 0 and box.y + box.height <= drawn.height for box in drawn.boxes)


@settings(deadline=None)
@given(rulebooks())
def test_no_box_lies_on_another(book: Rulebook) -> None:
    assert_no_overlap(book)


def test_a_hundred_rules_in_a_circle_are_drawn() -> None:
    rules = [
        Rule(f"r{at}", Test(f"steps.s{at}", Op.KNOWN), Go((f"s{(at + 1) % 100}",)), name="A very long name " * 9)
        for at in range(100)
    ]
    assert_no_overlap(Rulebook(tuple(rules), "triage"))
    drawn = picture(flow(Rulebook(tuple(rules), "triage"), CATALOGUE))
    assert sum(back for _, back in drawn.arrows) == 1
    assert all(len(line.text) <= 28 for box in drawn.boxes for line in box.lines)
