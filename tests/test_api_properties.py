"""Whatever a client sends, and whoever it is, the answer is one that `/api/openapi.json` describes.

Requests are made from the document, so a route is tried as soon as it is described: some as they should be, some aimed at
things that are there, some wrong. The same requests are made in every run, each by every role. `DREGS_EXAMPLES` says how
many of each kind, for more than the few of `make test`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from support import Server, eventually

# Of each kind, over all operations: within a minute and a half on two cores, however many operations there are.
EXAMPLES_IN_ALL = 300
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SEED = 20_260_401
ANSWER_SECONDS = 30
# Of the operations; logging in and changing a password need what nobody makes up.
FULFILLED_SHARE = 0.8
# Nothing that is sent to it leaves this machine: the name never resolves.
NOWHERE = "receiver.invalid"
# Where passwords are tried, and what ends the session that asks.
PASSWORDS = ("/auth/login", "/auth/password", "/auth/password/reset", "/auth/invitations/accept", "/auth/invitations/look-up")
ENDS_SESSION = ("/auth/logout", "/auth/team", "/account/sessions/{id}", "/auth/password")
# Never ends by itself; the server's own tests read it.
STREAMS = ("/live",)
PASSWORD = "a long way to the sea"
ROLES = ("USER", "VIEWER")


@dataclass
class Role:
    name: str
    token: str | None
    email: str | None = None
    # Refused before anything else is looked at: what it asks for makes no difference.
    is_stranger: bool = False


def person(name: str) -> str:
    return f"{name.lower()}@properties.test"


def join(server: Server, name: str) -> None:
    """Invites a person, who comes."""
    invited = server.request("POST", "/team/invitations", json={"email": person(name), "role": name if name in ROLES else "VIEWER"})
    assert invited.status_code == 201, invited.text
    accepted = {"token": invited.json()["token"], "name": name, "password": PASSWORD}
    joined = httpx.post(f"{server.base_url}/auth/invitations/accept", json=accepted, timeout=ANSWER_SECONDS)
    assert joined.status_code == 200, joined.text


def furnish(server: Server) -> None:
    """One of everything that has a route."""
    always = [{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]

    def put(method: str, path: str, body: Any) -> Any:
        answer = server.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    server.send([
        {
            "type": "user.signup", "id": f"properties-{name}", "session": "properties-session", "ip": "198.51.100.7",
            "device": {"fingerprint": "properties-device"}, "groups": [{"type": "team", "id": "properties", "data": {"name": "Team"}}],
            "identity": {"id": name, "data": {"email": "ada@example.com", "name": "Ada Lovelace"}},
        }
        for name in ("one", "two", "three")
    ])
    put("PUT", "/mappings", {"kind": "EVENT_TYPE", "source": "knock", "target": "LOGIN"})
    put("POST", "/credentials", {"name": "another"})
    put("POST", "/badge-rules", {"name": "Everyone", "conditions": always})
    put("POST", "/channels", {"name": "Mail", "type": "EMAIL", "to": [f"someone@{NOWHERE}"]})
    hook = put("POST", "/channels", {"name": "Hook", "type": "WEBHOOK", "url": f"https://{NOWHERE}/hook", "events": ["IDENTITY_SCORED"]})
    put("POST", "/escalation-rules", {"name": "Everyone", "conditions": always, "channels": [hook["slug"]]})
    server.settle()
    put("PUT", "/identities/one/decisions/two", {"verdict": "SAME", "note": "they are"})
    put("PUT", "/identities/one/main-account", {})
    put("PUT", "/identities/one/label", {"kind": "LEGITIMATE"})
    put("PUT", "/datasets/public-codes/entries", {"key": "welcome"})
    put("POST", "/identities/one/actions/review", {})
    escalations = lambda: server.request("GET", "/escalations").json()["content"]
    opened = eventually(escalations, "an escalation is open")
    put("POST", f"/escalations/{opened[0]['id']}/notes", {"body": "looked at"})
    server.settle()


def effort(operations: int) -> settings:
    """The same requests every time, and a failure as it was found: shrinking asks the server again and again."""
    examples = int(os.environ.get("DREGS_EXAMPLES", max(1, EXAMPLES_IN_ALL // operations)))
    phases = [Phase.explicit, Phase.generate]
    return settings(max_examples=examples, database=None, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))


class Things:
    """Ids of things that are there, for the parameters of a path."""

    def __init__(self, server: Server, document: dict[str, Any]) -> None:
        self.server = server
        self.lists = {path for path, methods in document["paths"].items() if "get" in methods and "{" not in path}
        self.own = (server.keys["publicKey"], server.keys["email"], *map(person, ROLES))

    def items(self, path: str) -> list[dict[str, Any]]:
        answer = self.server.request("GET", path)
        found = answer.json() if answer.status_code == 200 else []
        found = found.get("content", []) if isinstance(found, dict) else found
        # What the roles are here by must outlive whatever is done to things.
        return [item for item in found if isinstance(item, dict) and not any(own in str(item) for own in self.own)]

    def cycle(self) -> Any:
        return self.server.request("GET", "/identities/one/analysis").json()["id"]

    def delivery(self) -> Any:
        return next((item["id"] for slug in ("hook", "mail") for item in self.items(f"/channels/{slug}/deliveries")), "nothing")

    def of(self, path: str) -> dict[str, Any]:
        """The parameters of a path that are known."""
        first, *others = re.findall(r"{(\w+)}", path) or [None]
        place = path.split("/{")[0]
        named: dict[str, Callable[[], Any]] = {
            "otherId": lambda: "two", "identityId": lambda: "one", "cycleId": self.cycle,
        }
        found: dict[str, Any] = {name: named[name]() for name in others if name in named}
        if place == "/identities":
            found["id"] = "one"
        elif place == "/datasets":
            found["slug"] = "public-codes"
        elif place == "/deliveries":
            found["id"] = self.delivery()
        elif place == "/events":
            found["id"] = "properties-one"
        elif place in self.lists and (items := self.items(place)):
            item = items[0]
            found |= {name: item[name] for name in (first, *others) if name in item}
        return found


@pytest.fixture(scope="module")
def world(server: Server) -> Iterator[tuple[Server, list[Role]]]:
    """A furnished server, and everybody who may ask it for something."""
    furnish(server)
    keys = server.keys
    # Somebody whom the others may change and remove.
    for name in (*ROLES, "SPARE"):
        join(server, name)
    over = Role("a session that is over", None, person("USER"), is_stranger=True)
    log_in(server, over)
    assert server.request("POST", "/auth/logout", key=over.token).status_code == 204
    over.email = None
    roles = [
        Role("nobody", None, is_stranger=True),
        over,
        Role("pk_", keys["publicKey"]),
        Role("VIEWER", None, person("VIEWER")),
        Role("USER", None, person("USER")),
        Role("ADMIN", None, keys["email"]),
        Role("sk_", keys["secretKey"]),
    ]
    for role in roles:
        log_in(server, role)
    yield server, roles


def log_in(server: Server, role: Role) -> None:
    if role.email is None:
        return
    password = server.keys["password"] if role.email == server.keys["email"] else PASSWORD
    answer = httpx.post(f"{server.base_url}/auth/login", json={"email": role.email, "password": password}, timeout=ANSWER_SECONDS)
    assert answer.status_code == 200, answer.text
    role.token = answer.json()["token"]


def tame(case: schemathesis.Case) -> None:
    """Keeps what channels would send on this machine."""
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("url"), str) and "//" in body["url"]:
        case.body = {**body, "url": f"https://{NOWHERE}/{quote(body['url'], safe='')}"}


def without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document for those who ask by their role: no other keys are made up."""
    paths = {
        path: {method: {**about, "security": []} for method, about in methods.items()} for path, methods in document["paths"].items()
    }
    return {**document, "paths": paths}


def ordered(operations: list[Any]) -> list[Any]:
    """Removing last, and passwords after that: what wrong ones lead to concerns nothing else then."""
    return sorted(operations, key=lambda operation: (operation.path in PASSWORDS, operation.method == "delete"))


def test_every_answer_is_as_documented(world: tuple[Server, list[Role]], subtests: pytest.Subtests) -> None:
    server, roles = world
    document = httpx.get(f"{server.base_url}/openapi.json", timeout=ANSWER_SECONDS).json()
    things = Things(server, document)
    schema = schemathesis.openapi.from_dict(without_keys(document))
    schema.config.update(base_url=server.base_url)
    # A command that shows a failure shows it with its key, which is worth nothing when the server is gone.
    schema.config.output.sanitization.update(enabled=False)
    operations = [found.ok() for found in schema.get_all_operations()]
    operations = ordered([operation for operation in operations if operation.path not in STREAMS])
    effort_each, fulfilled = effort(len(operations)), set()
    with requests.Session() as session:
        for operation in operations:
            with subtests.test(operation.definition.raw["operationId"]):
                if ask(server, session, roles, operation, things, effort_each):
                    fulfilled.add(operation.definition.raw["operationId"])
    refused = {operation.definition.raw["operationId"] for operation in operations} - fulfilled
    assert len(refused) <= (1 - FULFILLED_SHARE) * len(operations), f"most operations do what they are asked for; these only refuse: {refused}"
    for role in (role for role in roles if not role.is_stranger and role.name != "pk_"):
        assert server.request("GET", "/auth/me", key=role.token).status_code == 200, f"{role.name} was there to the end"


def can_be_wrong(operation: Any) -> bool:
    """Whether a request can contradict the document: any text is an id."""
    return bool(operation.body or operation.query) or any(
        parameter.definition.get("schema", {}).get("type") != "string" for parameter in operation.path_parameters
    )


def ask(server: Server, session: requests.Session, roles: list[Role], operation: Any, things: Things, effort_each: settings) -> bool:
    """Every kind of request to one operation, by every role; whether one of them got what it wanted."""
    known = things.of(operation.path)
    modes = [mode for mode in GenerationMode if mode.is_positive or can_be_wrong(operation)]
    # The examples of the document come first: later ones may remove what they are about.
    kinds = operation.get_strategies_from_examples(path_parameters=known)
    kinds += [operation.as_strategy(mode) for mode in modes]
    if known:
        kinds += [operation.as_strategy(mode, path_parameters=known) for mode in modes]
    strangers_asked: set[str] = set()
    statuses: set[int] = set()

    def try_all(case: schemathesis.Case) -> None:
        tame(case)
        for role in roles:
            if role.is_stranger and role.name in strangers_asked:
                continue
            strangers_asked.update([role.name] if role.is_stranger else [])
            statuses.add(ask_as(server, session, role, case))

    for kind in kinds:
        try:
            seed(SEED)(effort_each(given(case=kind)(try_all)))()
        except Unsatisfiable:
            # Nothing about it can be wrong.
            continue
    return any(status < 300 for status in statuses)


def ask_as(server: Server, session: requests.Session, role: Role, case: schemathesis.Case) -> int:
    headers = {"Authorization": f"Bearer {role.token}"} if role.token else {}
    answer = case.call(base_url=server.base_url, session=session, headers=headers, timeout=ANSWER_SECONDS)
    case.validate_response(answer, checks=CHECKS)
    assert answer.headers.get("x-request-id"), f"{role.name}: no request id"
    if case.operation.path in ENDS_SESSION and answer.status_code < 300:
        log_in(server, role)
    return answer.status_code
