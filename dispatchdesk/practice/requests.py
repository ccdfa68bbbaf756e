"""What people write to "Kettle & Co": the stories that show each path, and the texts of the stream."""

from collections.abc import Callable
from dataclasses import dataclass

from dispatchdesk.practice.servers import shop
from routing.actions import intake
from routing.actions.intake import Request
from routing.domain.roles import Actor, Role
from routing.models import WorkItem

CHANNEL = "email"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of the practice company; ``story`` names the path it shows."""

    story: str
    title: str
    text: str
    name: str
    email: str


def send(requests: list[Sent]) -> list[WorkItem]:
    """Receive these requests as mails by their senders, due for a decision at once; returns their items."""
    items = []
    for sent in requests:
        request = Request(
            title=sent.title,
            text=sent.text,
            channel=CHANNEL,
            requester_name=sent.name,
            requester_email=sent.email,
        )
        sender = Actor(role=Role.SYSTEM, name=sent.name)
        item = intake.receive(actor=sender, request=request, trigger_kind=CHANNEL).item
        if item is not None:
            items.append(item)
    return items


def customer_of(number: str) -> tuple[str, str]:
    """Return name and e-mail address of whoever ordered this."""
    return shop.CUSTOMERS[int(number[2:]) % len(shop.CUSTOMERS)]


def product_of(number: str) -> shop.Product:
    """Return what was ordered by this number."""
    return shop.PRODUCTS[int(number[2:]) % len(shop.PRODUCTS)]


def _from_customer(story: str, title: str, text: str, number: str) -> Sent:
    name, email = customer_of(number)
    filled = text.format(number=number, product=product_of(number).name, name=name.split()[0])
    return Sent(story, title, filled, name, email)


_COLLEAGUES = {
    "marketing": ("Nora Lind", "nora.lind@example.com"),
    "reporting": ("Pavel Dvorak", "pavel.dvorak@example.com"),
    "website": ("Ines Costa", "ines.costa@example.com"),
}


def _from_colleague(story: str, team: str, title: str, text: str) -> Sent:
    return Sent(story, title, text, *_COLLEAGUES[team])


def delivery(number: str) -> Sent:
    """Return a question that is answered without a person."""
    return _from_customer(
        "delivery",
        "Where is my delivery?",
        "Hello, my delivery was due on Tuesday and is not here yet. The order number is {number}. Can you tell me "
        "where it is?\n\nThank you\n{name}",
        number,
    )


def no_number(number: str) -> Sent:
    """Return a question that lacks the order number."""
    return _from_customer(
        "no-number",
        "My parcel has not arrived",
        "Hello, I ordered a kettle two weeks ago and the parcel has still not arrived. Could you look where it is?"
        "\n\n{name}",
        number,
    )


def refund(number: str) -> Sent:
    """Return a refund of what the order cost."""
    return _from_customer(
        "refund",
        "Refund for my order",
        "Hello, I would like a refund for order {number}. The {product} is lovely, but much too heavy for my mother. "
        "I have already sent it back.\n\n{name}",
        number,
    )


def lawyer(number: str) -> Sent:
    """Return a letter that mentions a lawyer."""
    return _from_customer(
        "lawyer",
        "Last reminder before my lawyer writes",
        "I asked for a refund for order {number} three times. If the money is not in my account on Friday, my lawyer "
        "will write to you.\n\n{name}",
        number,
    )


def broken(number: str) -> Sent:
    """Return a question that no rule answers."""
    return _from_customer(
        "question",
        "The lid broke",
        "The lid of my {product} broke after two days. My order was {number}. Can I get a new one?\n\n{name}",
        number,
    )


def copy(product: str) -> Sent:
    """Return an order for a text, whose draft makes a claim too many."""
    return _from_colleague(
        "copy",
        "marketing",
        f"Newsletter text: {product}",
        f"We need a short text about the {product} for Friday's newsletter. Please keep to the brand rules.",
    )


def report(metric: str, period: str) -> Sent:
    """Return an order for a report."""
    return _from_colleague(
        "report",
        "reporting",
        f"{metric.capitalize()} for {period}",
        f"Please send me a report with the {metric} for {period} by product. I need it for the board meeting.",
    )


def page(path: str, title: str) -> Sent:
    """Return an order for a page."""
    return _from_colleague(
        "page",
        "website",
        f"New page {path}",
        f"Please publish the page {path} on the website. Image: {path.strip('/')}.jpg\nSEO title: {title}",
    )


def unsure(number: str) -> Sent:
    """Return a request that fits no type well."""
    return _from_customer(
        "unsure",
        "A question before I decide",
        "Which kettle would you recommend for green tea?\n\n{name}",
        number,
    )


STORIES = (
    delivery("K-10234"),
    no_number("K-10237"),
    refund("K-10238"),
    copy("Volta electric kettle"),
    report("revenue", "last month"),
    page("/care-guide", "How to care for your kettle"),
    unsure("K-10240"),
)

_PAGES = (
    ("/spring-teas", "Teas for spring"),
    ("/warranty", "Our warranty"),
    ("/gift-cards", "Gift cards for tea lovers"),
    ("/repair", "Repairs by our workshop"),
)
_REPORTS = (("orders", "last month"), ("units", "last quarter"), ("returns", "2019-05"), ("revenue", "this year"))
_ROUND: tuple[Callable[[int], Sent], ...] = (
    lambda n: delivery(_number(n)),
    lambda n: refund(_number(n)),
    lambda n: copy(shop.PRODUCTS[n // len(_ROUND) % len(shop.PRODUCTS)].name),
    lambda n: delivery(_number(n)),
    lambda n: no_number(_number(n)),
    lambda n: report(*_REPORTS[n // len(_ROUND) % len(_REPORTS)]),
    lambda n: broken(_number(n)),
    lambda n: delivery(_number(n)),
    lambda n: page(*_PAGES[n // len(_ROUND) % len(_PAGES)]),
    lambda n: unsure(_number(n)),
    lambda n: refund(_number(n)),
    lambda n: lawyer(_number(n)),
)


def _number(turn: int) -> str:
    return f"K-1{(300 + turn * 7) % 10_000:04d}"


def of_stream(turn: int) -> Sent:
    """Return the request the stream sends at its n-th turn; the paths take turns."""
    return _ROUND[turn % len(_ROUND)](turn)
