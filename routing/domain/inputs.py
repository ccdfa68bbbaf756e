"""What a work type asks for: inputs, when they apply, how an answer is read and how one is found in a text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import islice

from routing.domain.comparisons import folded, number_of
from routing.domain.conditions import Evaluator, kept_evaluator, reads
from routing.domain.facts import Fact, Facts, Money, Status, Value, is_currency, is_storable, lookup, value_from_json
from routing.domain.kleene import FALSE, NOT_APPLICABLE
from routing.domain.patterns import Match, Pattern, compiled, literal
from routing.domain.reading import EMAIL, URL, URL_IN_TEXT, amounts, days, read_amount, read_day, read_number
from routing.domain.rules import Condition


class Kind(StrEnum):
    """What kind of value an input takes."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    CHOICE = "choice"
    DATE = "date"
    EMAIL = "email"
    URL = "url"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One declared input of a work type; rules know it as the fact ``input.<name>``.

    ``provider`` lists who is asked, in order and parted by commas: ``text`` (the item's own words, by ``pattern`` or by
    kind), ``source`` (the fact named in ``source``, such as ``source.customers.email``), ``requester``. ``currency`` is
    the one ISO 4217 code that money must have (empty: any). ``applies_when`` None means always.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    required: bool = False
    applies_when: Condition | None = None
    choices: tuple[str, ...] = ()
    currency: str = ""
    pattern: str = ""
    provider: str = "text,requester"
    source: str = ""

    @property
    def fact(self) -> str:
        """The name of the fact that holds this input."""
        return f"input.{self.name}"

    @property
    def providers(self) -> tuple[str, ...]:
        """Who is asked for the value, in order."""
        return tuple(part for part in (part.strip() for part in self.provider.split(",")) if part)


@dataclass(frozen=True, slots=True, eq=False)
class ConditionalInput:
    """An input that applies only when its condition holds, with the condition compiled."""

    spec: InputSpec
    condition: Condition
    evaluate: Evaluator
    reads: frozenset[str]

    def seen(self, stored: Facts, effective: Facts) -> Fact:
        """Return the input's fact as rules see it, given all stored facts and what is known of the effective ones."""
        fact = lookup(stored, self.spec.fact)
        if fact.status is Status.KNOWN:
            return fact
        newest = max((lookup(effective, name).seq for name in self.reads), default=0)
        if fact.status is not Status.MISSING and self.evaluate(effective) in _DOES_NOT_APPLY:
            return Fact(Status.MISSING, None, max(fact.seq, newest), "not_applicable")
        return replace(fact, seq=max(fact.seq, newest))


_DOES_NOT_APPLY = frozenset({FALSE, NOT_APPLICABLE})


def conditional_inputs(specs: Iterable[InputSpec]) -> tuple[ConditionalInput, ...]:
    """Return the inputs that do not always apply, ready to be evaluated often; raises PatternError."""
    return tuple(
        ConditionalInput(spec, spec.applies_when, kept_evaluator(spec.applies_when), reads(spec.applies_when))
        for spec in specs
        if spec.applies_when is not None
    )


def effective_facts(facts: Facts, specs: Iterable[InputSpec]) -> Facts:
    """Return the facts as rules see them: an input that does not apply is missing, not unknown.

    Only inputs that hold no value change: one that was given stays known, so that learning more never takes a decided
    rule back. Such an input takes the newest position of what decides whether it applies, so a rule that fired on
    its absence may fire again once it does apply.
    """
    return with_applicability(facts, conditional_inputs(specs))


def with_applicability(facts: Facts, inputs: tuple[ConditionalInput, ...]) -> Facts:
    """Do what ``effective_facts`` does, with inputs made ready before."""
    effective = dict(facts)
    for _ in inputs:  # one may apply by another that is itself found not to apply
        before = [effective.get(item.spec.fact) for item in inputs]
        for item in inputs:
            effective[item.spec.fact] = item.seen(facts, effective)
        if before == [effective[item.spec.fact] for item in inputs]:
            break
    return effective


class InputError(ValueError):
    """A value that was given cannot be used; the message tells the one who gave it why."""


_LONGEST = {Kind.LONG_TEXT: 20_000, Kind.FILE: 500}
_LONGEST_LINE = 1_000


def parse_value(spec: InputSpec, raw: object, *, today: date | None = None) -> Value:
    """Read what somebody gave for an input; raises InputError in the user's words.

    Takes texts as people write them and the JSON forms (numbers, {amount, currency}), as well as values read before.
    Numbers and money may be written with points, commas or blanks between thousands; days in the common ways where the
    order of day and month is clear. ``today`` allows days without a year and words like *tomorrow*.
    """
    if isinstance(raw, str):
        raw = _clean(spec, raw)
    if raw is None or raw == "":
        raise InputError(f"{spec.label}: please give a value.")
    match spec.kind:
        case Kind.NUMBER:
            return _number(spec, raw)
        case Kind.MONEY:
            return _money(spec, raw)
        case Kind.DATE:
            return _date(spec, raw, today)
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        raise InputError(f"{spec.label}: please give a text.")
    return _text(spec, raw)


_TOO_MUCH_MONEY = 10**12


def parse_answer(spec: InputSpec, raw: object, *, today: date | None = None) -> Value:
    """Read what somebody answered, as ``parse_value`` does; raises InputError for a debt or an absurd amount as well.

    A source may know of a debt, and rules may speak of one.
    """
    value = parse_value(spec, raw, today=today)
    if isinstance(value, Money):
        if value.amount < 0:
            raise InputError(f"{spec.label}: please give an amount without a minus.")
        if value.amount >= _TOO_MUCH_MONEY:
            raise InputError(f"{spec.label}: please give an amount below {_TOO_MUCH_MONEY:,}.")
    return value


def _clean(spec: InputSpec, raw: str) -> str:
    text = raw.strip()
    longest = _LONGEST.get(spec.kind, _LONGEST_LINE)
    if len(text) > longest:
        raise InputError(f"{spec.label}: please use at most {longest:,} characters.")
    if not is_storable(text):
        raise InputError(f"{spec.label}: the text holds characters that cannot be kept.")
    return text


def _finite(raw: object) -> Decimal | None:
    """Return a number given as one, if it is finite and of a sensible size."""
    try:
        value = value_from_json(raw)
    except (ValueError, TypeError):
        return None
    number = number_of(value)
    return None if number is None else Decimal(number)


def _number(spec: InputSpec, raw: object) -> Value:
    number = read_number(raw) if isinstance(raw, str) else raw if isinstance(raw, Decimal) else _finite(raw)
    if number is None:
        raise InputError(f"{spec.label}: please give a number, such as 12 or 12.5.")
    return int(number) if number == number.to_integral_value() else number


def _money(spec: InputSpec, raw: object) -> Money:
    read: tuple[Decimal, str] | None = None
    if isinstance(raw, Money):
        read = raw.amount, raw.currency
    elif isinstance(raw, str):
        read = read_amount(raw)
    elif isinstance(raw, dict):
        amount = raw.get("amount")
        number = read_number(amount, point_groups=True) if isinstance(amount, str) else _finite(amount)
        read = None if number is None else (number, str(raw.get("currency") or "").strip().upper())
    else:
        number = _finite(raw)
        read = None if number is None else (number, "")
    example = f"49.90 {spec.currency or 'EUR'}"
    if read is None:
        raise InputError(f"{spec.label}: please give an amount, such as {example}.")
    currency = read[1] or spec.currency
    if not currency:
        raise InputError(f"{spec.label}: please say in which currency, such as {example}.")
    if not is_currency(currency):
        raise InputError(f"{spec.label}: please give the currency as a code of three letters, such as {example}.")
    if spec.currency and currency != spec.currency:
        raise InputError(f"{spec.label}: please give the amount in {spec.currency}, not in {currency}.")
    return Money(read[0], currency)


def _date(spec: InputSpec, raw: object, today: date | None) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    found = read_day(raw, today) if isinstance(raw, str) else None
    if found is None:
        raise InputError(f"{spec.label}: please give a day, such as 2026-03-31 or 31 March 2026.")
    if not found.sure and found.quote[0].isdigit() and not any(char.isalpha() for char in found.quote):
        raise InputError(f"{spec.label}: day and month can be told apart only if the month is a word.")
    return found.day


def _text(spec: InputSpec, text: str) -> str:
    match spec.kind:
        case Kind.CHOICE:
            for choice in spec.choices:
                if folded(choice) == folded(text):
                    return choice
            raise InputError(f"{spec.label}: please choose one of {', '.join(spec.choices)}.")
        case Kind.EMAIL:
            if not EMAIL.fullmatch(text):
                raise InputError(f"{spec.label}: please give an e-mail address, such as name@example.com.")
        case Kind.URL:
            url = text if "://" in text else f"https://{text}"
            if not URL.fullmatch(url):
                raise InputError(f"{spec.label}: please give a web address, such as https://example.com/page.")
            return url
        case Kind.TEXT:
            return " ".join(text.splitlines())
    return text


@dataclass(frozen=True, slots=True)
class Found:
    """A value found in a text with the words it came from; a doubtful one is offered for confirmation, never used."""

    value: Value
    quote: str
    doubtful: bool


_MOST_CANDIDATES = 50
_LONGEST_QUOTE = 200
# Words that stand in any text without being an answer.
_NEVER_FOUND = frozenset({"other", "others", "none", "yes", "no", "unknown", "any"})


def find_in_text(spec: InputSpec, text: str, *, today: date | None = None) -> Found | None:
    """Find an input in a text: by the spec's pattern, else by its kind (money, date, e-mail, URL, choice).

    A pattern gives its group named ``value``, else its first group, else all it matches; a group named like a choice
    stands for it, so that ``(?P<delivery>parcel|tracking)`` finds the choice by other words. Money counts only with its
    currency, and in the input's own. Two different candidates, or a day that can be read in two ways, are doubtful;
    what ``parse_answer`` would refuse is no candidate. Raises PatternError for an unreadable pattern.
    """
    candidates: dict[object, Found] = {}
    for found in islice(_candidates(spec, text, today), _MOST_CANDIDATES):
        key = folded(found.value) if isinstance(found.value, str) else found.value
        candidates.setdefault(key, found)
    if not candidates:
        return None
    first = next(iter(candidates.values()))
    return replace(first, quote=first.quote[:_LONGEST_QUOTE], doubtful=first.doubtful or len(candidates) > 1)


def _candidates(spec: InputSpec, text: str, today: date | None) -> Iterator[Found]:
    if spec.pattern:
        yield from _matched(spec, text, today)
        return
    match spec.kind:
        case Kind.MONEY:
            for amount in amounts(text):
                if not spec.currency or amount.currency == spec.currency:
                    yield from _parsed(spec, Money(amount.amount, amount.currency), amount.quote, today)
        case Kind.DATE:
            for day in days(text, today):
                yield Found(day.day, day.quote, doubtful=not day.sure)
        case Kind.EMAIL:
            for match in EMAIL.finditer(text):
                quote = match.group(0) or ""
                yield Found(quote, quote, doubtful=False)
        case Kind.URL:
            for match in URL_IN_TEXT.finditer(text):
                quote = (match.group(0) or "").rstrip(".,;:!?)]}'*_")
                yield from _parsed(spec, quote, quote, today)
        case Kind.CHOICE:
            yield from _chosen(spec, text)


def _chosen(spec: InputSpec, text: str) -> Iterator[Found]:
    for choice in spec.choices:
        words = r"[\s_-]+".join(literal(word) for word in re.split(r"[\s_-]+", choice.strip()) if word)
        if words and folded(choice) not in _NEVER_FOUND:
            match = compiled(rf"(?i)(?:^|[^\pL\pN_])({words})(?:$|[^\pL\pN_])").search(text)
            if match is not None:
                yield Found(choice, match.group(1) or "", doubtful=False)


def _matched(spec: InputSpec, text: str, today: date | None) -> Iterator[Found]:
    pattern = compiled(spec.pattern)
    named = _named_choices(spec, pattern)
    group: str | int = "value" if "value" in pattern.groupindex else min(pattern.groups, 1)
    for match in pattern.finditer(text):
        if named:
            yield from _named(match, named)
            continue
        yield from _parsed(spec, match.group(group) or "", match.group(0) or "", today)


def _named_choices(spec: InputSpec, pattern: Pattern) -> dict[str, str]:
    """Return the choices by the groups that are named like them, ``_`` for all but letters and digits."""
    names = {re.sub(r"[\W_]+", "_", folded(choice)): choice for choice in spec.choices}
    return {group: names[group] for group in pattern.groupindex if group in names}


def _named(match: Match, choices: dict[str, str]) -> Iterator[Found]:
    for group, choice in choices.items():
        words = match.group(group)
        if words:
            yield Found(choice, words, doubtful=False)


def _parsed(spec: InputSpec, raw: object, quote: str, today: date | None) -> Iterator[Found]:
    try:
        yield Found(parse_answer(spec, raw, today=today), quote, doubtful=False)
    except InputError:
        return
