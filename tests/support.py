"""A real server, a real PostgreSQL, and waiting with a bound."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from dregs import Dregs

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("DREGS_BIN", ROOT / "target/debug/dregs")).absolute()
START_SECONDS = 20.0
STOP_SECONDS = 10.0
COMMAND_SECONDS = 60.0


def eventually(probe: Callable[[], T], what: str, seconds: float = 10.0, pause: float = 0.02) -> T:
    """The first true value of `probe`; fails when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what} (last: {value!r})")
        time.sleep(pause)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without settings that would change a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DREGS_", "RUST_LOG", "PG"))}
    return {**kept, **(extra or {})}


def dregs(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs one command of the binary to its end."""
    command = [str(BINARY), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=COMMAND_SECONDS, env=environment(env), stdin=subprocess.DEVNULL
    )


class Process:
    """A long-running command: its output is read as it comes, and it never outlives the tests."""

    running: list[Process] = []

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self.log = log
        with log.open("ab") as errors:
            self.popen = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True, env=environment(env)
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        Process.running.append(self)

    def _read(self) -> None:
        for line in self.popen.stdout:
            self.lines.append(line.rstrip("\n"))

    def line(self, start: str, seconds: float = START_SECONDS) -> str:
        """The first line of standard output that begins with `start`."""

        def found() -> str | None:
            line = next((line for line in list(self.lines) if line.startswith(start)), None)
            if line is None and self.popen.poll() is not None:
                self._reader.join(1)
                if not any(line.startswith(start) for line in self.lines):
                    raise AssertionError(f"it ended with {self.popen.returncode} before {start!r}:\n{self.errors()[-2000:]}")
            return line

        return eventually(found, f"a line {start!r}", seconds, pause=0.005)

    def errors(self) -> str:
        return self.log.read_text(errors="replace")

    def is_running(self) -> bool:
        return self.popen.poll() is None

    def terminate(self) -> None:
        """Stops it as an operator would: it must end by itself, soon and well."""
        self.popen.send_signal(signal.SIGTERM)
        self.wait_for(0)

    def wait_for(self, code: int) -> None:
        try:
            ended = self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {STOP_SECONDS:g} s after SIGTERM:\n{self.errors()[-2000:]}") from None
        finally:
            self._forget()
        assert ended == code, f"it ended with {ended}:\n{self.errors()[-2000:]}"

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()
        self._forget()

    def _forget(self) -> None:
        if self in Process.running:
            Process.running.remove(self)
        self._reader.join(1)
        self.popen.stdout.close()


class Server:
    """`dregs serve` on a folder of its own, or on a PostgreSQL database."""

    def __init__(
        self,
        folder: Path,
        database: str | None = None,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.database = database
        self.options = list(options)
        self.env = env
        self.port = port
        self.process: Process | None = None
        self.origin = f"http://127.0.0.1:{port}"
        self._keys: dict[str, str] | None = None
        self._clients: list[Dregs] = []
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def store(self) -> list[str]:
        """The options that name this server's store."""
        database = ["--database", self.database] if self.database else []
        return ["--data-dir", str(self.data), *database]

    @property
    def bootstrap(self) -> Path:
        return self.folder / "bootstrap.json"

    @property
    def keys(self) -> dict[str, str]:
        """What the first start wrote: baseUrl, email, password, publicKey, secretKey."""
        if self._keys is None:
            self._keys = json.loads(self.bootstrap.read_text())
        return self._keys

    @property
    def base_url(self) -> str:
        return f"{self.origin}/api"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def spawn(self) -> Server:
        """Starts it without waiting until it listens."""
        command = [str(BINARY), "serve", "--listen", f"127.0.0.1:{self.port}", "--bootstrap-file", str(self.bootstrap)]
        self.process = Process([*command, *self.store, *self.options], self.log, self.env)
        return self

    def start(self) -> Server:
        self.spawn()
        self.origin = self.process.line("listening on http://").removeprefix("listening on ")
        return self

    def stop(self) -> None:
        while self._clients:
            self._clients.pop().close()
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()

    def client(self, **settings: Any) -> Dregs:
        client = Dregs(**{"secret_key": self.keys["secretKey"], "base_url": self.base_url, **settings})
        self._clients.append(client)
        return client

    def request(self, method: str, path: str, key: str | None = None, **settings: Any) -> httpx.Response:
        """What the official client cannot say: other keys, devices, batches."""
        headers = {"Authorization": f"Bearer {key or self.keys['secretKey']}", **settings.pop("headers", {})}
        return httpx.request(method, self.base_url + path, headers=headers, timeout=10, **settings)

    def send(self, events: Any) -> Any:
        answer = self.request("POST", "/events", json=events)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def waiting(self) -> int:
        """Events that are recorded and not processed yet, and identities that are to be scored again."""
        ready = httpx.get(f"{self.origin}/readyz", timeout=10).json()
        return ready["waiting"] + ready["due"]

    def settle(self, seconds: float = 20.0) -> None:
        eventually(lambda: self.waiting() == 0, "every recorded event is processed", seconds)

    def check(self) -> dict[str, Any]:
        """What `dregs check` says of the stopped store: nothing is wrong."""
        checked = dregs("check", "--json", *self.store)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        report = json.loads(checked.stdout)
        assert report["problems"] == []
        return report


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Server]:
    """A running server that is stopped, and has to stop well, at the end."""
    server = Server(folder, **settings)
    try:
        yield server.start()
    except BaseException:
        if server.process.is_running():
            server.kill()
        raise
    if server.process.is_running():
        server.stop()


class Missing(Exception):
    """Something the tests need is not on this machine."""


class Postgres:
    """A PostgreSQL cluster of its own, durable as in production."""

    def __init__(self) -> None:
        self.initdb, self.pg_ctl = _postgres_tool("initdb"), _postgres_tool("pg_ctl")
        self.psql = _postgres_tool("psql")
        self.as_owner: list[str] = []
        # Every parent of the folder has to be open to the user postgres: pytest's own folders are not.
        self.folder = Path(tempfile.mkdtemp(prefix="dregs-pg-"))
        if os.geteuid() == 0:
            self.as_owner = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.folder, "postgres")
        self.folder.chmod(0o755)
        self.port = free_port()
        self.databases = 0
        data = str(self.folder / "data")
        self._run(self.initdb, "-D", data, "-U", "dregs", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def _run(self, *command: str) -> str:
        # Output goes to a file: a server that pg_ctl starts would hold a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [*self.as_owner, *command], stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", env=environment(),
                timeout=COMMAND_SECONDS,
            )
            output.seek(0)
            text = output.read().decode(errors="replace")
        assert done.returncode == 0, f"{command}: {text}"
        return text

    def _control(self, *arguments: str) -> None:
        self._run(self.pg_ctl, "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", *arguments)

    def start(self) -> None:
        self._control("-o", f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=on", "start")

    def stop(self, mode: str) -> None:
        self._control("-m", mode, "stop")

    def sql(self, statement: str, database: str = "postgres") -> str:
        url = f"postgres://dregs@127.0.0.1:{self.port}/{database}"
        return self._run(self.psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement)

    def new_database(self) -> str:
        """The URL of an empty database."""
        self.databases += 1
        name = f"dregs_{self.databases}"
        self.sql(f"create database {name}")
        return f"postgres://dregs@127.0.0.1:{self.port}/{name}"

    def remove(self) -> None:
        try:
            self.stop("immediate")
        except AssertionError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)


def _postgres_tool(name: str) -> str:
    places = [*os.environ.get("PATH", "").split(":"), *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    found = shutil.which(name, path=":".join(places))
    if found is None:
        raise Missing(f"no PostgreSQL here: {name} is neither on the PATH nor in /usr/lib/postgresql/*/bin")
    return found
