"""What the practice company "Kettle & Co" knows: its products, orders, parcels and sales, the same on every start."""

import calendar
import hashlib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

COMPANY = "Kettle & Co"
CURRENCY = "EUR"
EARLIEST_SALES = date(2023, 1, 1)


@dataclass(frozen=True, slots=True)
class Product:
    name: str
    price: Decimal
    strength: str


PRODUCTS = (
    Product("Alba stovetop kettle", Decimal("49.00"), "sings when the water is ready and works on every hob"),
    Product("Brio gooseneck kettle", Decimal("89.00"), "pours a thin, steady stream for filter coffee"),
    Product("Kuro cast-iron teapot", Decimal("64.50"), "keeps tea warm for an hour on its stand"),
    Product("Lumi glass teapot", Decimal("38.90"), "shows how strong the tea is while it draws"),
    Product("Volta electric kettle", Decimal("119.00"), "heats to the degree, from 40 to 100"),
    Product("Hira tea set", Decimal("238.00"), "is a teapot, six cups and a tray of ash wood"),
)
CUSTOMERS = (
    ("Mia Novak", "mia.novak@example.com"),
    ("Jonas Weber", "jonas.weber@example.com"),
    ("Amara Okafor", "amara.okafor@example.com"),
    ("Luca Moretti", "luca.moretti@example.com"),
    ("Sofie Jensen", "sofie.jensen@example.com"),
    ("Tomasz Zielinski", "tomasz.zielinski@example.com"),
)
METRICS = {"revenue": CURRENCY, "orders": "orders", "units": "pieces", "returns": "pieces", "refunds": CURRENCY}
_OTHER_NAMES = {"sales": "revenue", "turnover": "revenue", "pieces": "units", "units sold": "units"}

_ORDER_NUMBER = re.compile(r"K-1\d{4}")
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_PARCELS = (
    ("in_transit", "is on its way", "Parcel centre Lyon", 2),
    ("out_for_delivery", "is with the driver", "Delivery van", 0),
    ("delivered", "was delivered", "Front door", -1),
    ("delayed", "is held up at the depot", "Depot Antwerp", 4),
)


def _number_from(*parts: object) -> int:
    """Return a number that is the same for the same parts on every start."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, parts)).encode()).digest()[:4])


def _parcel_of(seed: int) -> tuple[str, str, str, int]:
    """Return an order's parcel: status, words, place, days until it arrives. K-10234 is on its way."""
    return _PARCELS[(seed + 2) % len(_PARCELS)]


def money(amount: Decimal) -> dict[str, str]:
    """Return an amount of the shop's currency as facts hold it."""
    return {"amount": str(amount), "currency": CURRENCY}


def order(number: str, today: date) -> dict[str, object] | None:
    """Return an order by its number (``K-1`` and four digits), or None when there is none."""
    number = number.strip().upper()
    if not _ORDER_NUMBER.fullmatch(number):
        return None
    seed = int(number[2:])
    product = PRODUCTS[seed % len(PRODUCTS)]
    name, email = CUSTOMERS[seed % len(CUSTOMERS)]
    status, *_ = _parcel_of(seed)
    return {
        "number": number,
        "customer": {"name": name, "email": email},
        "product": product.name,
        "quantity": 1,
        "total": money(product.price),
        "ordered_on": (today - timedelta(days=3 + seed % 5)).isoformat(),
        "status": status,
    }


def parcel(number: str, today: date) -> dict[str, object] | None:
    """Return where an order's parcel is, with a sentence for the customer; None when there is no such order."""
    number = number.strip().upper()
    if order(number, today) is None:
        return None
    status, words, place, days = _parcel_of(int(number[2:]))
    expected_on = today + timedelta(days=days)
    when = "on" if status == "delivered" else "and is expected on"
    return {
        "order": number,
        "status": status,
        "status_text": f"Your parcel {words} {when} {expected_on:%A} {expected_on.day} {expected_on:%B}.",
        "carrier": "Swift Parcels",
        "tracking_code": f"SP{_number_from('parcel', number):010d}",
        "last_seen": place,
        "expected_on": expected_on.isoformat(),
    }


def period_months(text: str, today: date) -> tuple[date, date] | None:
    """Read a period such as ``2026-03``, ``March 2026``, ``Q1 2026``, ``2026``, ``last month`` or ``last quarter``.

    Returns its first and last month, each as the first of the month; None when it cannot be read.
    """
    words = text.strip().lower()
    month = today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    last_quarter = (quarter - timedelta(days=1)).replace(day=1)
    named = {
        "this month": (month, month),
        "last month": (last_month, last_month),
        "this quarter": (quarter, month),
        "last quarter": (last_quarter.replace(month=last_quarter.month - 2), last_quarter),
        "this year": (month.replace(month=1), month),
        "last year": (date(month.year - 1, 1, 1), date(month.year - 1, 12, 1)),
    }
    if words in named:
        return named[words]
    if match := re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", words):
        return (date(int(match[1]), int(match[2]), 1),) * 2
    if match := re.fullmatch(r"([a-z]+) (20\d\d)", words):
        number = _MONTHS.get(match[1])
        return (date(int(match[2]), number, 1),) * 2 if number else None
    if match := re.fullmatch(r"q([1-4])[ -](20\d\d)|(20\d\d)[ -]q([1-4])", words):
        first = int(match[1] or match[4]) * 3 - 2
        year = int(match[2] or match[3])
        return date(year, first, 1), date(year, first + 2, 1)
    if match := re.fullmatch(r"20\d\d", words):
        return date(int(words), 1, 1), date(int(words), 12, 1)
    return None


def sales(metric: str, period: str, today: date) -> dict[str, object] | None:
    """Return the rows of a metric for a period, one for each product; None when there are none."""
    name = _OTHER_NAMES.get(metric.strip().lower(), metric.strip().lower())
    months = period_months(period, today)
    if name not in METRICS or months is None:
        return None
    first, last = months
    if first < EARLIEST_SALES or last > today:
        return None
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    rows = []
    for product in PRODUCTS:
        value = sum(40 + _number_from(name, product.name, first, step) % 160 for step in range(count))
        if name in {"returns", "refunds"}:
            value //= 12
        if METRICS[name] == CURRENCY:
            value *= int(product.price)
        rows.append({"product": product.name, "value": value})
    return {
        "metric": name,
        "period": period.strip(),
        "unit": METRICS[name],
        "rows": rows,
        "total": sum(int(str(row["value"])) for row in rows),
        "best": max(rows, key=lambda row: int(str(row["value"])))["product"],
    }
