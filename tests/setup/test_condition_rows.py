"""Conditions as rows of a form: what comes back from the form means what was stored."""

from decimal import Decimal

from django.http import QueryDict
from hypothesis import assume, given
from hypothesis import strategies as st

from routing.domain.catalogue import Catalogue
from routing.domain.conditions import evaluate
from routing.domain.facts import Fact, Money, Status, Value
from routing.domain.inputs import InputSpec, Kind
from routing.domain.rules import All, AnyOf, Condition, Not, Op, Test
from routing.forms.condition_rows import MOST_GROUPS, Row, Rows, TooDeep, condition_of, edit_rows, posted_rows, rows_of
from routing.forms.condition_values import join_list, split_list

CATALOGUE = Catalogue(
    inputs=(
        InputSpec("topic", "Topic", Kind.CHOICE, choices=("refund", "delivery", "other")),
        InputSpec("amount", "Amount", Kind.MONEY, currency="EUR"),
    )
)
TOPICS = ("refund", "delivery", "other")
AMOUNTS = tuple(Money(Decimal(amount), "EUR") for amount in ("1", "2.50", "200"))

_topics = st.one_of(
    st.builds(Test, st.just("input.topic"), st.sampled_from([Op.IS, Op.IS_NOT]), st.sampled_from(TOPICS)),
    st.builds(
        Test,
        st.just("input.topic"),
        st.just(Op.ONE_OF),
        st.lists(st.sampled_from(TOPICS), min_size=1, max_size=2, unique=True).map(tuple),
    ),
)
_orders = st.sampled_from([Op.OVER, Op.UNDER, Op.AT_LEAST, Op.AT_MOST])
_amounts = st.one_of(
    st.builds(Test, st.just("input.amount"), _orders, st.sampled_from(AMOUNTS)),
    st.builds(Test, st.just("input.amount"), st.just(Op.BETWEEN), st.sampled_from([(AMOUNTS[0], AMOUNTS[1])])),
)
_presence = st.builds(Test, st.sampled_from(["input.topic", "input.amount"]), st.sampled_from([Op.MISSING, Op.KNOWN]))
_conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(_topics, _amounts, _presence),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def _facts(values: tuple[Value, ...]) -> st.SearchStrategy[Fact]:
    held = st.builds(Fact, st.just(Status.KNOWN), st.sampled_from(values), st.just(1))
    return st.one_of(held, st.builds(Fact, st.sampled_from([s for s in Status if s is not Status.KNOWN])))


_worlds = st.lists(
    st.fixed_dictionaries({"input.topic": _facts(TOPICS), "input.amount": _facts(AMOUNTS)}), min_size=5, max_size=5
)


def posted(groups: list[Rows]) -> QueryDict:
    """Return what a browser sends for these rows."""
    data = QueryDict(mutable=True)
    data["g-groups"] = str(len(groups))
    for number, group in enumerate(groups):
        data[f"g{number}-match"], data[f"g{number}-parent"] = group.match, str(group.parent)
        for name in ("fact", "other", "op", "value", "upper"):
            data.setlist(f"g{number}-{name}", [getattr(row, name) for row in group.rows])
    return data


@given(_conditions, _worlds)
def test_a_condition_that_went_through_the_form_means_the_same(
    condition: Condition, worlds: list[dict[str, Fact]]
) -> None:
    try:
        groups = rows_of(condition, CATALOGUE)
    except TooDeep:
        assume(False)
    back = condition_of(posted_rows(posted(groups), "g"), CATALOGUE)
    assert back is not None
    for facts in worlds:
        assert evaluate(back, facts) is evaluate(condition, facts)


def test_what_rows_cannot_show_is_left_as_it_is() -> None:
    leaf = Test("input.topic", Op.KNOWN)
    deep = All((AnyOf((All((leaf,)),)),))
    assert [group.match for group in rows_of(deep, CATALOGUE)] == ["all", "any", "all"]
    too_much: tuple[Condition, ...] = (
        All((deep,)),
        AnyOf(),
        All((leaf, AnyOf())),
        All(tuple(AnyOf((leaf,)) for _ in range(MOST_GROUPS))),
        All(tuple(leaf for _ in range(51))),
    )
    for condition in too_much:
        try:
            rows_of(condition, CATALOGUE)
        except TooDeep:
            continue
        raise AssertionError(condition)


def test_a_group_is_removed_with_all_that_stands_in_it() -> None:
    groups = [Rows()]
    for parent in ("0", "1", "0"):
        assert edit_rows(groups, ["add-group", parent])
    assert [group.parent for group in groups] == [0, 0, 1, 0]
    edit_rows(groups, ["add-group", "3"])
    edit_rows(groups, ["add-group", "4"])  # too deep
    groups[4].rows = [Row(fact="input.topic", op="known")]
    edit_rows(groups, ["remove-group", "1"])
    assert [group.parent for group in groups] == [0, 0, 1]
    assert groups[2].rows[0].fact == "input.topic"


def test_a_posted_group_that_claims_a_place_it_cannot_have_stands_in_the_outer_one() -> None:
    data = QueryDict(mutable=True)
    data["g-groups"] = "6"
    for number, parent in enumerate(("5", "9", "2", "x", "3", "4")):
        data[f"g{number}-parent"] = parent
    assert [group.parent for group in posted_rows(data, "g")] == [0, 0, 0, 0, 3, 0]


@given(st.lists(st.text(min_size=1).filter(lambda text: text == text.strip()), max_size=5))
def test_a_list_of_values_is_read_back_as_it_was_written(values: list[str]) -> None:
    assert split_list(join_list(values)) == values
