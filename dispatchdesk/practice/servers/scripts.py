"""What the practice model says: scripted drafts from the facts in its prompt, and the visitor's own words quoted."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dispatchdesk.practice.servers import shop

Draft = dict[str, object]
"""Named values of an answer: ``text``, ``subject``, ``claims`` and so on."""

_AGENT = re.compile(r"\b(reply|copy|report|page[ _-]?writer)\b", re.IGNORECASE)
_FACT = re.compile(r"^[ \t]*[-*]?[ \t]*([A-Za-z][\w .-]{0,40}?)[ \t]*[:=][ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_REQUEST = re.compile(r"<(request|text|message)>\s*(.*?)\s*</\1>", re.IGNORECASE | re.DOTALL)
_ORDER = re.compile(r"\bK-\d{4,6}\b")
_MONEY = re.compile(r"\b\d{1,5}(?:[.,]\d\d)? ?(?:EUR|€)|€ ?\d{1,5}(?:[.,]\d\d)?")
_ROW = re.compile(r"""["']product["']: ["']([^"']+)["'], ["']value["']: (\d+)""")
_TOTAL = re.compile(r"""\btotal["']?\s*[:=]\s*["']?(\d[\d.,]*)""", re.IGNORECASE)
_QUOTED_CHARACTERS = 180

_TOPICS = (
    ("refund", ("refund", "money back", "return it", "send it back", "reimburse")),
    ("delivery", ("where is", "parcel", "package", "deliver", "arrive", "shipping", "tracking", "not here")),
    ("damage", ("broken", "broke", "leak", "crack", "damaged", "chipped", "does not work", "doesn't work", "rust")),
    ("invoice", ("invoice", "receipt", "vat")),
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What an agent was told: its facts by lower-case name, the request's own words, and all of it."""

    facts: dict[str, str]
    request: str
    everything: str

    def fact(self, *names: str) -> str:
        """Return the first of these facts that is there; ``product`` also finds ``input.product``."""
        for name in names:
            for known, value in self.facts.items():
                if known == name or known.endswith((f".{name}", f" {name}")):
                    return value
        return ""

    @property
    def quote(self) -> str:
        """The beginning of the request's own words, on one line."""
        words = " ".join(self.request.split())
        return words if len(words) <= _QUOTED_CHARACTERS else words[: _QUOTED_CHARACTERS - 1].rstrip() + "…"


def read_prompt(system: str, user: str) -> Prompt:
    """Read the ``name: value`` lines and the request (between marks, or a fact of its own) out of a prompt."""
    facts = {name.lower(): value for name, value in _FACT.findall(user)}
    prompt = Prompt(facts, "", f"{system}\n{user}")
    marked = _REQUEST.search(user)
    request = marked[2] if marked else prompt.fact("request", "text", "message", "they wrote") or user
    return Prompt(facts, request.strip(), prompt.everything)


def agent_of(system: str) -> str:
    """Return which agent a system prompt speaks to: reply, copy, report, page writer, or an empty text."""
    found = _AGENT.search(system)
    return re.sub(r"page[ _-]?writer", "page writer", found[1].lower()) if found else ""


def draft(system: str, user: str, note: str = "") -> Draft:
    """Return what the agent named in the system prompt answers; it is unsure where its script has nothing to say.

    With a reviewer's note on an earlier answer it takes back what it claimed too much, and says what it was told.
    """
    prompt = read_prompt(system, user)
    write = _WRITERS.get(agent_of(system), _unsure)
    written = write(prompt)
    return _redone(written, note) if note else written


def _redone(written: Draft, note: str) -> Draft:
    told = note.split("\n")[1] if "\n" in note else note
    text = str(written["text"]).replace("It is the best kettle in the world, and yours", "It is yours")
    return written | {
        "text": f"{text}\n\n(Written anew by the practice agent, which was told: “{told}”)",
        "claims": [],
        "banned_claims": [],
        "has_banned_claims": False,
    }


def _greeting(prompt: Prompt) -> str:
    name = prompt.fact("customer name", "requester name", "name", "customer", "requester")
    return f"Hello {name.split()[0].strip(',')}," if name and "@" not in name else "Hello,"


def _signed(*paragraphs: str) -> str:
    return "\n\n".join([*paragraphs, f"Kind regards\n{shop.COMPANY}"])


def _unsure(prompt: Prompt) -> Draft:
    text = _signed(
        _greeting(prompt),
        f"Thank you for your message. You wrote: “{prompt.quote}”.",
        "I am not sure how to answer this, so a colleague should complete it before it is sent.",
    )
    return {
        "subject": "Your message to us",
        "title": "Unsure: a person should write this",
        "text": text,
        "summary": f"Unsure. The request says: “{prompt.quote}”",
        "claims": [],
        "banned_claims": [],
        "sure": False,
        "confidence": 0.2,
    }


def _reply(prompt: Prompt) -> Draft:
    asked = f"{prompt.fact('topic')} {prompt.request}".lower()
    topic = next((name for name, words in _TOPICS if any(word in asked for word in words)), "")
    if not topic:
        return _unsure(prompt)
    found_order, found_money = _ORDER.search(prompt.everything), _MONEY.search(prompt.everything)
    order = f"order {found_order[0]}" if found_order else "your order"
    amount = prompt.fact("refund amount", "refund_amount", "amount") or (found_money[0] if found_money else "")
    status = prompt.fact("status_text", "parcel", "tracking")
    body = {
        "refund": f"We are refunding {amount or 'the price'} for {order}. It reaches your account within five days.",
        "delivery": f"We looked up {order}. {status or 'The carrier has it, and we are following it for you.'}",
        "damage": f"We are sorry about that. We will replace what is damaged in {order}; please keep the packaging.",
        "invoice": f"The invoice for {order} is attached to this message.",
    }[topic]
    return {
        "subject": f"{topic.capitalize()}: {order}",
        "text": _signed(_greeting(prompt), f"You wrote: “{prompt.quote}”.", body),
        "summary": f"A reply about {topic} for {order}.",
        "claims": [],
        "topic": topic,
        "sure": True,
        "confidence": 0.9,
    }


def _product(prompt: Prompt) -> shop.Product | None:
    """Return the product that the prompt is about, by the most telling word of its name."""
    about = f"{prompt.fact('product')} {prompt.request}".lower()
    return next((product for product in shop.PRODUCTS if product.name.split()[0].lower() in about), None)


def _copy(prompt: Prompt) -> Draft:
    product = _product(prompt)
    if product is None:
        return _unsure(prompt)
    # One claim too many, so that there is something for a reviewer to find and fix.
    claims = [f"The {product.name} {product.strength}", "The best kettle in the world"]
    text = (
        f"Some mornings need a proper cup. The {product.name} {product.strength}.\n\n"
        f"It is the best kettle in the world, and yours for {product.price} {shop.CURRENCY}."
    )
    rules = prompt.everything.lower()
    banned = [claim for claim in claims if "best" in claim.lower() and ("best" in rules or "banned" in rules)]
    return {
        "subject": f"Meet the {product.name}",
        "title": f"Slow down with the {product.name}",
        "text": text,
        "summary": f"A short text about the {product.name}.",
        "claims": claims,
        "banned_claims": banned,
        "has_banned_claims": bool(banned),
        "product": product.name,
        "sure": True,
        "confidence": 0.9,
    }


def _report(prompt: Prompt) -> Draft:
    rows = [(name, int(value)) for name, value in _ROW.findall(prompt.everything)]
    total = _TOTAL.search(prompt.everything)
    if not rows and total is None:
        return _unsure(prompt)
    metric, period = prompt.fact("metric") or "sales", prompt.fact("period") or "the period"
    figure = f"{sum(value for _, value in rows):,}" if rows else total[1] if total else ""
    lines = [f"{metric.capitalize()} for {period}: {figure}."]
    if rows:
        ordered = sorted(rows, key=lambda row: -row[1])
        lines.append(f"Strongest was {ordered[0][0]} with {ordered[0][1]:,}, weakest {ordered[-1][0]}.")
        lines.append("\n".join(f"- {name}: {value:,}" for name, value in ordered))
    return {
        "subject": f"Report: {metric} for {period}",
        "title": f"{metric.capitalize()}, {period}",
        "text": "\n\n".join(lines),
        "summary": " ".join(lines[:2]),
        "claims": [],
        "rows": [f"{name}: {value:,}" for name, value in rows],
        "total": figure,
        "sure": True,
        "confidence": 0.9,
    }


def _page(prompt: Prompt) -> Draft:
    page = prompt.fact("page", "page name")
    if not page:
        return _unsure(prompt)
    title = prompt.fact("seo_title", "seo title") or f"{page.strip('/').capitalize()} | {shop.COMPANY}"
    product = _product(prompt)
    middle = f"The {product.name} {product.strength}." if product else f"You asked for: “{prompt.quote}”."
    return {
        "subject": f"Page: {page}",
        "title": title[:60],
        "slug": re.sub(r"[^a-z0-9]+", "-", page.lower()).strip("-"),
        "text": f"## {page.strip('/').capitalize()}\n\nTea is better when nobody hurries. {middle}",
        "summary": f"The page {page} of {shop.COMPANY}.",
        "image": prompt.fact("image"),
        "alt_text": f"{product.name if product else page} on a wooden table",
        "claims": [],
        "sure": True,
        "confidence": 0.9,
    }


_WRITERS: dict[str, Callable[[Prompt], Draft]] = {
    "reply": _reply,
    "copy": _copy,
    "report": _report,
    "page writer": _page,
}
