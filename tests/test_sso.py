"""Single sign-on in Chromium, at a provider that others wrote, and the command that lets somebody be found anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import Server, dregs, eventually, serving
from test_browser import Browser, browser  # noqa: F401

# The provider speaks plain HTTP, on this machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from oidc_provider_mock import User, run_server_in_thread  # noqa: E402

BUTTON = "Log in at work"
ADMIN = "admin@localhost"
PEOPLE = [
    User(sub="ann", claims={"email": ADMIN, "email_verified": True, "name": "Ann"}),
    User(sub="impostor", claims={"email": ADMIN, "email_verified": True}),
    User(sub="careless", claims={"email": ADMIN, "email_verified": False}),
    User(sub="stranger", claims={"email": "eve@example.com", "email_verified": True}),
]


@contextmanager
def serving_people(folder: Path) -> Iterator[Server]:
    with run_server_in_thread(user_claims=PEOPLE, require_nonce=True) as provider:
        env = {
            "DREGS_SSO_ISSUER": f"http://localhost:{provider.server_port}",
            "DREGS_SSO_CLIENT_ID": "dregs",
            "DREGS_SSO_CLIENT_SECRET": "secret",
            "DREGS_SSO_BUTTON": BUTTON,
        }
        with serving(folder, env=env) as server:
            yield server


def shown(browser: Browser, text: str) -> None:
    """Waits for a text; while the browser is between two pages there is none."""

    def is_there() -> bool:
        try:
            return text in browser.run("document.body.innerText")
        except AssertionError:
            return False

    eventually(is_there, f"{text!r} on the page", 20, pause=0.1)


def sign_in(browser: Browser, server: Server, subject: str, path: str = "/") -> None:
    browser.open(server.origin + path)
    shown(browser, BUTTON)
    browser.click(f"button:has-text('{BUTTON}')")
    shown(browser, "Authorize Client")
    browser.click(f"button[value='{subject}']")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_people(tmp_path_factory.mktemp("sso")) as server:
        yield server


def test_a_click_leads_to_the_provider_and_back_to_the_page_one_came_for(people: Server, browser: Browser) -> None:  # noqa: F811
    sign_in(browser, people, "ann", "/settings/account")
    shown(browser, "Your account")
    shown(browser, ADMIN)
    shown(browser, "Single sign-on since")
    assert browser.run("location.pathname + location.search") == "/settings/account"
    assert browser.run("document.cookie") == ""
    browser.click("button:has-text('Log out')")
    shown(browser, "At the provider you may still be signed in.")
    left = "Object.keys({ ...sessionStorage, ...localStorage }).filter((key) => key.startsWith('dregs'))"
    assert browser.run(left) == []
    log = people.request("GET", "/audit-log?action=login").json()["content"]
    assert [(line["actor"]["name"], line["path"]) for line in log] == [(ADMIN, "/auth/sso")]


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("impostor", "belongs to somebody else at the provider"),
        ("careless", "has not verified your e-mail address"),
        ("stranger", "ask an administrator for an invitation"),
        ("deny", "you said no there"),
    ],
)
def test_whoever_is_refused_reads_why(people: Server, browser: Browser, subject: str, told: str) -> None:  # noqa: F811
    sign_in(browser, people, subject)
    shown(browser, told)
    assert browser.run("location.pathname + location.search") == "/sign-in"
    browser.click("a:has-text('Back to the log-in page')")
    shown(browser, BUTTON)


def test_an_answer_of_somebody_elses_browser_is_worth_nothing(people: Server, browser: Browser) -> None:  # noqa: F811
    browser.open(f"{people.origin}/sign-in?code=stolen&state=elsewhere")
    shown(browser, "was not begun in this browser")
    browser.open(f"{people.origin}/sign-in?error=Call+0800+and+pay")
    shown(browser, "The provider refused.")
    assert "0800" not in browser.run("document.body.innerText")


def test_who_has_another_subject_is_found_anew_by_the_operators_command(folder: Path, browser: Browser) -> None:  # noqa: F811
    with serving_people(folder) as server:
        sign_in(browser, server, "ann", "/settings/account")
        shown(browser, "Single sign-on since")
        sign_in(browser, server, "impostor")
        shown(browser, "belongs to somebody else at the provider")
        assert dregs("sso-forget", "nobody@example.com", *server.store).returncode == 1
        done = dregs("sso-forget", ADMIN.upper(), *server.store)
        assert done.returncode == 0, done.stderr
        assert dregs("sso-forget", ADMIN, *server.store).returncode == 1, "once is enough"
        sign_in(browser, server, "impostor", "/settings/account")
        shown(browser, "Single sign-on since")


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"DREGS_SSO_ISSUER": "https://id.example.com"}, "--sso-client-id"),
        ({"DREGS_SSO_ISSUER": "http://id.example.com", "DREGS_SSO_CLIENT_ID": "x"}, "https://"),
        ({"DREGS_SSO_ONLY": "true"}, "--sso-issuer"),
        ({"DREGS_SSO_ISSUER": "https://x.example", "DREGS_SSO_CLIENT_ID": "x", "DREGS_SSO_ROLE": "USER"}, "--sso-team"),
        ({"DREGS_SSO_ISSUER": "https://x.example", "DREGS_SSO_CLIENT_ID": "x", "DREGS_SSO_TEAM": "t", "DREGS_SSO_ROLES": "a"}, "analysts=USER"),
        ({"DREGS_SSO_ISSUER": "https://x.example", "DREGS_SSO_CLIENT_ID": "x", "DREGS_SSO_CLIENT_SECRET_FILE": "/no/such"}, "/no/such"),
    ],
)
def test_wrong_options_are_refused_at_the_start(env: dict[str, str], named: str, folder: Path) -> None:
    refused = dregs("serve", "--listen", "127.0.0.1:0", "--data-dir", folder / "data", env=env)
    assert refused.returncode != 0
    assert named in refused.stderr, refused.stderr
