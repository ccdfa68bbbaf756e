"""The rules of "Kettle & Co", in the JSON that rulebooks are written in."""

from dispatchdesk.practice.servers.shop import COMPANY, CURRENCY

Part = dict[str, object]

_GREETING = "Hello {{ item.requester_name? }},"
_REGARDS = f"Kind regards\n{COMPANY}"
_REPLY = "reply-to-requester"


def _is(fact: str, value: object) -> Part:
    return {"fact": fact, "op": "is", "value": value}


def _known(fact: str) -> Part:
    return {"fact": fact, "op": "known"}


def _missing(fact: str) -> Part:
    return {"fact": fact, "op": "missing"}


def _every(*parts: Part) -> Part:
    return {"all": list(parts)}


def _rule(rule_id: str, name: str, when: Part, then: Part, because: str) -> Part:
    return {"id": rule_id, "name": name, "when": when, "then": then, "because": because}


def _go(*to: str, approved_by: str = "", subject: str = "", text: str = "") -> Part:
    texts: Part = {"with": {"subject": subject, "text": text}} if subject else {}
    return {"do": "go", "to": list(to), **({"approved_by": approved_by} if approved_by else {}), **texts}


def _escalate(queue: str, reason: str) -> Part:
    return {"do": "escalate", "queue": queue, "reason": reason}


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(parts)


_ANSWERED = _rule(
    "answered",
    "Answered",
    _known(f"steps.{_REPLY}"),
    {"do": "finish"},
    "the requester has the answer",
)

FIRST_LOOK: list[Part] = [
    {
        "id": "sure",
        "name": "Sure where it belongs",
        "when": {"fact": "router.confidence", "op": "at_least", "value": 0.8},
        "set": {"type": "router.type"},
        "because": "the router is at least 80 % sure",
    }
]


def _done_by(queue: str) -> Part:
    """Return the rule that ends what somebody has done by hand."""
    done = _is(f"reviews.{queue}.verdict", "completed")
    return _rule("done-by-hand", "Done by hand", done, {"do": "finish"}, "somebody has taken care of it")


_TOPIC = "input.topic"
_DRAFTED_REPLY = {
    "subject": "{{ steps.reply.output.subject }}",
    "text": "{{ steps.reply.output.text }}",
}
_REFUND_DRAFTED = (_is(_TOPIC, "refund"), _known("steps.reply"))


def _refund_after(queue: str) -> Part:
    return _go("refund", _REPLY, approved_by=queue, **_DRAFTED_REPLY)


_SUPPORT_START: list[Part] = [
    _done_by("support"),
    {
        "id": "regular-customer",
        "name": "Regular customers first",
        "when": _is("source.customers.group", "regular"),
        "set": {"priority": "high"},
        "because": "a regular customer writes",
    },
    _rule(
        "lawyer",
        "A lawyer is mentioned",
        {"fact": "item.text", "op": "contains", "value": "lawyer"},
        _escalate("support", "The text mentions a lawyer."),
        "words to a lawyer are chosen by a person",
    ),
    _rule(
        "track",
        "Track the parcel",
        _is(_TOPIC, "delivery"),
        _go("track-parcel"),
        "the carrier knows where the parcel is",
    ),
    _rule(
        "tell-where",
        "Tell where the parcel is",
        _every(_is(_TOPIC, "delivery"), _known("steps.track-parcel")),
        _go(
            _REPLY,
            approved_by="rule",
            subject="Your order {{ input.order_number }}",
            text=_paragraphs(
                _GREETING,
                "{{ steps.track-parcel.output.status_text }}",
                "{{ steps.track-parcel.output.carrier }} calls it {{ steps.track-parcel.output.tracking_code }}.",
                _REGARDS,
            ),
        ),
        "it holds only what the carrier said, and no text by a model",
    ),
    _rule(
        "no-parcel",
        "No parcel is known",
        _every(_is(_TOPIC, "delivery"), _missing("steps.track-parcel")),
        _escalate("support", "The carrier knows no parcel for this order."),
        "only a person can find out what happened",
    ),
    _rule(
        "draft-refund",
        "Draft the reply about a refund",
        _is(_TOPIC, "refund"),
        _go("reply"),
        "Support reads the reply before it leaves",
    ),
]

_SUPPORT_END: list[Part] = [
    _rule(
        "questions",
        "Other questions",
        {"fact": _TOPIC, "op": "one_of", "value": ["product", "other"]},
        _go("support"),
        "no rule can answer these",
    ),
    _ANSWERED,
]

SUPPORT: list[Part] = [
    *_SUPPORT_START,
    _rule(
        "refund",
        "Refund and reply",
        _every(*_REFUND_DRAFTED),
        _refund_after("support"),
        "money leaves the house only with Support's consent",
    ),
    *_SUPPORT_END,
]

_LIMIT = {"amount": "200", "currency": CURRENCY}

SUPPORT_V2: list[Part] = [
    *_SUPPORT_START,
    _rule(
        "large-refund",
        "Refund a large amount and reply",
        _every(*_REFUND_DRAFTED, {"fact": "input.refund_amount", "op": "over", "value": _LIMIT}),
        _refund_after("finance"),
        f"Finance decides about refunds over 200 {CURRENCY}",
    ),
    _rule(
        "refund",
        "Refund and reply",
        _every(*_REFUND_DRAFTED, {"fact": "input.refund_amount", "op": "at_most", "value": _LIMIT}),
        _refund_after("support"),
        "money leaves the house only with Support's consent",
    ),
    *_SUPPORT_END,
]
SUPPORT_V2_NOTE = f"Refunds over 200 {CURRENCY} go to Finance"

_COPY = {
    "subject": "Your text about the {{ input.product }}",
    "text": _paragraphs(
        _GREETING, "here is your text.", "{{ steps.copy.output.title }}", "{{ steps.copy.output.text }}", _REGARDS
    ),
}

MARKETING: list[Part] = [
    _done_by("content"),
    _rule(
        "draft",
        "Draft with the brand rules",
        _known("input.product"),
        _go("copy"),
        "every text begins with a draft by the brand rules",
    ),
    _rule(
        "banned-claims",
        "Banned claims",
        _is("steps.copy.output.has_banned_claims", value=True),
        _go(_REPLY, approved_by="content", **_COPY),
        "the draft makes claims that the brand rules ban: fix them",
    ),
    _rule(
        "no-banned-claims",
        "No banned claims",
        _is("steps.copy.output.has_banned_claims", value=False),
        _go(_REPLY, approved_by="content", **_COPY),
        "Content approves every text",
    ),
    _ANSWERED,
]

REPORTING: list[Part] = [
    _done_by("finance"),
    _rule(
        "no-rows",
        "Rows are missing",
        _missing("source.sales"),
        _escalate("triage", "There are no sales rows for this metric and period."),
        "a report without rows would be made up",
    ),
    _rule("report", "Write the report", _known("source.sales"), _go("report"), "the rows are there"),
    _rule(
        "send-report",
        "Send the report",
        _known("steps.report"),
        _go(
            _REPLY,
            approved_by="finance",
            subject="{{ steps.report.output.title }}",
            text=_paragraphs(_GREETING, "{{ steps.report.output.text }}", _REGARDS),
        ),
        "figures leave the house only with Finance's consent",
    ),
    _ANSWERED,
]

_DAY_MINUTES = 24 * 60

WEBSITE: list[Part] = [
    _done_by("content"),
    _rule("draft", "Draft the page", _known("input.page"), _go("page-writer"), "every page begins with a draft"),
    _rule(
        "publish",
        "Publish the page",
        _known("steps.page-writer"),
        _go("publish-page", approved_by="content"),
        "Content ticks the acceptance checks before anybody sees a page",
    ),
    _rule(
        "settle",
        "Wait a day",
        _known("steps.publish-page"),
        {"do": "wait", "minutes": _DAY_MINUTES},
        "a page can disappear again in the night",
    ),
    _rule(
        "check",
        "Check the page",
        _known("steps.publish-page"),
        _go("check-page"),
        "published is not yet seen",
    ),
    _rule("live", "The page is live", _known("steps.check-page"), {"do": "finish"}, "visitors can see it"),
    _rule(
        "gone",
        "The page is not there",
        _every(_known("steps.publish-page"), _missing("steps.check-page")),
        _escalate("content", "The page was published and is not there a day later."),
        "somebody has to look",
    ),
]

PUBLISHED: dict[str | None, list[Part]] = {
    None: FIRST_LOOK,
    "support": SUPPORT,
    "marketing": MARKETING,
    "reporting": REPORTING,
    "website": WEBSITE,
}
