"""Placeholders insert facts and nothing else."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.facts import MISSING, Fact, Money, Status, Value, known
from routing.domain.templates import TemplateError, names, render_json, render_text, required_names

FACTS = {
    "input.name": known("Ada"),
    "input.paid": known(Money(Decimal("49.90"), "EUR")),
    "input.evil": known("{{ input.name }} {% x %}"),
    "input.none": MISSING,
    "source.orders.count": known(3),
    "input.ratio": known(Decimal("0.25")),
    "input.day": known(date(2026, 3, 31)),
    "item.tags": known(("a", "b")),
    "source.crm.vip": known(True),
}


def test_text_holds_values_as_people_write_them() -> None:
    template = "Dear {{input.name}}, {{ input.paid }} on {{ input.day }}: {{ item.tags }}, {{ source.crm.vip }}"
    assert render_text(template, FACTS) == "Dear Ada, 49.90 EUR on 2026-03-31: a, b, yes"


def test_values_are_never_rendered_again() -> None:
    assert render_text("{{ input.evil }}", FACTS) == "{{ input.name }} {% x %}"
    assert render_json({"a": ["x {{ input.evil }}"]}, FACTS) == {"a": ["x {{ input.name }} {% x %}"]}


@given(st.text(st.characters(codec="utf-8")))
def test_any_value_is_inserted_literally(text: str) -> None:
    assert render_text("[{{ input.x }}]", {"input.x": known(text)}) == f"[{text}]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source.orders.count", 3),
        ("input.ratio", 0.25),
        ("input.paid", {"amount": 49.9, "currency": "EUR"}),
        ("input.paid.amount", 49.9),
        ("input.day", "2026-03-31"),
        ("item.tags", ["a", "b"]),
        ("source.crm.vip", True),
        ("input.none?", None),
    ],
)
def test_lone_placeholder_in_json_becomes_the_typed_value(name: str, value: object) -> None:
    assert render_json({"v": f"{{{{ {name} }}}}", "k": 1}, FACTS) == {"v": value, "k": 1}


def test_number_that_floats_cannot_hold_stays_exact_as_text() -> None:
    exact: Value = Decimal("12345678901234567.89")
    assert render_json("{{ input.x }}", {"input.x": known(exact)}) == "12345678901234567.89"


@pytest.mark.parametrize("fact", [MISSING, Fact(Status.UNKNOWN), Fact(Status.UNAVAILABLE)])
def test_fact_without_value_is_named(fact: Fact) -> None:
    with pytest.raises(TemplateError) as wanting:
        render_text("Hi {{ input.x }}", {"input.x": fact})
    assert wanting.value.fact == "input.x"
    assert render_text("Hi {{ input.x? }}!", {"input.x": fact}) == "Hi !"


@pytest.mark.parametrize(
    "template", ["{{ }}", "{{ a b }}", "{{ input.x", "}} x", "{{ x.__class__() }}", "{{ X }}", "{{ a|b }}"]
)
def test_what_is_no_placeholder_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        names(template)
    with pytest.raises(TemplateError):
        render_text(template, FACTS)


def test_names_tells_required_from_optional() -> None:
    template = {"a": "{{ input.x }} {{ input.y? }}", "b": [{"c": "{{ with.text }}"}], "n": 1}
    assert names(template) == {"input.x", "input.y", "with.text"}
    assert required_names(template) == {"input.x", "with.text"}
