"""Markup that got into a page after all: htmx runs none of it, and the browser lets none of it reach anything."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.feed.conftest import Web, _web, web
from tests.runtime.processes import free_port

__all__ = ["_web", "web"]

pytestmark = pytest.mark.browser

SWAP = "html => htmx.swap('#main', html, {swapStyle: 'beforeend'})"
# htmx's own doing is looked at with the browser's policy out of the way, which would hide what it lets through.
RUNS = {
    "a handler": '<b id="injected" hx-on:click="window.hacked = 1">x</b>',
    "a handler by another name": '<b id="injected" data-hx-on-click="window.hacked = 1">x</b>',
    "a filter of a trigger": '<b id="injected" hx-get="/healthz" hx-trigger="click[window.hacked = 1]">x</b>',
    "values": '<b id="injected" hx-get="/healthz" hx-vals="js:{a: window.hacked = 1}">x</b>',
    "headers": '<b id="injected" hx-get="/healthz" hx-headers="javascript:{a: window.hacked = 1}">x</b>',
    "a script": '<b id="injected">x</b><script>window.hacked = 1</script>',
    "a script in a part": '<div><b id="injected">x</b><script type="module">window.hacked = 1</script></div>',
}


@pytest.fixture
def unguarded(web: Web, browser: Browser) -> Iterator[BrowserContext]:
    """A browser that heeds no content security policy."""
    with browser.new_context(bypass_csp=True) as context:
        yield context


def sign_in_page(context: BrowserContext, web: Web) -> Page:
    page = context.new_page()
    page.goto(f"{web.url}/sign-in/")
    return page


@pytest.mark.parametrize("name", RUNS)
def test_htmx_runs_nothing_of_what_it_swaps_in(web: Web, unguarded: BrowserContext, name: str) -> None:
    page = sign_in_page(unguarded, web)
    page.evaluate(SWAP, RUNS[name])
    page.locator("#injected").click()
    # Whatever ran would have run by the time that an honest request of the same kind was answered.
    page.evaluate(SWAP, '<b id="honest" hx-get="/sign-in/" hx-select="h1" hx-target="#honest">y</b>')
    page.locator("#honest").click()
    page.locator("#honest h1").wait_for()
    assert page.evaluate("window.hacked") is None


def test_htmx_asks_nobody_else(web: Web, unguarded: BrowserContext) -> None:
    page, asked = sign_in_page(unguarded, web), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    elsewhere = f"http://127.0.0.1:{free_port()}/"
    page.evaluate(SWAP, f'<b id="injected" hx-post="{elsewhere}" hx-include="input">x</b>')
    page.locator("#injected").click()
    page.evaluate(SWAP, '<b id="honest" hx-get="/sign-in/" hx-select="h1" hx-target="#honest">y</b>')
    page.locator("#honest").click()
    page.locator("#honest h1").wait_for()
    assert [url for url in asked if not url.startswith(f"{web.url}/")] == []


def test_htmx_keeps_no_page_in_the_browser(web: Web, unguarded: BrowserContext) -> None:
    page = sign_in_page(unguarded, web)
    away = '<b id="away" hx-get="/sign-in/?next=/reviews/" hx-select="h1" hx-target="#away" hx-push-url="true">x</b>'
    page.evaluate(SWAP, away)
    page.locator("#away").click()
    page.wait_for_url("**/sign-in/?next=/reviews/")
    kept = page.evaluate("[localStorage, sessionStorage].flatMap(store => Object.values(store)).join()")
    assert "Username" not in kept


ELSEWHERE = "http://127.0.0.1:1"
# What each piece would break, as the browser names it.
REFUSED = {
    "script-src-elem": "const script = document.createElement('script'); script.text = 'window.hacked = 1';"
    "document.body.append(script)",
    "script-src-attr": "document.body.insertAdjacentHTML('beforeend', '<b onclick=\"window.hacked = 1\">x</b>');"
    "document.body.lastChild.click()",
    "script-src": "setTimeout('window.hacked = 1')",
    "style-src-elem": "document.body.insertAdjacentHTML('beforeend', '<style>*{color:red}</style>')",
    "style-src-attr": "document.body.insertAdjacentHTML('beforeend', '<b style=\"color:red\">x</b>')",
    "img-src": f"new Image().src = '{ELSEWHERE}/seen.png'",
    "connect-src": f"fetch('{ELSEWHERE}/').catch(() => 0)",
    "font-src": f"new FontFace('a', 'url({ELSEWHERE}/a.woff)').load().catch(() => 0)",
    "media-src": f"document.body.insertAdjacentHTML('beforeend', '<video src=\"{ELSEWHERE}/a.mp4\"></video>')",
    "frame-src": f"document.body.insertAdjacentHTML('beforeend', '<iframe src=\"{ELSEWHERE}/\"></iframe>')",
    "object-src": "document.body.insertAdjacentHTML('beforeend', '<object data=\"/static/icons/desk.svg\"></object>')",
    "base-uri": f"document.head.insertAdjacentHTML('afterbegin', '<base href=\"{ELSEWHERE}/\">')",
    "form-action": f"document.body.insertAdjacentHTML('beforeend', '<form action=\"{ELSEWHERE}/\"></form>');"
    "document.body.lastChild.submit()",
}


@pytest.mark.parametrize("directive", REFUSED)
def test_the_browser_refuses_what_the_policy_forbids(web: Web, browser: Browser, directive: str) -> None:
    with browser.new_context() as context:
        page = sign_in_page(context, web)
        watched = f"""() => new Promise(done => {{
            addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
            setTimeout(() => done('nothing was refused'), 5000);
            {REFUSED[directive]};
        }})"""
        assert page.evaluate(watched) == directive
        assert page.evaluate("window.hacked") is None


def test_a_socket_to_elsewhere_is_refused_and_to_here_is_not(web: Web, browser: Browser) -> None:
    with browser.new_context() as context:
        page = sign_in_page(context, web)
        opened = """url => new Promise(done => {
            addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
            const socket = new WebSocket(url);
            socket.onopen = () => done('opened');
        })"""
        assert page.evaluate(opened, "ws://127.0.0.1:1/ws/feed") == "connect-src"
        assert page.evaluate(opened, f"ws://127.0.0.1:{web.port}/ws/feed") == "opened"


def test_no_page_of_elsewhere_frames_the_desk(web: Web, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content(f'<iframe src="{web.url}/sign-in/"></iframe>')
        frame = page.frames[1]
        frame.wait_for_load_state()
        assert frame.locator("form").count() == 0
