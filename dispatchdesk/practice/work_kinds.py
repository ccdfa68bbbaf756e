"""The kinds of work of "Kettle & Co", with what each asks for and how that is found in a request's own words."""

from collections.abc import Mapping
from dataclasses import dataclass

from dispatchdesk.practice.servers import shop

ORDER_NUMBER = r"\bK-\d{5}\b"
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
PERIOD = (
    r"(?i)\b(?P<value>(?:this|last) (?:month|quarter|year)|20\d\d-(?:0[1-9]|1[0-2])|q[1-4] 20\d\d"
    rf"|(?:{_MONTHS}) 20\d\d)\b"
)
TOPIC_IS_REFUND = {"fact": "input.topic", "op": "is", "value": "refund"}


@dataclass(frozen=True, slots=True)
class WorkKind:
    """A work type with its inputs, each as the fields of an ``InputField``."""

    slug: str
    name: str
    description: str
    service_level_minutes: int
    inputs: tuple[Mapping[str, object], ...]


def _words(**of_choices: str) -> str:
    """Return the pattern that finds a choice by its words."""
    return "(?i)" + "|".join(rf"\b(?P<{choice}>{words})\b" for choice, words in of_choices.items())


def _product_words() -> str:
    return _words(
        **{product.name.lower().replace(" ", "_").replace("-", "_"): _first(product) for product in shop.PRODUCTS}
    )


def _first(product: shop.Product) -> str:
    return product.name.split()[0].lower()


WORK_KINDS = (
    WorkKind(
        "support",
        "Support",
        "Customers ask about orders, parcels, refunds and products",
        8 * 60,
        (
            {
                "name": "order_number",
                "label": "Order number",
                "hint": "It begins with K- and stands in the confirmation we sent you.",
                "required": True,
                "pattern": ORDER_NUMBER,
            },
            {
                "name": "topic",
                "label": "Topic",
                "kind": "choice",
                "hint": "What is it about?",
                "required": True,
                "choices": ["delivery", "refund", "product", "other"],
                "pattern": _words(
                    delivery=r"deliver(?:y|ed)?|parcel|package|shipment|tracking|not arrived"
                    r"|where is (?:it|(?:(?:my|the) )?order|k-\d{5})",
                    refund="refund|refunded|money back",
                    product="broken|broke|leaks|leaking|dent|whistle|guarantee|product",
                ),
            },
            {
                "name": "refund_amount",
                "label": "Refund amount",
                "kind": "money",
                "currency": shop.CURRENCY,
                "hint": "What you paid, such as 49.00 EUR.",
                "required": True,
                "applies_when": TOPIC_IS_REFUND,
                "source_fact": "source.orders.total",
            },
        ),
    ),
    WorkKind(
        "marketing",
        "Marketing",
        "Texts for newsletters, posts and adverts",
        2 * 24 * 60,
        (
            {
                "name": "product",
                "label": "Product",
                "kind": "choice",
                "hint": "Which product is the text about?",
                "required": True,
                "choices": [product.name for product in shop.PRODUCTS],
                "pattern": _product_words(),
            },
        ),
    ),
    WorkKind(
        "reporting",
        "Reporting",
        "Figures and reports on sales",
        24 * 60,
        (
            {
                "name": "metric",
                "label": "Metric",
                "kind": "choice",
                "hint": "Which figure is needed?",
                "required": True,
                "choices": list(shop.METRICS),
                "pattern": _words(
                    revenue="revenue|sales|turnover",
                    orders="orders",
                    units="units|pieces",
                    returns="returns",
                    refunds="refunds",
                ),
            },
            {
                "name": "period",
                "label": "Period",
                "hint": "A month, quarter or year, such as 2026-03, Q1 2026 or last month.",
                "required": True,
                "pattern": PERIOD,
            },
        ),
    ),
    WorkKind(
        "website",
        "Website",
        "New and changed pages of the website",
        3 * 24 * 60,
        (
            {
                "name": "page",
                "label": "Page",
                "hint": "Its address on the site, such as /care-guide.",
                "required": True,
                "pattern": r"(?:^|\s)(?P<value>/[a-z0-9][a-z0-9/-]*)",
            },
            {
                "name": "image",
                "label": "Image",
                "hint": "The file's name, such as kettle.jpg.",
                "required": True,
                "pattern": r"(?i)\b(?P<value>[\w-]+\.(?:jpe?g|png|webp))\b",
            },
            {
                "name": "seo_title",
                "label": "SEO title",
                "hint": "The title search engines show, 60 characters at most.",
                "required": True,
                "pattern": r"(?i)SEO title:? *[“\"]?(?P<value>[^\n.”\"]{3,60})",
            },
        ),
    ),
)
