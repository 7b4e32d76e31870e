"""Chromium loads pages that carry the tracker; the official client reads what they did."""

from __future__ import annotations

import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import without
from dregs import NotFoundError
from support import ROOT, Server, environment, eventually, serving

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))

# The published snippet, character for character but for the key and the host.
PUBLISHED = """<script>
  window.dregs = window.dregs || function () { (window.dregs.q = window.dregs.q || []).push(arguments); };
  dregs('init', { key: '%(key)s' });
%(calls)s
</script>
<script src="%(origin)s/dregs.js" async></script>"""

# The README's: its methods are safe before the script has loaded.
WITH_METHODS = """<script>
  window.dregs = window.dregs || function () { (window.dregs.q = window.dregs.q || []).push(arguments); };
  dregs.identify = dregs.identify || function (id, data) { dregs('identify', id, data); };
  dregs.track = dregs.track || function (type, data) { dregs('track', type, data); };
  dregs('init', { key: '%(key)s' });
%(calls)s
</script>
<script src="%(origin)s/dregs.js" async></script>"""


class Pages:
    """A web server of another origin than the server's."""

    def __init__(self) -> None:
        pages = self.pages = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = pages.get(self.path.split("?")[0].split("#")[0])
                self.send_response(200 if body is not None else 204)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((body or "").encode())

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def add(self, head: str, body: str = "") -> str:
        path = f"/{uuid.uuid4().hex}"
        self.pages[path] = f"<!doctype html><html><head><title>Shop</title>{head}</head><body><h1>Shop</h1>{body}</body></html>"
        return self.origin + path


class Browser:
    """Chromium, driven by browser.mjs."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            ["node", str(ROOT / "tests/browser.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        threading.Thread(target=lambda: [self._lines.put(line) for line in self.process.stdout], daemon=True).start()
        self.until("ready")

    def until(self, word: str, seconds: float = 20.0) -> Any:
        """What the browser says of `word`; everything it says on the way is kept."""
        end = time.monotonic() + seconds
        while True:
            try:
                said = json.loads(self._lines.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"the browser did not say {word!r} within {seconds:g} s: {self.said}") from None
            self.said.append(said)
            assert "failed" not in said, said
            if word in said:
                return said[word]

    def _tell(self, command: dict[str, Any], answer: str) -> Any:
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self.until(answer)

    def open(self, url: str) -> float:
        """Opens a page in a fresh profile; returns when it had loaded, in seconds since the epoch."""
        self._tell({"open": url}, "closed")
        self.said.clear()
        return self.until("loaded") / 1000

    def run(self, script: str) -> Any:
        return self._tell({"run": script}, "result")

    def type(self, fields: dict[str, str]) -> None:
        self._tell({"type": fields}, "typed")

    def click(self, selector: str) -> None:
        self._tell({"click": selector}, "clicked")

    def leave(self, url: str) -> None:
        self._tell({"leave": url}, "left")

    def answers(self) -> list[dict[str, Any]]:
        return [said for said in self.said if "posted" in said]

    def complaints(self) -> list[dict[str, Any]]:
        """What a visitor or a developer of the page would notice."""
        self.run("1")
        return [said for said in self.said if {"pageError", "consoleError", "dialog"} & said.keys()]

    def close(self) -> None:
        try:
            self.process.stdin.write('{"close": true}\n')
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        without(f"no Chromium at {CHROMIUM}: set CHROMIUM")
    if shutil.which("node") is None or not (ROOT / "web/node_modules/playwright-core").is_dir():
        without("no node, or no web/node_modules/playwright-core: run npm ci in web/")
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    pages = Pages()
    yield pages
    pages.http.shutdown()


@pytest.fixture
def visitor() -> str:
    return f"visitor-{uuid.uuid4().hex[:12]}"


def snippet(server: Server, calls: str = "", key: str | None = None, form: str = PUBLISHED) -> str:
    return form % {"key": key or server.keys["publicKey"], "calls": calls, "origin": server.origin}


def known(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except NotFoundError:
        return None


def test_the_script_is_served_for_pages_of_any_origin(server: Server) -> None:
    script = httpx.get(f"{server.origin}/dregs.js")
    assert script.status_code == 200 and script.headers["content-type"].startswith("text/javascript")
    assert script.headers["access-control-allow-origin"] == "*" and "max-age" in script.headers["cache-control"]
    assert len(script.content) > 10_000


@pytest.mark.parametrize("form", [PUBLISHED, WITH_METHODS], ids=["published", "with-methods"])
def test_within_two_seconds_of_load_the_visitor_is_scored(
    server: Server, pages: Pages, browser: Browser, visitor: str, form: str
) -> None:
    identify, track = ("dregs.identify(", "dregs.track(") if form is WITH_METHODS else ("dregs('identify', ", "dregs('track', ")
    calls = f"""
      {identify}'{visitor}', {{ email: '{visitor}@example.com', name: 'Grace Hopper' }});
      {track}'cart.filled', {{ items: 3 }});"""
    url = pages.add(snippet(server, calls, form=form))
    client = server.client()
    loaded = browser.open(url)

    def complete() -> Any:
        identity = known(lambda: client.identities.get(visitor))
        if identity is None or not client.devices.list(identity=visitor):
            return None
        names = {event.name for event in client.events.list(identity=visitor)}
        return {"cart.filled", "identify", "dregs_init"} <= names and client.identities.scores(visitor).humanity is not None

    eventually(complete, "identity, device, events and scores", seconds=10)
    took = time.time() - loaded
    print(f"{took:.2f} s from load until the client reads identity, device, events, session and scores")
    assert took <= 2.0

    identity = client.identities.get(visitor)
    assert (identity.display_name, identity.display_email) == ("Grace Hopper", f"{visitor}@example.com")
    device = client.devices.list(identity=visitor)[0]
    assert "Chrome" in device.user_agent and device.ip == "127.0.0.1" and device.timezone
    events = {event.name: event for event in client.events.list_all(identity=visitor)}
    assert events["cart.filled"].data == {"items": 3}
    assert {event.fingerprint for event in events.values()} == {device.fingerprint}, "anonymous events are attached as well"
    sessions = {event.session for event in events.values()}
    assert len(sessions) == 1 and None not in sessions
    assert {event.id for event in client.events.list_all(session=sessions.pop())} == {event.id for event in events.values()}
    assert {event.url for event in events.values()} == {url}
    assert [found.id for found in client.identities.list_all(device=device.fingerprint)].count(visitor) == 1
    analysis = client.identities.analysis(visitor)
    assert analysis.device_count == 1 and any(score.observations for score in analysis.scores)
    assert all(answer["status"] == 200 for answer in browser.answers()) and browser.complaints() == []


def test_calls_after_load_and_what_the_page_does_are_recorded(server: Server, pages: Pages, browser: Browser, visitor: str) -> None:
    client = server.client()
    body = """<form id="signup" action="/nowhere" method="post" onsubmit="event.preventDefault()">
      <input name="email" id="email"><input name="password" id="password" type="password"><button id="go">Go</button></form>"""
    browser.open(pages.add(snippet(server), body))
    browser.run(f"dregs.identify('{visitor}'); dregs.track('late', {{ n: 1 }}); history.pushState({{}}, '', '/step-two'); 1")
    browser.type({"#email": "typed@example.com", "#password": "Typed-S3cret"})
    browser.click("#go")

    def seen() -> Any:
        events = {event.name: event for event in client.events.list_all(identity=visitor)}
        return events if {"late", "page_view", "form_submit", "interaction"} <= events.keys() else None

    events = eventually(seen, "what the page did")
    assert events["form_submit"].canonical_type == "FORM_SUBMIT" and events["page_view"].canonical_type == "PAGE_VIEW"
    everything = repr([event.raw for event in events.values()])
    assert "Typed-S3cret" not in everything and "typed@example.com" not in everything, "values of fields are never sent"
    assert "password" in repr(events["form_submit"].raw), "names of fields are"
    assert browser.complaints() == []


def test_a_reload_is_the_same_device_and_another_profile_another_session(
    server: Server, pages: Pages, browser: Browser, visitor: str
) -> None:
    client = server.client()
    url = pages.add(snippet(server, f"dregs('identify', '{visitor}');"))
    browser.open(url)
    eventually(lambda: client.events.list(identity=visitor), "the first visit")
    browser.leave(url)
    eventually(lambda: client.events.list(identity=visitor, term="dregs_init").total_elements == 2, "the reload")
    assert len({event.session for event in client.events.list_all(identity=visitor)}) == 1
    browser.open(url)
    eventually(lambda: client.events.list(identity=visitor, term="dregs_init").total_elements == 3, "the other profile")
    assert len({event.session for event in client.events.list_all(identity=visitor)}) == 2
    assert len(client.devices.list(identity=visitor)) == 1


def test_a_page_of_a_foreign_origin_is_rejected_quietly(server: Server, pages: Pages, browser: Browser, visitor: str) -> None:
    client = server.client()
    made = server.request("POST", "/credentials", json={"name": "one site", "allowedOrigins": ["https://shop.example"]}).json()
    browser.open(pages.add(snippet(server, f"dregs('identify', '{visitor}'); dregs('track', 'stolen');", key=made["publicKey"])))
    eventually(lambda: browser.run("1") and browser.answers(), "the page has sent something")
    time.sleep(0.5)

    assert browser.complaints() == [], "the page never sees an error"
    answers = [result for answer in browser.answers() for result in json.loads(answer["answer"])]
    assert {answer["status"] for answer in browser.answers()} == {200}
    assert {(result["status"], result["id"]) for result in answers} == {("success", None)}
    assert known(lambda: client.identities.get(visitor)) is None
    assert client.events.list(term="stolen").total_elements == 0

    change = server.request("PATCH", f"/credentials/{made['id']}", json={"allowedOrigins": [pages.origin]})
    assert change.status_code == 204
    browser.open(pages.add(snippet(server, f"dregs('identify', '{visitor}');", key=made["publicKey"])))
    eventually(lambda: known(lambda: client.identities.get(visitor)), "the allowed origin")


def test_a_wrong_key_leaves_the_page_alone(server: Server, pages: Pages, browser: Browser, visitor: str) -> None:
    browser.open(pages.add(snippet(server, f"dregs('identify', '{visitor}');", key="pk_unknown")))
    eventually(lambda: browser.run("1") and browser.answers(), "the page has sent something")
    assert {answer["status"] for answer in browser.answers()} == {401}
    assert not [said for said in browser.complaints() if "pageError" in said or "dialog" in said]
    assert browser.run("document.querySelector('h1').textContent") == "Shop"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</script><svg onload=alert(3)>",
    "javascript:alert(4)//",
    "{{constructor.constructor('alert(5)')()}}",
    "' or 1=1; drop table events; --",
    "\u202egnp.exe \u0000 \U0001f98a \u2028",
]


def test_hostile_markup_is_kept_as_plain_data(server: Server, pages: Pages, browser: Browser, visitor: str) -> None:
    client = server.client()
    browser.open(pages.add(snippet(server, f"dregs('identify', '{visitor}');")))
    hostile = json.dumps(HOSTILE)
    browser.run(f"""(() => {{
      const hostile = {hostile};
      document.title = hostile[0];
      history.pushState({{}}, '', '/search?q=' + encodeURIComponent(hostile[1]) + '&__proto__[x]=1#' + hostile[0]);
      dregs.identify('{visitor}', {{ name: hostile[1], bio: hostile[0], __proto__: {{ polluted: true }} }});
      dregs.track('hostile', {{ list: hostile, ['<b>key</b>']: hostile[2], constructor: 'c', toString: 't' }});
      const loop = {{}}; loop.self = loop;
      for (const odd of [loop, () => 1, Symbol('s'), 10n, document, window, new Proxy({{}}, {{ get() {{ throw new Error('no'); }} }})]) {{
        try {{ dregs.track('odd', {{ odd }}); dregs.track(odd); dregs.identify(odd); dregs('identify', '{visitor}', odd); dregs(odd); }}
        catch (error) {{ throw new Error('the tracker threw: ' + error); }}
      }}
      return 1;
    }})()""")

    event = eventually(lambda: known(lambda: next(iter(client.events.list(identity=visitor, term="hostile")), None)), "the event")
    assert event.data["list"] == [text.replace("\0", "\ufffd") for text in HOSTILE]
    assert event.data["<b>key</b>"] == HOSTILE[2] and event.data["constructor"] == "c"
    identity = eventually(lambda: (now := client.identities.get(visitor)).display_name and now, "the name")
    assert identity.display_name == HOSTILE[1] and identity.data["bio"] == HOSTILE[0]
    answer = server.request("GET", f"/identities/{visitor}")
    assert answer.headers["content-type"] == "application/json"
    eventually(lambda: any("/search?q=" in (found.url or "") for found in client.events.list_all(identity=visitor)), "the page view")
    assert browser.complaints() == []


def test_a_page_that_hides_or_breaks_what_the_tracker_uses_still_works(
    server: Server, pages: Pages, browser: Browser, visitor: str
) -> None:
    client = server.client()
    broken = """<script>
      Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('blocked'); } });
      Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked'); } });
      HTMLCanvasElement.prototype.getContext = () => { throw new Error('blocked'); };
      window.OfflineAudioContext = function () { throw new Error('blocked'); };
    </script>"""
    # Names of fields that hide the properties of their form.
    body = """<form id="f" onsubmit="event.preventDefault()"><input name="elements"><input name="id"><input name="submit">
      <input name="action"><input name="__proto__"><input name="&lt;img src=x onerror=alert(1)&gt;" id="x"><button id="go">Go</button></form>"""
    browser.open(pages.add(broken + snippet(server, f"dregs('identify', '{visitor}'); dregs('track', 'works');"), body))
    browser.type({"#x": "abc"})
    browser.click("#go")
    names = lambda: {event.name for event in client.events.list_all(identity=visitor)}  # noqa: E731
    eventually(lambda: {"identify", "works", "form_submit"} <= names(), "the events")
    assert browser.complaints() == []


def test_events_wait_in_the_page_while_the_server_is_away(pages: Pages, browser: Browser, visitor: str, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.port = int(server.origin.rsplit(":", 1)[1])
        browser.open(pages.add(snippet(server, f"dregs('identify', '{visitor}');")))
        eventually(lambda: known(lambda: server.client().identities.get(visitor)), "the identity")
        server.stop()
        browser.run("dregs.track('while-away', {}); 1")
        time.sleep(0.5)
        server.start()
        client = server.client()
        eventually(lambda: client.events.list(identity=visitor, term="while-away").total_elements == 1, "the waiting event", 15)
        assert not [said for said in browser.complaints() if "pageError" in said]


def test_the_manual_opens_without_a_complaint_and_its_reference_is_narrowed_by_typing(server: Server, browser: Browser) -> None:
    for page in ("", "tracking", "reference"):
        browser.open(f"{server.origin}/docs/{page}")
        assert browser.complaints() == []
        assert browser.run("document.documentElement.scrollWidth <= innerWidth"), f"{page} is wider than the window"
    routes = "[...document.querySelectorAll('section.operation:not([hidden]) .route')].map((route) => route.innerText)"
    everything = browser.run(routes)
    browser.type({"#filter": "patch escalation"})
    narrowed = browser.run(routes)
    assert sorted(route.split()[-1] for route in narrowed) == ["/api/escalation-rules/{id}", "/api/escalations/{id}"]
    assert browser.run("document.querySelector('.filter output').textContent") == f"2 of {len(everything)}"
    # A link to what is hidden shows it again.
    browser.run("location.hash = '#getIdentity'")
    eventually(lambda: browser.run(routes) == everything, "everything is shown")
    browser.run("Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})")
    browser.run("document.querySelector('[aria-labelledby=getIdentity] .code button').click() || true")
    assert browser.run("window.copied").startswith('curl "$DREGS_BASE_URL/identities/ID"')
