"""Notifications: whatever dies and however often the receiver fails, each arrives, verified, in order.

    DREGS_KILLS=50 DREGS_NOTIFICATIONS=10000 tests/run.sh -k deliveries      the long run
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dregs import webhooks
from standardwebhooks.webhooks import Webhook
from support import Server, eventually, free_port

KILLS = int(os.environ.get("DREGS_KILLS", "10"))
NOTIFICATIONS = int(os.environ.get("DREGS_NOTIFICATIONS", "1200"))
SEED = int(os.environ.get("DREGS_SEED", str(random.randrange(1_000_000))))
FAILING = 0.3
# Scored, badges changed, escalation opened.
OF_ONE_IDENTITY = 3
# The long run's share. The short one kills four times as often for what it sends, and chance weighs more in it: there it is
# every other kill that may catch a notification between its receiver and its row.
DUPLICATES_MAX = 0.001
DUPLICATES_OF_FEW_MAX = 5
# Attempts follow each other quickly, or the test would wait for days.
RETRY_SECONDS = ",".join(["0.05", "0.1", "0.2", *["0.5"] * 60])


class Receiver:
    """Takes webhooks, verifies each twice over, and fails for three in ten."""

    def __init__(self, rng: random.Random) -> None:
        self.secret = ""
        self.taken: list[dict[str, Any]] = []
        self.attempts = 0
        self.wrong: list[str] = []
        self._rng = rng
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.take(body, dict(self.headers.items()))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class HTTPServer(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        lower = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            self.attempts += 1
            try:
                event = webhooks.verify(body, lower["x-dregs-signature"], self.secret)
                assert Webhook(self.secret).verify(body, lower) == event
                assert event["id"] == lower["x-dregs-delivery"] == lower["webhook-id"]
            except Exception as error:
                self.wrong.append(repr(error))
                return 500
            if self._rng.random() < FAILING:
                return 503
            self.taken.append(event)
            return 200

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def number(event: dict[str, Any]) -> int:
    return int(event["id"].removeprefix("dlv_"))


def furnish(server: Server, receiver: Receiver) -> None:
    """A webhook that hears of everything, and rules that everybody fulfils."""
    everyone = [{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]
    channel = {"name": "hook", "type": "WEBHOOK", "url": receiver.url, "events": ["IDENTITY_SCORED", "IDENTITY_BADGES_CHANGED"]}
    made = server.request("POST", "/channels", json=channel)
    assert made.status_code == 201, made.text
    receiver.secret = made.json()["secret"]
    badge = server.request("POST", "/badge-rules", json={"name": "Known", "conditions": everyone})
    rule = server.request("POST", "/escalation-rules", json={"name": "Known", "conditions": everyone, "channels": ["hook"]})
    assert (badge.status_code, rule.status_code) == (201, 201)


def log(server: Server) -> list[dict[str, Any]]:
    def page(n: int) -> dict[str, Any]:
        answer = server.request("GET", f"/channels/hook/deliveries?pageSize=100&pageNumber={n}&sort=createdAt&order=ASC")
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = page(0)
    return first["content"] + [item for n in range(1, first["totalPages"]) for item in page(n)["content"]]


def pending(server: Server) -> int:
    return server.request("GET", "/channels/hook/deliveries?status=PENDING&pageSize=1").json()["totalElements"]


def test_deliveries_survive_kills_and_a_failing_receiver(database: Callable[[], str | None], tmp_path: Path) -> None:
    print(f"DREGS_SEED={SEED} DREGS_KILLS={KILLS} DREGS_NOTIFICATIONS={NOTIFICATIONS}")
    rng = random.Random(SEED)
    receiver = Receiver(random.Random(rng.random()))
    options = ["--allow-private-targets", "--retry-seconds", RETRY_SECONDS]
    server = Server(tmp_path, database=database(), port=free_port(), options=options).start()
    furnish(server, receiver)
    people = [f"person-{n}" for n in range(-(-NOTIFICATIONS // OF_ONE_IDENTITY))]
    share = -(-len(people) // (KILLS + 1))
    for begin in range(0, len(people), share):
        for part in range(begin, min(begin + share, len(people)), 100):
            ids = people[part : min(part + 100, begin + share)]
            server.send([{"type": "login", "identity": {"id": id, "data": {"name": "Anna Virtanen"}}} for id in ids])
        if begin + share < len(people):
            time.sleep(rng.uniform(0.1, 1.0))
            server.kill()
            server.start()
    server.settle(120)
    eventually(lambda: pending(server) == 0, "everything is delivered", 120, pause=0.2)

    held = log(server)
    assert {item["status"] for item in held} == {"DELIVERED"}
    assert receiver.wrong == []
    times = Counter(event["id"] for event in receiver.taken)
    assert set(times) == {item["id"] for item in held}, "notifications are lost, or nobody sent them"
    told = defaultdict(list)
    for event in receiver.taken:
        told[event["data"]["identityId"]].append(event)
    assert set(told) == set(people)
    client = server.client()
    for person, events in told.items():
        kinds = Counter(event["event"] for event in {event["id"]: event for event in events}.values())
        assert (kinds["IDENTITY_BADGES_CHANGED"], kinds["ESCALATION_OPENED"]) == (1, 1), (person, kinds)
        first = list(dict.fromkeys(number(event) for event in events))
        assert first == sorted(first), f"{person} was told of out of order"
    for person in rng.sample(people, 20):
        last = [event for event in told[person] if event["event"] == "IDENTITY_SCORED"][-1]
        scores = {score.category.lower(): score.value for score in client.identities.scores(person)}
        assert {name: value for name, value in last["data"]["scores"].items() if value is not None} == scores
    repeated = sum(times.values()) - len(times)
    print(f"{len(times)} notifications in {receiver.attempts} attempts, {repeated} of them twice")
    assert repeated <= max(DUPLICATES_OF_FEW_MAX, DUPLICATES_MAX * len(times)), f"{repeated} notifications came twice"
    server.stop()
    server.check()
    receiver.close()
