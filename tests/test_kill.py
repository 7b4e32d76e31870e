"""Power cuts: whatever dies, no acknowledged event is lost and none is there twice.

    DREGS_KILLS=100 tests/run.sh -k kill        a hundred kills instead of twenty
    DREGS_SEED=7 tests/run.sh -k kill           the kill times of a run, as it printed them
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import without
from dregs import Dregs, DregsConnectionError, NotFoundError, ServerError
from support import Missing, Postgres, Server, eventually, free_port

KILLS = int(os.environ.get("DREGS_KILLS", "20"))
SEED = int(os.environ.get("DREGS_SEED", str(random.randrange(1_000_000))))
POSTGRES_STOPS = 5
SENDERS = 4
IDENTITIES = 12
# Some identities are busy, most are not.
WEIGHTS = [8, 4, *[1] * (IDENTITIES - 2)]
REPEATED = 0.1


class Load:
    """Senders that track events with ids of their own, and send each until it is acknowledged."""

    def __init__(self, server: Server, rng: random.Random) -> None:
        self.acknowledged: dict[str, str] = {}
        self.failures = 0
        self.unexpected: list[BaseException] = []
        self._stopping = threading.Event()
        self._server = server
        self._threads = [
            threading.Thread(target=self._run, args=(sender, random.Random(rng.random())), daemon=True) for sender in range(SENDERS)
        ]

    def start(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, seconds: float = 40.0) -> None:
        """Stops sending new events; what was begun is sent until it is acknowledged."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a sender still waits for its event to be acknowledged"
        assert self.unexpected == [], self.unexpected

    def _run(self, sender: int, rng: random.Random) -> None:
        client = Dregs(self._server.keys["secretKey"], base_url=self._server.base_url, max_retries=0, timeout=10)
        number = 0
        try:
            while not self._stopping.is_set():
                identity = f"person-{rng.choices(range(IDENTITIES), WEIGHTS)[0]}"
                event = f"event-{sender}-{number}"
                number += 1
                self._until_acknowledged(client, event, identity)
                if rng.random() < REPEATED:
                    # A client that never saw the answer sends again.
                    self._until_acknowledged(client, event, identity)
                time.sleep(0.002)
        except BaseException as error:
            self.unexpected.append(error)
        finally:
            client.close()

    def _until_acknowledged(self, client: Dregs, event: str, identity: str) -> None:
        while True:
            try:
                result = client.track(
                    "purchase", identity=identity, event_id=event, data={"event": event}, identity_data={"email": f"{identity}@example.com"}
                )
            except (DregsConnectionError, ServerError):
                self.failures += 1
                time.sleep(0.02)
                continue
            assert result.id == event
            self.acknowledged[event] = identity
            return


def verify(server: Server, acknowledged: dict[str, str]) -> None:
    """Every acknowledged event is there once, with its data, and counted once in its identity's analysis."""
    client = server.client()
    server.settle(60)
    eventually(lambda: client.events.list().total_elements >= len(acknowledged), "acknowledged events are lost", 30, pause=0.2)
    stored = list(client.events.list_all(page_size=100, sort="timestamp", order="asc"))
    times = Counter(event.id for event in stored)
    assert [id for id in acknowledged if id not in times] == [], "acknowledged events are lost"
    assert [id for id, count in times.items() if count > 1] == [], "events are there twice"
    assert set(times) == set(acknowledged), "events nobody sent"
    for event in stored:
        assert event.identity.id == acknowledged[event.id] and event.data == {"event": event.id}

    of_identity = Counter(acknowledged.values())
    for identity, count in of_identity.items():

        def counted() -> bool:
            try:
                return client.identities.analysis(identity).event_count == count
            except NotFoundError:
                return False

        eventually(counted, f"{identity} is analyzed with its {count} events", 20)
    assert {identity.id for identity in client.identities.list_all()} == set(of_identity)


def test_kill_minus_nine_loses_no_acknowledged_event_and_repeats_none(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    print(f"DREGS_SEED={SEED} DREGS_KILLS={KILLS}")
    server = Server(tmp_path, port=free_port()).start()
    load = Load(server, rng).start()
    recovery: list[float] = []
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.02, 0.6))
        server.kill()
        if rng.random() < 0.25:
            # Killed again while it starts.
            server.spawn()
            time.sleep(rng.uniform(0.0, 0.15))
            server.kill()
        started = time.monotonic()
        server.process = None
        server.start()
        recovery.append(time.monotonic() - started)
    load.stop()
    print(f"{len(load.acknowledged)} events acknowledged, {load.failures} failures seen, slowest restart {max(recovery):.2f} s")
    assert len(load.acknowledged) > KILLS, "there was load"
    assert load.failures > 0, "the kills were felt"
    verify(server, load.acknowledged)
    server.stop()
    report = server.check()
    assert (report["events"], report["waiting"]) == (len(load.acknowledged), 0)


def test_kill_minus_nine_on_postgres_loses_no_acknowledged_event_and_repeats_none(postgres: Postgres, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    print(f"DREGS_SEED={SEED}")
    kills = max(1, KILLS // 4)
    server = Server(tmp_path, database=postgres.new_database(), port=free_port()).start()
    load = Load(server, rng).start()
    for _ in range(kills):
        time.sleep(rng.uniform(0.05, 0.6))
        server.kill()
        server.start()
    load.stop()
    print(f"{len(load.acknowledged)} events acknowledged, {load.failures} failures seen")
    assert len(load.acknowledged) > kills and load.failures > 0
    verify(server, load.acknowledged)
    server.stop()
    assert server.check()["events"] == len(load.acknowledged)


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A cluster for this test: a small one is back sooner after its power is cut."""
    try:
        cluster = Postgres()
    except Missing as missing:
        without(str(missing))
    yield cluster
    cluster.remove()


def test_kill_of_postgres_under_load_loses_no_acknowledged_event_and_the_server_stays(own_postgres: Postgres, tmp_path: Path) -> None:
    postgres = own_postgres
    rng = random.Random(SEED)
    print(f"DREGS_SEED={SEED}")
    server = Server(tmp_path, database=postgres.new_database(), port=free_port()).start()
    process = server.process
    load = Load(server, rng).start()
    back: list[float] = []
    for _ in range(POSTGRES_STOPS):
        time.sleep(rng.uniform(0.2, 0.8))
        postgres.stop("immediate")
        time.sleep(rng.uniform(0.0, 0.4))
        postgres.start()
        started, known = time.monotonic(), len(load.acknowledged)
        eventually(lambda known=known: len(load.acknowledged) > known + SENDERS, "events are taken again", 15)
        back.append(time.monotonic() - started)
        assert process.is_running(), process.errors()[-2000:]
    load.stop()
    print(f"{len(load.acknowledged)} events acknowledged, {load.failures} failures seen, back after at most {max(back):.2f} s")
    assert load.failures > 0
    verify(server, load.acknowledged)
    assert server.process is process and process.is_running()
    server.stop()
    assert server.check()["events"] == len(load.acknowledged)
