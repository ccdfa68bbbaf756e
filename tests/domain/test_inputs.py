"""Answers as people write them, and inputs found in a request's own words."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.facts import Money, Value, known, value_to_json
from routing.domain.inputs import (
    Found,
    InputError,
    InputSpec,
    Kind,
    effective_facts,
    find_in_text,
    parse_answer,
    parse_value,
)
from routing.domain.rules import Op, Test

TODAY = date(2026, 11, 22)
ORDER = InputSpec("order", "Order number", pattern=r"\b(KC-\d{4,6})\b")
NUMBER = InputSpec("count", "How many", Kind.NUMBER)
MONEY = InputSpec("refund", "Refund", Kind.MONEY, currency="EUR")
ANY_MONEY = InputSpec("refund", "Refund", Kind.MONEY)
DAY = InputSpec("day", "Day", Kind.DATE)
EMAIL = InputSpec("mail", "E-mail", Kind.EMAIL)
URL = InputSpec("page", "Page", Kind.URL)
TOPIC = InputSpec("topic", "Topic", Kind.CHOICE, choices=("refund", "late_delivery", "other"))


def euro(amount: str) -> Money:
    """An amount in euro."""
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("spec", "raw", "value"),
    [
        (ORDER, "  KC-12345 \n", "KC-12345"),
        (ORDER, "two\nlines", "two lines"),
        (ORDER, 1042, "1042"),
        (NUMBER, "12", 12),
        (NUMBER, "1,234.50", Decimal("1234.50")),
        (NUMBER, "1.234,50", Decimal("1234.50")),
        (NUMBER, "1\u00a0234,5", Decimal("1234.5")),
        (NUMBER, "1'234'567", 1234567),
        (NUMBER, "1,234", 1234),
        (NUMBER, "1.234", Decimal("1.234")),
        (NUMBER, "0,125", Decimal("0.125")),
        (NUMBER, "1.234.567", 1234567),
        (NUMBER, "\u22125", -5),
        (NUMBER, 2.5, Decimal("2.5")),
        (NUMBER, Decimal("7.0"), 7),
        (MONEY, "49.90", euro("49.90")),
        (MONEY, "49,90", euro("49.90")),
        (MONEY, "€ 49,90", euro("49.90")),
        (MONEY, "49.90 EUR", euro("49.90")),
        (MONEY, "1.234 €", euro("1234")),
        (MONEY, "1 234,50 euros", euro("1234.50")),
        (MONEY, "50,- EUR", euro("50")),
        (MONEY, 49.9, euro("49.9")),
        (MONEY, {"amount": "49.90", "currency": "eur"}, euro("49.90")),
        (MONEY, {"amount": 50}, euro("50")),
        (MONEY, euro("3"), euro("3")),
        (MONEY, euro("-3"), euro("-3")),
        (MONEY, "-50.00 EUR", euro("-50")),
        (MONEY, -50, euro("-50")),
        (MONEY, "0", euro("0")),
        (ANY_MONEY, "$1,000", Money(Decimal(1000), "USD")),
        (ANY_MONEY, "CHF 20", Money(Decimal(20), "CHF")),
        (ANY_MONEY, "1.000,50 CLP", Money(Decimal("1000.50"), "CLP")),
        (DAY, "2026-03-31", date(2026, 3, 31)),
        (DAY, "31.3.2026", date(2026, 3, 31)),
        (DAY, "31/3/26", date(2026, 3, 31)),
        (DAY, "3/31/2026", date(2026, 3, 31)),
        (DAY, "31 March 2026", date(2026, 3, 31)),
        (DAY, "Mar 31st, 2026", date(2026, 3, 31)),
        (DAY, "3 January", date(2027, 1, 3)),
        (DAY, "Tomorrow", date(2026, 11, 23)),
        (DAY, datetime(2026, 3, 31, 9, tzinfo=UTC), date(2026, 3, 31)),
        (EMAIL, " a.b+c@example.co.uk ", "a.b+c@example.co.uk"),
        (URL, "example.com/page?q=1", "https://example.com/page?q=1"),
        (URL, "http://example.com:8080", "http://example.com:8080"),
        (TOPIC, " Refund ", "refund"),
    ],
)
def test_parse_value_reads(spec: InputSpec, raw: object, value: Value) -> None:
    parsed = parse_value(spec, raw, today=TODAY)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("spec", "raw", "words"),
    [
        (ORDER, "", "give a value"),
        (ORDER, None, "give a value"),
        (ORDER, "   ", "give a value"),
        (ORDER, "a\x00b", "cannot be kept"),
        (ORDER, "a\ud800", "cannot be kept"),
        (ORDER, "x" * 1001, "at most 1,000 characters"),
        (ORDER, True, "a text"),
        (ORDER, ["a"], "a text"),
        (NUMBER, "a dozen", "a number"),
        (NUMBER, "12 34", "a number"),
        (NUMBER, "1,23,456", "a number"),
        (NUMBER, float("nan"), "a number"),
        (NUMBER, float("inf"), "a number"),
        (NUMBER, True, "a number"),
        (NUMBER, "9" * 41, "a number"),
        (MONEY, "a lot", "such as 49.90 EUR"),
        (MONEY, "50 USD", "in EUR, not in USD"),
        (MONEY, {"amount": "x"}, "such as 49.90 EUR"),
        (ANY_MONEY, "50", "in which currency"),
        (ANY_MONEY, {"amount": "1", "currency": "EURO"}, "a code of three letters"),
        (DAY, "3/4/2026", "the month is a word"),
        (DAY, "30 February 2026", "a day"),
        (DAY, "soon", "a day"),
        (DAY, 20260331, "a day"),
        (EMAIL, "me at home", "e-mail address"),
        (EMAIL, "a@b", "e-mail address"),
        (URL, "javascript://x", "web address"),
        (URL, "not a page", "web address"),
        (TOPIC, "money", "refund, late_delivery, other"),
    ],
)
def test_parse_value_says_why_not(spec: InputSpec, raw: object, words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_value(spec, raw, today=TODAY)
    assert words in str(refused.value)
    assert str(refused.value).startswith(spec.label)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("-5", "without a minus"),
        ("\N{MINUS SIGN}5 EUR", "without a minus"),
        ({"amount": -5, "currency": "EUR"}, "without a minus"),
        ("9" * 40, "below 1,000,000,000,000"),
        ("a lot", "such as 49.90 EUR"),
    ],
)
def test_an_answer_is_no_debt_and_no_absurd_amount(raw: object, words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_answer(MONEY, raw, today=TODAY)
    assert words in str(refused.value)
    assert parse_answer(MONEY, "0", today=TODAY) == euro("0")


@given(st.sampled_from([ORDER, NUMBER, MONEY, ANY_MONEY, DAY, EMAIL, URL, TOPIC]), st.text(max_size=60))
def test_parse_value_and_find_in_text_take_any_text(spec: InputSpec, text: str) -> None:
    try:
        value = parse_value(spec, text, today=TODAY)
    except InputError:
        pass
    else:
        assert value_to_json(value) is not None
    find_in_text(spec, "".join(char for char in text if not "\ud800" <= char <= "\udfff"), today=TODAY)


@pytest.mark.parametrize(
    ("spec", "text", "found"),
    [
        (ORDER, "My order KC-12345 is late.", Found("KC-12345", "KC-12345", doubtful=False)),
        (ORDER, "KC-12345! Again: KC-12345", Found("KC-12345", "KC-12345", doubtful=False)),
        (ORDER, "KC-12345, or was it KC-12346?", Found("KC-12345", "KC-12345", doubtful=True)),
        (ORDER, "My order is late.", None),
        (
            InputSpec("n", "N", Kind.NUMBER, pattern=r"(\w+) (?P<value>\d+) pcs"),
            "of 12 pcs",
            Found(12, "of 12 pcs", doubtful=False),
        ),
        (InputSpec("n", "N", pattern=r"KC-\d+"), "to KC-77.", Found("KC-77", "KC-77", doubtful=False)),
        (InputSpec("d", "D", Kind.DATE, pattern=r"until (\S+)"), "until noon", None),
        (MONEY, "I want 49,90 € back", Found(euro("49.90"), "49,90 €", doubtful=False)),
        (MONEY, "I paid $ 60 and got 12 pieces", None),
        (MONEY, "Send 5,000,000,000,000 EUR, or 20 EUR", Found(euro("20"), "20 EUR", doubtful=False)),
        (MONEY, "I paid 49.90 EUR, that is EUR 49.90", Found(euro("49.90"), "49.90 EUR", doubtful=False)),
        (MONEY, "10 EUR off of 60 EUR", Found(euro("10"), "10 EUR", doubtful=True)),
        (MONEY, "30 European cups", None),
        (
            ANY_MONEY,
            "about 1,000.50 dollars",
            Found(Money(Decimal("1000.50"), "USD"), "1,000.50 dollars", doubtful=False),
        ),
        (DAY, "bought on 2026-03-01T10:00", Found(date(2026, 3, 1), "2026-03-01", doubtful=False)),
        (DAY, "bought on May 5, 2026.", Found(date(2026, 5, 5), "May 5, 2026", doubtful=False)),
        (DAY, "bought on 3/4/2026", Found(date(2026, 4, 3), "3/4/2026", doubtful=True)),
        (DAY, "please come tomorrow", Found(date(2026, 11, 23), "tomorrow", doubtful=True)),
        (EMAIL, "Write to <me@example.org>, please", Found("me@example.org", "me@example.org", doubtful=False)),
        (EMAIL, "me@example.org or ME@example.org", Found("me@example.org", "me@example.org", doubtful=False)),
        (
            URL,
            "see www.example.com/a?b=1).",
            Found("https://www.example.com/a?b=1", "www.example.com/a?b=1", doubtful=False),
        ),
        (TOPIC, "Late delivery again!", Found("late_delivery", "Late delivery", doubtful=False)),
        (TOPIC, "a refund for the late-delivery", Found("refund", "refund", doubtful=True)),
        (TOPIC, "the other day I was refunded", None),
        (InputSpec("t", "T"), "anything", None),
    ],
)
def test_find_in_text(spec: InputSpec, text: str, found: Found | None) -> None:
    assert find_in_text(spec, text, today=TODAY) == found


def test_relative_days_are_not_read_without_the_present_day() -> None:
    assert find_in_text(DAY, "come tomorrow") is None
    with pytest.raises(InputError):
        parse_value(DAY, "tomorrow")


def test_input_that_does_not_apply_is_missing_also_by_way_of_another() -> None:
    refund = Test("input.topic", Op.IS, "refund")
    amount = InputSpec("amount", "Amount", Kind.MONEY, applies_when=refund)
    proof = InputSpec("proof", "Proof", applies_when=Test("input.amount", Op.OVER, euro("100")))
    seen = effective_facts({"input.topic": known("delivery", 7)}, [proof, amount])
    assert [seen[spec.fact].status for spec in (amount, proof)] == ["missing", "missing"]
    assert [seen[spec.fact].seq for spec in (amount, proof)] == [7, 7]
    assert effective_facts({}, [proof, amount])["input.proof"].status == "unknown"
    asked = effective_facts({"input.topic": known("refund")}, [proof, amount])
    assert [asked[spec.fact].status for spec in (amount, proof)] == ["unknown", "unknown"]
