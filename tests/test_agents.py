"""The official client of the Model Context Protocol, as published, with a token and with OAuth."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from support import Server, serving

REDIRECT = "http://127.0.0.1:3333/callback"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("agents")) as server:
        device = {"device": {"fingerprint": "fp"}, "session": "s", "ip": "198.51.100.1"}
        server.send([{"type": "login", "identity": {"id": name, "data": {"name": "Anna Virtanen"}}, **device} for name in ("one", "two")])
        server.settle()
        decided = server.request("PUT", "/identities/one/decisions/two", json={"verdict": "SAME"})
        assert decided.status_code == 200, decided.text
        made = server.request("POST", "/channels", json={"name": "mail", "type": "EMAIL", "to": ["to@example.com"]})
        assert made.status_code == 201, made.text
        server.settle()
        yield server


def session(server: Server) -> str:
    login = {"email": server.keys["email"], "password": server.keys["password"]}
    return httpx.post(f"{server.base_url}/auth/login", json=login).json()["token"]


def token(server: Server, **settings: Any) -> str:
    made = server.request("POST", "/tokens", session(server), json={"name": "test", **settings})
    assert made.status_code == 201, made.text
    return made.json()["token"]


@asynccontextmanager
async def connected(server: Server, mode: str = "auto", **http: Any) -> AsyncIterator[Client]:
    url = f"{server.origin}/mcp"
    async with httpx2.AsyncClient(timeout=30, **http) as client:
        async with Client(streamable_http_client(url, http_client=client), mode=mode) as agent:
            yield agent


def bearer(value: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"Bearer {value}"}}


def arguments(tool: str, held: dict[str, Any]) -> dict[str, Any]:
    conditions = [{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]
    known: dict[str, dict[str, Any]] = {
        "get_documentation": {"topic": "agents"},
        "set_identity_disregarded": {"id": "two", "disregarded": False},
        "get_ring": {"id": held["ring"]},
        "get_device": {"fingerprint": "fp"},
        "get_escalation": {"id": held["escalation"]},
        "update_escalation_status": {"id": held["escalation"], "status": "ACKNOWLEDGED"},
        "get_escalation_rule": {"id": held["rule"]},
        "preview_escalation_rule": {"conditions": conditions},
        "create_escalation_rule": {"name": "made by an agent", "conditions": conditions, "shadow": True},
        "update_escalation_rule": {"id": held["rule"], "severity": "INFO"},
        "delete_escalation_rule": {"id": held["rule"]},
        "get_badge_rule": {"slug": "trusted"},
        "create_badge_rule": {"name": "made by an agent", "conditions": conditions},
        "update_badge_rule": {"slug": "trusted", "priority": 3},
        "delete_badge_rule": {"slug": "trusted"},
        "get_channel": {"slug": "mail"},
        "list_channel_deliveries": {"slug": "mail"},
        "test_channel": {"slug": "mail"},
        "list_dataset_entries": {"slug": "disposable-email-domains"},
        "add_dataset_entry": {"slug": "disposable-email-domains", "scope": "CUSTOMER", "key": "a.example"},
        "remove_dataset_entry": {"slug": "disposable-email-domains", "scope": "CUSTOMER", "key": "a.example"},
        "set_mapping": {"kind": "EVENT_TYPE", "source": "x", "target": "LOGIN"},
        "delete_mapping": {"kind": "EVENT_TYPE", "source": "x"},
    }
    return known.get(tool, {"id": "one"} if "identity" in tool else {})


def furnish(server: Server) -> dict[str, Any]:
    rule = {"name": "all", "conditions": [{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]}
    made = server.request("POST", "/escalation-rules", json=rule).json()
    server.settle()
    escalation = server.request("GET", f"/escalations?rule={made['id']}").json()["content"][0]["id"]
    return {"rule": made["id"], "escalation": escalation, "ring": server.request("GET", "/rings").json()["content"][0]["id"]}


@pytest.mark.parametrize("mode", ["auto", "legacy", "oauth"])
def test_every_tool_is_listed_and_called(server: Server, mode: str) -> None:
    held = furnish(server)
    let_in = {"auth": provider(server, Memory(), Person(server))} if mode == "oauth" else bearer(token(server))

    async def run() -> None:
        async with connected(server, "legacy" if mode == "legacy" else "auto", **let_in) as agent:
            tools = (await agent.list_tools()).tools
            assert len(tools) >= 45 and len({tool.name for tool in tools}) == len(tools)
            for tool in tools:
                result = await agent.call_tool(tool.name, arguments(tool.name, held))
                # Later runs make the same badge rule, and delete the same one.
                repeated = mode != "auto" and tool.name.endswith("badge_rule")
                said = result.content[0].text
                assert not result.is_error or repeated, f"{tool.name}: {said}"
                if not result.is_error:
                    assert json.loads(said) == result.structured_content, tool.name
                    assert tool.name == "get_documentation" or "untrusted" in result.structured_content["notice"]
            resources = (await agent.list_resources()).resources
            chapter = await agent.read_resource(next(str(resource.uri) for resource in resources if resource.name == "agents"))
            assert chapter.contents[0].text.startswith("# AI agents")

    asyncio.run(run())


def test_who_may_only_read_changes_nothing(server: Server) -> None:
    async def run() -> None:
        async with connected(server, **bearer(token(server, readOnly=True))) as agent:
            assert not (await agent.call_tool("list_identities", {})).is_error
            refused = await agent.call_tool("set_identity_disregarded", {"id": "one", "disregarded": True})
            assert refused.is_error and "administrator" in refused.content[0].text

    asyncio.run(run())
    assert server.request("GET", "/identities/one").json()["disregarded"] is False


class Memory:
    """What a client remembers between two connections."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Reads the page as a browser does, fills it in and follows the answer."""

    def __init__(self, server: Server, **fields: str) -> None:
        self.server, self.fields = server, fields
        self.answer: dict[str, str] = {}
        self.asked = 0

    async def visit(self, url: str) -> None:
        self.asked += 1
        with httpx.Client() as browser:
            page = browser.get(url)
            assert page.status_code == 200 and "test client" in page.text, page.text
            hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
            form = {name: html.unescape(value) for name, value in hidden}
            form |= {"email": self.server.keys["email"], "password": self.server.keys["password"], "decision": "allow", **self.fields}
            sent = browser.post(f"{self.server.origin}/oauth/authorize", data=form, headers={"Origin": self.server.origin})
        assert sent.status_code == 303, sent.text
        assert sent.headers["location"].startswith(REDIRECT)
        self.answer = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}

    async def come_back(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**self.answer)


def provider(server: Server, memory: Memory, person: Person) -> OAuthClientProvider:
    metadata = OAuthClientMetadata(client_name="test client", redirect_uris=[REDIRECT])
    return OAuthClientProvider(f"{server.origin}/mcp", metadata, memory, person.visit, person.come_back)


def oauth_token(server: Server) -> str:
    """What a client gets that a person lets in."""
    memory = Memory()

    async def run() -> None:
        async with connected(server, auth=provider(server, memory, Person(server))) as agent:
            await agent.list_tools()

    asyncio.run(run())
    return memory.tokens.access_token


def test_a_person_lets_a_client_in(server: Server) -> None:
    memory, person = Memory(), Person(server)

    async def run() -> None:
        async with connected(server, auth=provider(server, memory, person)) as agent:
            found = await agent.call_tool("get_identity", {"id": "one"})
            assert found.structured_content["id"] == "one"
        first = memory.tokens
        # The access token is over; the client has its refresh token.
        memory.tokens = first.model_copy(update={"access_token": "dma_over", "expires_in": -1})
        renewing = provider(server, memory, person)
        await renewing._initialize()
        renewing.context.token_expiry_time = 1.0
        async with connected(server, auth=renewing) as agent:
            assert not (await agent.call_tool("analyze_identity", {"id": "one"})).is_error
        assert memory.tokens.refresh_token != first.refresh_token

    asyncio.run(run())
    assert person.asked == 1
    grants = [held for held in server.request("GET", "/tokens").json() if held["kind"] == "OAUTH"]
    assert grants[0]["name"] == "test client"
    assert server.request("DELETE", f"/tokens/{grants[0]['id']}").status_code == 204
    refused = httpx.post(f"{server.origin}/mcp", headers={"Authorization": f"Bearer {memory.tokens.access_token}"}, json={})
    assert refused.status_code == 401


def test_a_person_lets_a_client_read_only(server: Server) -> None:
    memory, person = Memory(), Person(server, read_only="1")

    async def run() -> None:
        async with connected(server, auth=provider(server, memory, person)) as agent:
            assert (await agent.call_tool("analyze_identity", {"id": "one"})).is_error

    asyncio.run(run())
    assert memory.tokens.scope == "read"


def test_no_token_stands_in_a_file_or_a_log(server: Server, tmp_path: Path) -> None:
    value = token(server)

    async def run() -> None:
        async with connected(server, **bearer(value)) as agent:
            await agent.call_tool("list_identities", {"term": "Virtanen"})

    asyncio.run(run())
    files = [path for path in server.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if value.encode() in path.read_bytes()]
    assert "Virtanen" not in server.log.read_text()
