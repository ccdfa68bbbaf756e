"""The whole story in browsers: asked, answered, drafted, fixed, approved, sent, done; and undone before it is sent."""

from itertools import groupby

import pytest
from playwright.sync_api import Page, expect

from tests.story.conftest import PracticeDesk, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

RECORD_MOVES = """
window.moves = {};
const note = () => {
  for (const card of document.querySelectorAll(".card")) {
    const been = (window.moves[card.dataset.code] ??= []);
    const column = card.closest(".column").dataset.column;
    if (been.at(-1) !== column) been.push(column);
  }
};
new MutationObserver(note).observe(document.getElementById("board"), { childList: true, subtree: true });
"""


def shows(board: Page, code: str, state: str) -> None:
    """Wait until the board has the card in this column, and nowhere else."""
    expect(board.locator(f"#column-{state} #card-{code}")).to_be_visible()
    expect(board.locator(f"#card-{code}")).to_have_count(1)


def text_of(page: Page, selector: str) -> str:
    """Return an element's own text, to the letter."""
    return page.locator(selector).text_content() or ""


def test_story_by_mouse(desk: PracticeDesk, visit: Visit) -> None:
    olivia, ada, ravi, mia = visit("operator"), visit("admin"), visit("reviewer"), visit(width=390)
    board = ada.board()
    board.evaluate(RECORD_MOVES)

    # A request comes in without its order number.
    page = olivia.board()
    page.get_by_role("link", name="New request").click()
    page.get_by_label("Type").select_option("Support")
    expect(page.get_by_label("Order number")).to_be_visible()
    page.get_by_label("Title").fill("Refund for my teapot")
    page.get_by_label("What is needed").fill("Hello, the teapot is too small for us. I would like a refund, please.")
    page.get_by_label("Requester's name").fill("Mia Novak")
    page.get_by_label("Requester's e-mail address").fill("mia.novak@example.com")
    page.get_by_role("button", name="Send the request").click()
    code = page.url.rstrip("/").rpartition("/")[2]
    shows(board, code, "waiting")
    expect(page.locator("#item-inputs")).to_contain_text("Asked the requester")

    # The requester opens the link, is refused once, and answers.
    outbox = olivia.open("/outbox/")
    letter = outbox.locator(".letter", has_text=code).first
    link = letter.locator("a[href*='/r/']")
    answer = mia.open(link.get_attribute("href") or "")
    answer.get_by_role("button", name="Send the answer").click()
    expect(answer.get_by_text("What you typed is kept.")).to_be_visible()
    answer.get_by_label("Order number", exact=True).fill("K-10244")
    answer.get_by_role("button", name="Send the answer").click()
    expect(answer.get_by_text("We have your answer.")).to_be_visible()

    # An agent drafts; the reviewer sees the question, fixes the text and approves.
    shows(board, code, "in_review")
    review = ravi.open("/reviews/")
    review.get_by_role("button", name=f"Take {code}").click()
    expect(review.get_by_text("Yours for")).to_be_visible()
    draft = review.get_by_role("textbox", name="Text from Reply agent")
    better = draft.input_value().replace("Kind regards", "Please keep the teapot.\n\nKind regards")
    draft.fill(better)
    exact = review.locator("#preview .bench-request", has_text="Reply to requester").locator("pre").first
    expect(exact).to_contain_text("Please keep the teapot.")
    approved = exact.text_content()
    approved_refund = text_of(review, "#preview .bench-request:has-text('Refund') details pre")
    review.get_by_role("button", name="Fix and approve").click()
    expect(review.get_by_text("Fixed and approved")).to_be_visible()
    shows(board, code, "working")

    # The tools do exactly that, and the request is done.
    shows(board, code, "done")
    [refund] = [done for done in desk.done_by_tools() if done.get("order") == "K-10244"]
    assert approved_refund == '{"amount":{"amount":64.5,"currency":"EUR"},"order":"K-10244"}'
    assert refund["amount"] == {"amount": "64.5", "currency": "EUR"}
    outbox.reload()
    assert outbox.locator(".letter", has_text=code).first.locator(".letter-body").text_content() == approved == better
    answer.reload()
    expect(answer.locator(".letter-body", has_text="Please keep the teapot.")).to_have_count(1)
    expect(answer.get_by_role("heading", name="It is done")).to_be_visible()

    timeline = page.locator("#item-timeline")
    expect(timeline).to_contain_text("Ravi Rao")
    expect(timeline).to_contain_text("Refund and reply")
    # Between two steps a request is incoming, often for less than the board takes to draw it.
    moves = [state for state in board.evaluate("window.moves")[code] if state != "incoming"]
    assert [state for state, _ in groupby(moves)] == ["waiting", "working", "in_review", "working", "done"]


def test_undo_before_it_leaves(desk: PracticeDesk, visit: Visit) -> None:
    code = desk.send(
        "undo",
        type="support",
        title="Refund for a kettle",
        text="I would like a refund for order K-10240.",
        requester={"name": "Sofie Jensen", "email": "sofie.jensen@example.com"},
    )
    ravi, ada = visit("reviewer"), visit("admin")
    board = ada.board()
    shows(board, code, "in_review")
    review = ravi.open("/reviews/")
    review.get_by_role("button", name=f"Take {code}").click()
    review.get_by_role("button", name="Approve and send").click()
    shows(board, code, "working")
    review.get_by_role("button", name="Undo").click()
    expect(review.get_by_text("Nothing was sent")).to_be_visible()
    expect(review.get_by_text("Yours for")).to_be_visible()
    shows(board, code, "in_review")
    assert [done for done in desk.done_by_tools() if done.get("order") == "K-10240"] == []

    # Approved again, it is sent once: what was undone never left.
    review.get_by_role("button", name="Approve and send").click()
    shows(board, code, "done")
    assert len([done for done in desk.done_by_tools() if done.get("order") == "K-10240"]) == 1
    outbox = ada.open("/outbox/")
    expect(outbox.locator(".letter", has_text=f"[{code}] ")).to_have_count(1)
