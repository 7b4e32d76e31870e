"""The inspector of the Model Context Protocol, unchanged: another client than the one of `test_agents.py`."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import without
from support import ROOT, Server, environment, serving
from test_agents import arguments, furnish, oauth_token, token

PACKAGE = ROOT / "tests/inspector"
HOME = ROOT / "target/inspector"
INSTALL_SECONDS = 300
CALL_SECONDS = 60
# Each call is a process of its own; more at once than cores only wait for each other.
AT_ONCE = 2


@pytest.fixture(scope="module")
def inspector() -> Path:
    """Installed once, and again when the pinned versions change."""
    if shutil.which("npm") is None:
        without("npm is missing: the inspector is not tested")
    lock = (PACKAGE / "package-lock.json").read_bytes()
    installed = HOME / "installed.json"
    if not installed.exists() or installed.read_bytes() != lock:
        shutil.rmtree(HOME, ignore_errors=True)
        shutil.copytree(PACKAGE, HOME)
        command = ["npm", "ci", "--no-fund", "--no-audit", "--fetch-retries=5"]
        subprocess.run(command, cwd=HOME, check=True, capture_output=True, timeout=INSTALL_SECONDS)
        installed.write_bytes(lock)
    return HOME / "node_modules/.bin/mcp-inspector"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving(tmp_path_factory.mktemp("inspector")) as server:
        device = {"device": {"fingerprint": "fp"}, "session": "s", "ip": "198.51.100.1"}
        server.send([{"type": "login", "identity": {"id": name, "data": {"name": "Anna Virtanen"}}, **device} for name in ("one", "two")])
        server.settle()
        assert server.request("PUT", "/identities/one/decisions/two", json={"verdict": "SAME"}).status_code == 200
        assert server.request("POST", "/channels", json={"name": "mail", "type": "EMAIL", "to": ["to@example.com"]}).status_code == 201
        server.settle()
        yield server


def ask(inspector: Path, server: Server, bearer: str, *what: str) -> Any:
    command = [str(inspector), "--cli", f"{server.origin}/mcp", "--transport", "http", "--header", f"Authorization: Bearer {bearer}", *what]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=CALL_SECONDS, env=environment({"HOME": str(HOME)}))
    assert asked.returncode in (0, 5), f"{what}: {asked.returncode}\n{asked.stdout}\n{asked.stderr}"
    return json.loads(asked.stdout)


def call(inspector: Path, server: Server, bearer: str, tool: str, given: dict[str, Any]) -> Any:
    # What reads as a number has to be said to be a text: the inspector would round an id.
    said = {name: str(value) if name == "id" else value for name, value in given.items()}
    is_plain = lambda value: isinstance(value, str) and not value.isdigit()
    pairs = [f"{name}={value if is_plain(value) else json.dumps(value)}" for name, value in said.items()]
    return ask(inspector, server, bearer, "--method", "tools/call", "--tool-name", tool, *(["--tool-arg", *pairs] if pairs else []))


@pytest.mark.parametrize("bearer_of", [token, oauth_token], ids=["token", "oauth"])
def test_every_tool_is_listed_and_called(inspector: Path, server: Server, bearer_of: Callable[[Server], str]) -> None:
    held, bearer = furnish(server), bearer_of(server)
    tools = [tool["name"] for tool in ask(inspector, server, bearer, "--method", "tools/list")["tools"]]
    assert len(tools) >= 45

    def run(tool: str) -> tuple[str, Any]:
        return tool, call(inspector, server, bearer, tool, arguments(tool, held))

    # What others are asked about goes last.
    ends = [tool for tool in tools if tool.startswith(("delete_", "remove_"))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = dict(pool.map(run, [tool for tool in tools if tool not in ends]))
    results |= dict(run(tool) for tool in ends)
    # The second run makes the badge rule that the first made, and looks for the one that it deleted.
    is_repeated = lambda tool: bearer_of is oauth_token and tool.endswith("badge_rule")
    assert {tool: result["content"] for tool, result in results.items() if result.get("isError") and not is_repeated(tool)} == {}
