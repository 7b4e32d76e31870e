"""What the tests share: servers on both databases, and their end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import BINARY, Missing, Postgres, Process, Server


def without(what: str) -> None:
    """In CI everything has to be there; elsewhere a line says what was not tested."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running() -> Iterator[None]:
    assert BINARY.is_file(), f"no server at {BINARY}: build it, or set DREGS_BIN"
    yield
    for process in list(Process.running):
        process.kill()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        cluster = Postgres()
    except Missing as missing:
        without(str(missing))
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Callable[[], str | None]:
    """Makes new databases: none to name for SQLite, a URL for PostgreSQL."""
    if request.param == "sqlite":
        return lambda: None
    return request.getfixturevalue("postgres").new_database


@pytest.fixture(scope="module")
def server(database: Callable[[], str | None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of a file, on each database."""
    server = Server(tmp_path_factory.mktemp("server"), database=database()).start()
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
