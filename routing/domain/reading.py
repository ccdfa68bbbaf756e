"""Numbers, amounts of money and days as people write them, read from a text or found inside one.

Everything here runs on texts by anybody, so patterns are RE2's: linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from routing.domain.patterns import Match, compiled

_LONGEST_NUMBER = 40
_BLANKS = re.compile(r"[\s'\u2019]")  # \s takes the narrow and the unbreakable blanks, \u2019 is an apostrophe
_GROUPED = re.compile(r"\d{1,3}(?:[\s'\u2019]\d{3})+")
_MINUS = "\u2212"


def read_number(text: str, *, point_groups: bool = False) -> Decimal | None:
    """Read a number written in one of the common ways, or return None.

    The last of ``.`` and ``,`` parts the decimals when both occur; one that occurs several times groups thousands. A
    single one followed by exactly three digits is ambiguous: a comma then groups thousands (1,234), a point does so
    only where ``point_groups`` says so, as for money (1.234 EUR), and parts decimals elsewhere.
    """
    text = text.strip().replace(_MINUS, "-")
    if not text or len(text) > _LONGEST_NUMBER:
        return None
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-").strip() if text[:1] in {"+", "-"} else text
    whole = re.split(r"[.,]", digits)[0]
    if _BLANKS.search(whole) and not _GROUPED.fullmatch(whole):
        return None
    digits = _BLANKS.sub("", whole) + digits[len(whole) :]
    plain = _with_point(digits, point_groups=point_groups)
    return None if plain is None else sign * Decimal(plain)


def _with_point(digits: str, *, point_groups: bool) -> str | None:
    """Return digits with ``.`` before decimals and no groups, or None when the groups make no number."""
    if not re.fullmatch(r"\d+(?:[.,]\d+)*", digits, re.ASCII):
        return None
    marks = [char for char in digits if char in ".,"]
    if not marks:
        return digits
    last = marks[-1]
    head, _, tail = digits.rpartition(last)
    if len(set(marks)) == 1:
        ambiguous = len(marks) == 1 and len(tail) == 3 and len(head) <= 3 and head != "0"
        if len(marks) == 1 and not (ambiguous and (last == "," or point_groups)):
            return f"{head}.{tail}"
        head, tail = digits, ""
    elif marks.count(last) > 1:
        return None
    groups = re.split(r"[.,]", head)
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        return None
    return "".join(groups) + (f".{tail}" if tail else "")


_SYMBOLS = {
    "€": "EUR",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "zł": "PLN",
    "euro": "EUR",
    "euros": "EUR",
    "dollar": "USD",
    "dollars": "USD",
    "pound": "GBP",
    "pounds": "GBP",
    "eur": "EUR",
    "usd": "USD",
    "gbp": "GBP",
    "chf": "CHF",
}
CURRENCIES = (
    *("EUR", "USD", "GBP", "CHF", "JPY", "CNY", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON"),
    *("BGN", "TRY", "UAH", "INR", "BRL", "MXN", "ZAR", "SGD", "HKD", "KRW"),
)
_SIGN = "€|US\\$|A\\$|C\\$|\\$|£|¥|₹"
_WORD = f"zł|(?i:euros?|eur|usd|gbp|chf|dollars?|pounds?)|{'|'.join(CURRENCIES)}"
_FIGURE = r"\d{1,3}(?:[ \x{a0}\x{202f}'\x{2019}.,]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_CODE = compiled("[A-Z]{3}")
_AMOUNTS = compiled(
    rf"(?:({_SIGN})|\b({_WORD}))[ \x{{a0}}\x{{202f}}]?({_FIGURE})\b"
    rf"|\b({_FIGURE})(?:[.,][-\x{{2013}}\x{{2014}}])?[ \x{{a0}}\x{{202f}}]?(?:({_SIGN})|({_WORD})(?:\b|$))"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount found in a text, with its currency and the words it stands in."""

    amount: Decimal
    currency: str
    quote: str


def amounts(text: str) -> Iterator[Amount]:
    """Yield the amounts that name a currency, in order."""
    for match in _AMOUNTS.finditer(text):
        mark = next(group for group in (match.group(n) for n in (1, 2, 5, 6)) if group)
        number = read_number(match.group(3) or match.group(4) or "", point_groups=True)
        if number is not None:
            currency = _SYMBOLS.get(mark) or _SYMBOLS.get(mark.lower()) or mark
            yield Amount(number, currency, match.group(0) or "")


def read_amount(text: str) -> tuple[Decimal, str] | None:
    """Read an amount with its currency code (empty when it names none), or return None.

    Any code of three capitals counts behind the number, not only those that ``amounts`` knows in a text.
    """
    text = text.strip().replace(_MINUS, "-")
    sign = -1 if text[:1] == "-" else 1
    bare = text.lstrip("+-").strip()
    for found in amounts(bare):
        if found.quote == bare:
            return sign * found.amount, found.currency
        break
    figure, code = (text[:-3].rstrip(), text[-3:]) if _CODE.fullmatch(text[-3:]) else (text, "")
    number = read_number(figure.removesuffix(",-").removesuffix(".-"), point_groups=True)
    return None if number is None else (number, code)


EMAIL = compiled(
    r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)
_HOST = r"(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+[\pL]{2,24}"
URL = compiled(rf"(?i)https?://{_HOST}(?::\d{{1,5}})?(?:[/?#][^\s<>\"']*)?")
URL_IN_TEXT = compiled(rf"(?i)(?:https?://|\bwww\.){_HOST}(?::\d{{1,5}})?(?:[/?#][^\s<>\"']*)?")

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_DATES = compiled(
    r"(?i)\b(?:(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:\b|T)"
    r"|(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})\b"
    r"|(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})\b"
    rf"|(\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of )?({_MONTH})\b\.?,?(?: (\d{{4}})\b)?"
    rf"|({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?"
    r"|(today|tomorrow|yesterday)\b)"
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day found in a text, with the words it stands in; not ``sure`` when they can mean another day."""

    day: date
    quote: str
    sure: bool


def days(text: str, today: date | None) -> Iterator[Day]:
    """Yield the days named in a text, in order; those told by the present day only when it is given."""
    for match in _DATES.finditer(text):
        found = _day(match, today)
        if found is not None:
            day, sure = found
            yield Day(day, (match.group(0) or "").rstrip("T, "), sure)


def read_day(text: str, today: date | None) -> Day | None:
    """Read a text that is a day and nothing else, or return None."""
    text = text.strip().rstrip(".")
    found = next(days(text, today), None)
    return found if found is not None and found.quote.rstrip(".") == text else None


_RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1}


def _day(match: Match, today: date | None) -> tuple[date, bool] | None:
    part = match.group
    if part(1):
        return _made(part(1), part(2), part(3), sure=True)
    if part(4):
        return _made(part(6), part(5), part(4), sure=True)
    if part(7):
        return _slashed(part(9) or "", part(7) or "", part(8) or "")
    if part(10) or part(13):
        month = str(_MONTHS.index((part(11) or part(13) or "")[:3].lower()) + 1)
        year, day = part(12) or part(15), part(10) or part(14)
        if year:
            return _made(year, month, day, sure=True)
        return None if today is None else _nearest(month, day, today)
    if today is None:
        return None
    return today + timedelta(days=_RELATIVE[(part(16) or "today").lower()]), False


def _slashed(year: str, first: str, second: str) -> tuple[date, bool] | None:
    """Read ``3/4/2026``: day first, and unsure while the month could come first as well."""
    if int(second) > 12:
        return _made(year, first, second, sure=True)
    return _made(year, second, first, sure=int(first) > 12 or first == second)


def _nearest(month: str, day: str | None, today: date) -> tuple[date, bool] | None:
    """Return the day without a year that is nearest to the present day."""
    tries = [_made(str(today.year + offset), month, day, sure=False) for offset in (-1, 0, 1)]
    possible = [found for found in tries if found is not None]
    return min(possible, key=lambda found: abs(found[0] - today), default=None)


def _made(year: str | None, month: str | None, day: str | None, *, sure: bool) -> tuple[date, bool] | None:
    full_year = int(year or 0) + (2000 if len(year or "") == 2 else 0)
    try:
        return date(full_year, int(month or 0), int(day or 0)), sure
    except ValueError:
        return None
