"""The commands, and what happens when a machine is not as it should be."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dregs import Dregs, DregsConnectionError, ServerError
from support import BINARY, Postgres, Process, Server, dregs, eventually, serving

FULL_DISK_MIB = 24


def counts(report: dict[str, Any]) -> dict[str, int]:
    return {name: report[name] for name in ("identities", "events")}


def fill(server: Server, identities: int = 10, events: int = 3) -> None:
    """Some people with some history, all of it processed."""
    client = server.client()
    for person in range(identities):
        for n in range(events):
            client.track(
                "signup" if n == 0 else "login",
                identity=f"person-{person}",
                event_id=f"p{person}-{n}",
                identity_data={"email": f"person-{person}@example.com"},
            )
    server.settle()
    eventually(lambda: all(len(client.identities.scores(f"person-{n}")) for n in range(identities)), "everyone is scored")


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command failed with one line for a person that holds every word."""
    assert done.returncode != 0, done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("dregs: ")]
    assert len(lines) == 1, done.stderr
    assert "panicked" not in done.stderr
    for word in words:
        assert word in lines[0], lines[0]


def serve(*options: object) -> subprocess.CompletedProcess[str]:
    return dregs("serve", "--listen", "127.0.0.1:0", *options)


# First start, start, stop


def test_the_first_start_shows_the_keys_once_and_writes_them_for_their_owner_alone(folder: Path) -> None:
    server = Server(folder).start()
    keys = json.loads(server.bootstrap.read_text())
    assert set(keys) == {"baseUrl", "email", "password", "publicKey", "secretKey"}
    assert keys["baseUrl"] == server.base_url
    assert keys["publicKey"].startswith("pk_") and keys["secretKey"].startswith("sk_")
    assert server.bootstrap.stat().st_mode & 0o777 == 0o600
    assert all(key in "\n".join(server.process.lines) for key in keys.values() if not key.startswith("http"))
    login = server.request("POST", "/auth/login", json={"email": keys["email"], "password": keys["password"]})
    assert login.status_code == 200 and login.json()["role"] == "ADMIN"

    server.stop()
    server.bootstrap.unlink()
    server.start()
    assert not server.bootstrap.exists() and "sk_" not in "\n".join(server.process.lines)
    assert server.client(secret_key=keys["secretKey"]).identities.list().total_elements == 0
    server.stop()


def test_sigterm_answers_what_is_at_hand_and_stops(folder: Path) -> None:
    server = Server(folder).start()
    acknowledged: list[str] = []

    def send(sender: int) -> None:
        client = Dregs(server.keys["secretKey"], base_url=server.base_url, max_retries=0)
        try:
            for n in range(100_000):
                acknowledged.append(client.track("login", identity=f"i{n % 7}", event_id=f"{sender}-{n}").id)
        except (DregsConnectionError, ServerError):
            pass

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(3)]
    for sender in senders:
        sender.start()
    time.sleep(0.4)
    began = time.monotonic()
    server.stop()
    print(f"stopped in {time.monotonic() - began:.2f} s under load")
    for sender in senders:
        sender.join(10)
    assert acknowledged
    server.start()
    server.settle()
    held = {event.id for event in server.client().events.list_all(page_size=100)}
    assert set(acknowledged) <= held
    server.stop()


# simulate


def test_simulate_writes_events_and_labels(folder: Path) -> None:
    made = dregs("simulate", "--identities", 60, "--seed", 3, "--days", 5, "--out", folder / "a")
    assert made.returncode == 0, made.stderr
    headers = {
        "labels_identities.csv": "identity,abuser,classes,tier,humanity_bad,authenticity_bad,uniqueness_bad,behavior_bad,bad_from,country",
        "labels_pairs.csv": "id_a,id_b",
        "labels_hard.csv": "id_a,id_b,kind",
        "networks.csv": "prefix,kind,country,label",
    }
    for name, header in headers.items():
        rows = (folder / "a" / name).read_text().splitlines()
        assert rows[0] == header and all(row.count(",") == header.count(",") for row in rows), name
    events = [json.loads(line) for line in (folder / "a/events.jsonl").read_text().splitlines()]
    assert f"{len(events)} events" in made.stdout
    times = [event["timestamp"] for event in events]
    assert len(events) > 60 and times == sorted(times)
    assert all(event["type"] and ("identity" in event or "device" in event) for event in events)
    labelled = {row.split(",")[0] for row in (folder / "a/labels_identities.csv").read_text().splitlines()[1:]}
    assert {event["identity"]["id"] for event in events if "identity" in event} <= labelled and len(labelled) >= 60

    again = dregs("simulate", "--identities", 60, "--seed", 3, "--days", 5, "--out", folder / "b")
    assert again.returncode == 0
    for name in [*headers, "events.jsonl"]:
        assert (folder / "a" / name).read_bytes() == (folder / "b" / name).read_bytes(), f"the same seed gives the same {name}"


def test_simulate_sends_to_a_server(folder: Path) -> None:
    with serving(folder / "server") as server:
        sent = dregs("simulate", "--identities", 30, "--days", 3, "--to", server.origin, "--key", server.keys["secretKey"])
        assert sent.returncode == 0, sent.stderr
        events = int(re.search(r"(\d+) events sent", sent.stdout)[1])
        server.settle(60)
        client = server.client()
        assert client.events.list().total_elements == events
        assert client.identities.list().total_elements >= 20
        wrong = dregs("simulate", "--identities", 5, "--days", 1, "--to", server.origin, "--key", "sk_wrong")
        refused(wrong, "401")


# backup, restore, check, migrate


def test_a_backup_of_a_running_server_holds_what_was_acknowledged_before_it(folder: Path) -> None:
    server = Server(folder / "one").start()
    acknowledged: list[str] = []
    stopping = threading.Event()

    def send() -> None:
        client = server.client()
        n = 0
        while not stopping.is_set():
            acknowledged.append(client.track("login", identity=f"person-{n % 5}", event_id=f"e{n}").id)
            n += 1

    sender = threading.Thread(target=send)
    sender.start()
    try:
        time.sleep(0.5)
        for n in range(3):
            before = list(acknowledged)
            done = dregs("backup", *server.store, folder / f"copy{n}.db")
            assert done.returncode == 0, done.stderr
    finally:
        stopping.set()
        sender.join()
    server.stop()

    restored = Server(folder / "two")
    restored._keys = server.keys
    done = dregs("restore", *restored.store, folder / "copy2.db")
    assert done.returncode == 0, done.stderr
    restored.start()
    restored.settle()
    held = Counter(event.id for event in restored.client().events.list_all(page_size=100))
    assert len(before) > 0 and set(before) <= set(held) and set(held.values()) == {1}
    restored.stop()
    restored.check()


def test_a_backup_restores_elsewhere_with_the_same_content(
    database: Callable[[], str | None], request: pytest.FixtureRequest, folder: Path
) -> None:
    server = Server(folder / "one", database=database()).start()
    if server.database and not shutil.which("pg_dump"):
        server.stop()
        pytest.skip("pg_dump is not on the PATH")
    fill(server)
    done = dregs("backup", *server.store, folder / "copy")
    assert done.returncode == 0, done.stderr
    identities = [identity.raw for identity in server.client().identities.list_all(sort="id")]
    events = [event.raw for event in server.client().events.list_all()]
    server.stop()

    restored = Server(folder / "two", database=database())
    restored._keys = server.keys
    done = dregs("restore", *restored.store, folder / "copy")
    assert done.returncode == 0, done.stderr
    assert counts(restored.check()) == counts(server.check()) == {"identities": 10, "events": 30}
    restored.start()
    assert [identity.raw for identity in restored.client().identities.list_all(sort="id")] == identities
    assert [event.raw for event in restored.client().events.list_all()] == events
    restored.stop()


def test_a_backup_does_not_overwrite_and_restore_only_by_force(folder: Path) -> None:
    server = Server(folder / "one").start()
    fill(server, identities=2)
    copy = folder / "copy.db"
    assert dregs("backup", *server.store, copy).returncode == 0
    refused(dregs("backup", *server.store, copy), "copy", "exists")
    server.client().track("login", identity="later")
    server.settle()
    refused(dregs("restore", *server.store, copy, "--force"), str(server.data), "another dregs")
    server.stop()

    refused(dregs("restore", *server.store, copy), str(server.data), "--force")
    assert counts(server.check())["identities"] == 3, "a refused restore changes nothing"
    assert dregs("restore", *server.store, copy, "--force").returncode == 0
    assert counts(server.check()) == {"identities": 2, "events": 6}
    refused(dregs("restore", "--data-dir", folder / "three", folder / "no-such-copy"), "no-such-copy")
    refused(dregs("backup", "--data-dir", folder / "nowhere", folder / "x"), str(folder / "nowhere"))
    assert not (folder / "nowhere").exists()


def test_check_tells_what_does_not_fit_together(folder: Path) -> None:
    server = Server(folder).start()
    fill(server, identities=3)
    server.stop()
    report = server.check()
    assert set(report) == {"identities", "events", "cycles", "waiting", "problems", "advice"}
    assert (report["identities"], report["events"], report["waiting"]) == (3, 9, 0) and report["cycles"] >= 3
    said = dregs("check", *server.store)
    assert said.returncode == 0 and "3 identities, 9 events" in said.stdout and "no problems" in said.stdout

    with sqlite3.connect(server.data / "dregs.db") as store:
        store.execute("delete from profiles where identity_id = 'person-1'")
    store.close()
    broken = dregs("check", "--json", *server.store)
    assert broken.returncode != 0 and "1 identities without a profile" in json.loads(broken.stdout)["problems"]
    refused(dregs("check", "--data-dir", folder / "nowhere"), str(folder / "nowhere"))


def test_migrate_makes_the_schema_and_then_has_nothing_to_do(database: Callable[[], str | None], folder: Path) -> None:
    server = Server(folder, database=database())
    first, second = dregs("migrate", *server.store), dregs("migrate", *server.store)
    assert first.returncode == 0 and re.search(r"[1-9]\d* migrations? applied", first.stdout), first.stdout + first.stderr
    assert second.returncode == 0 and "up to date" in second.stdout
    server.start()
    assert server.client().identities.list().total_elements == 0
    server.stop()


# replay


def test_a_lost_password_is_replaced_while_the_server_runs(database: Callable[[], str | None], folder: Path) -> None:
    with serving(folder, database=database()) as server:
        email, old = server.keys["email"], server.keys["password"]

        def log_in(password: str) -> int:
            return server.request("POST", "/auth/login", json={"email": email, "password": password}).status_code

        while log_in("a guess that is wrong") == 401:
            pass
        done = dregs("password", email.upper(), *server.store)
        assert done.returncode == 0, done.stderr
        password = re.search(r"password +(\S+)", done.stdout).group(1)
        assert log_in(password) == 200, "what was guessed at the old one counts no more"
        assert log_in(old) == 401
        refused(dregs("password", "nobody@example.com", *server.store), "nobody@example.com")
    refused(dregs("password", email, "--data-dir", folder / "elsewhere"), "elsewhere")


def test_replay_computes_the_latest_cycles_again_and_none_differs(database: Callable[[], str | None], folder: Path) -> None:
    server = Server(folder, database=database()).start()
    sent = dregs("simulate", "--identities", 40, "--days", 3, "--to", server.origin, "--key", server.keys["secretKey"])
    assert sent.returncode == 0, sent.stderr
    server.settle(60)
    client = server.client()
    identity = next(iter(client.identities.list(sort="authenticityScore")))
    analysis = eventually(lambda: client.identities.analysis(identity.id), "an analysis")
    server.stop()

    replayed = dregs("replay", "--latest", 200, "--json", *server.store)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    report = json.loads(replayed.stdout)
    assert report["differing"] == [] and report["replayed"] >= 40

    one = dregs("replay", analysis.id, "--json", *server.store)
    assert one.returncode == 0, one.stderr
    verdict = json.loads(one.stdout)
    assert verdict["identical"] is True and verdict["then"] == verdict["now"]
    shown = dregs("replay", analysis.id, *server.store)
    assert shown.returncode == 0 and identity.id in shown.stdout and "identical" in shown.stdout
    for score in analysis.scores:
        assert re.search(rf"{score.category.value}\s+{score.value} →\s+{score.value}\b", shown.stdout)
    today = dregs("replay", analysis.id, "--today", "--json", *server.store)
    assert today.returncode == 0, today.stderr
    refused(dregs("replay", 1, *server.store), "1")


# backtest


def test_backtest_replays_a_stored_rule_or_one_from_a_file(database: Callable[[], str | None], folder: Path) -> None:
    server = Server(folder, database=database()).start()
    fill(server)
    rule = {"name": "Everyone", "type": "BAD", "conditions": [{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]}
    assert server.request("POST", "/badge-rules", json=rule).status_code == 201
    assert server.request("PUT", "/identities/person-1/label", json={"kind": "LEGITIMATE"}).status_code == 200
    badges = server.client().identities
    eventually(lambda: all(badges.get(f"person-{n}").badges for n in range(10)), "everyone is marked")

    replayed = dregs("backtest", "everyone", "--days", 7, "--json", *server.store)
    assert replayed.returncode == 0, replayed.stderr
    report = json.loads(replayed.stdout)
    assert report["identities"] == report["firings"] == report["stored"]["both"] == 10
    assert report["fired"]["legitimate"] == 1 and report["fired"]["precision"]["value"] == 0
    shown = dregs("backtest", "everyone", *server.store)
    assert shown.returncode == 0 and "on 10 identities" in shown.stdout and '"person-0"' in shown.stdout

    path = folder / "rule.json"
    path.write_text(json.dumps({"conditions": rule["conditions"], "openAfterSeconds": 864000}))
    late = dregs("backtest", path, "--escalation", "--json", *server.store)
    assert late.returncode == 0, late.stderr
    assert json.loads(late.stdout)["firings"] == 0 and json.loads(late.stdout)["stored"] is None
    path.write_text('{"conditions": []}')
    refused(dregs("backtest", path, *server.store), "rule.json", "conditions")
    refused(dregs("backtest", "nothing", *server.store), "nothing", "likely-bot")
    refused(dregs("backtest", "everyone", "--team", "none", *server.store), "none", "First team")
    server.stop()


# A machine that is not as it should be


def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(folder: Path) -> None:
    with serving(folder) as server:
        refused(serve(*server.store), str(server.data), "another dregs")
        assert server.client().track("login", identity="someone").accepted


def test_a_port_in_use_is_named(folder: Path) -> None:
    with serving(folder / "one") as server:
        address = server.origin.removeprefix("http://")
        refused(dregs("serve", "--listen", address, "--data-dir", folder / "two"), address)


@pytest.mark.parametrize("url", ["mysql://root@localhost/dregs", "dregs.db", "http://localhost/"])
def test_an_unknown_database_scheme_is_refused_with_the_known_ones(folder: Path, url: str) -> None:
    for command in (("serve", "--listen", "127.0.0.1:0"), ("migrate",)):
        refused(dregs(*command, "--data-dir", folder / "data", "--database", url), "sqlite:", "postgres://", repr_of(url))


def repr_of(url: str) -> str:
    return url.split(":")[0]


def test_a_database_that_does_not_answer_is_named(folder: Path) -> None:
    began = time.monotonic()
    done = serve("--data-dir", folder, "--database", "postgres://dregs:hunter2@127.0.0.1:1/dregs")
    refused(done, "database")
    assert "hunter2" not in done.stderr and time.monotonic() - began < 30


def test_a_data_folder_that_is_a_file_is_refused_with_its_name(folder: Path) -> None:
    place = folder / "taken"
    place.write_text("a file")
    refused(serve("--data-dir", place), str(place))
    refused(dregs("migrate", "--data-dir", place), str(place))
    assert place.read_text() == "a file"


def test_a_data_folder_that_is_not_writable_is_refused_with_its_name(folder: Path) -> None:
    place = folder / "sealed"
    place.mkdir()
    place.chmod(0o555)
    as_someone: list[str] = []
    binary = BINARY
    if os.geteuid() == 0:
        # Root may write anywhere: somebody else tries. Nobody may look into pytest's folders.
        import tempfile

        if not shutil.which("setpriv"):
            pytest.skip("running as root, and setpriv is not here to become somebody else")
        as_someone = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
        open_folder = Path(tempfile.mkdtemp(prefix="dregs-sealed-"))
        open_folder.chmod(0o755)
        binary = Path(shutil.copy(BINARY, open_folder / "dregs"))
        place = open_folder / "sealed"
        place.mkdir(mode=0o755)
    try:
        done = subprocess.run(
            [*as_someone, str(binary), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(place)],
            capture_output=True, text=True, timeout=30, cwd="/",
        )
    finally:
        if as_someone:
            shutil.rmtree(binary.parent)
    refused(done, str(place))


def test_a_file_that_is_no_database_is_refused_with_its_name(folder: Path) -> None:
    (folder / "data").mkdir()
    database = folder / "data/dregs.db"
    database.write_bytes(b"this is not a database " * 1000)
    refused(serve("--data-dir", folder / "data"), "dregs.db")
    assert database.read_bytes() == b"this is not a database " * 1000


def test_a_store_of_a_newer_version_is_refused_and_left_alone(
    database: Callable[[], str | None], request: pytest.FixtureRequest, folder: Path
) -> None:
    server = Server(folder, database=database()).start()
    fill(server, identities=1)
    server.stop()
    newer = "insert into schema_migrations (version, name) values (900, 'from the future')"
    if server.database:
        postgres: Postgres = request.getfixturevalue("postgres")
        postgres.sql(newer, server.database.rsplit("/", 1)[1])
    else:
        with sqlite3.connect(server.data / "dregs.db") as store:
            store.execute(newer)
        store.close()
    for done in (serve(*server.store), dregs("migrate", *server.store), dregs("check", *server.store), dregs("replay", "--latest", "1", *server.store)):
        refused(done, "900", "newer")


def test_a_full_disk_is_503_loses_nothing_acknowledged_and_passes(folder: Path) -> None:
    disk = folder / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_MIB}m", "tmpfs", str(disk)], capture_output=True
    ).returncode == 0
    if not mounted:
        pytest.skip("a small disk can only be mounted by root")
    server = Server(folder / "server")
    server.data = disk / "data"
    try:
        server.start()
        full_disk(server, disk / "filler")
        server.stop()
        server.check()
    finally:
        if server.process and server.process.is_running():
            server.kill()
        subprocess.run(["umount", str(disk)], check=True)


def full_disk(server: Server, filler: Path) -> None:
    client = server.client(max_retries=0)
    acknowledged = [client.track("login", identity=f"early-{n % 4}", event_id=f"early-{n}").id for n in range(20)]
    server.settle()
    # Unbuffered: what a buffer still held would be written, and fail again, when the file is closed.
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 65536):
            pass

    errors = []
    for n in range(400):
        try:
            acknowledged.append(client.track("login", identity=f"person-{n % 9}", event_id=f"full-{n}", data={"fill": "x" * 4000}).id)
        except ServerError as error:
            errors.append(error)
            if len(errors) == 5:
                break
    assert len(errors) == 5, "a full disk is noticed"
    assert {error.status_code for error in errors} == {503} and all(error.message for error in errors)
    refusal = server.request("POST", "/events", json={"type": "login", "identity": {"id": "someone"}})
    assert refusal.status_code == 503 and int(refusal.headers["retry-after"]) >= 1
    assert client.identities.get("early-0").id == "early-0", "reading goes on"
    assert server.process.is_running()
    time.sleep(1.0)

    filler.unlink()
    recovered = time.monotonic()
    eventually(lambda: taken(client), "events are taken again", 10)
    print(f"{len(acknowledged)} acknowledged; taken again {time.monotonic() - recovered:.2f} s after there was space")
    server.settle(30)
    held = Counter(event.id for event in client.events.list_all(page_size=100))
    assert [id for id in acknowledged if held[id] != 1] == []
    assert max(held.values()) == 1


def taken(client: Dregs) -> bool:
    try:
        return client.track("login", identity="after", event_id="after").accepted
    except ServerError:
        return False


# demo


def test_demo_shows_scores_within_ten_seconds_and_they_move(folder: Path) -> None:
    process = Process([str(BINARY), "demo", "--listen", "127.0.0.1:0"], folder / "demo.log")
    origin = process.line("listening on http://").removeprefix("listening on ")
    listening = time.monotonic()
    key = re.search(r"Bearer (sk_\w+)", process.line("try it:"))[1]
    assert any("dashboard at" in line for line in process.lines)
    client = Dregs(key, base_url=f"{origin}/api")

    def scores() -> list[Any]:
        found = client.identities.list(sort="humanityScore", page_size=100)
        return [identity for identity in found if identity.humanity_score is not None and identity.uniqueness_score is not None]

    eventually(lambda: len(scores()) >= 10, "identities with scores", 10)
    print(f"scores are readable {time.monotonic() - listening:.2f} s after listening")
    assert time.monotonic() - listening < 10
    before = {identity.id: identity.raw for identity in scores()}
    eventually(lambda: {identity.id: identity.raw for identity in scores()} != before, "scores move")
    eventually(lambda: any(line.startswith("identity ") for line in process.lines), "the table in the terminal", 40)
    client.close()
    process.terminate()


# Secrets


def test_neither_keys_nor_attribute_values_are_ever_logged(database: Callable[[], str | None], folder: Path) -> None:
    with serving(folder, database=database(), env={"RUST_LOG": "debug"}) as server:
        client = server.client()
        values = {"password": "hunter2-password", "note": "plain-attribute-value", "nested": {"apiKey": "deep-api-key-value"}}
        own = {"email": "secret-person@example.com", "name": "Confidential Person", "token": "identity-token-value"}
        client.track("signup", identity="someone", event_id="e1", data=values, identity_data=own)
        client.identities.update("someone", attributes={"note": "patched-value", "password": "patched-password"})
        client.groups.create("acme", attributes={"name": "Hidden Group Name"})
        server.settle()
        eventually(lambda: client.identities.scores("someone"), "scores")
        made = server.request("POST", "/credentials", json={"name": "second"}).json()
        keys = {**server.keys, "made": made["secretKey"], "madePublic": made["publicKey"]}
        # What goes wrong is logged too, and must not tell more.
        server.request("POST", "/auth/login", json={"email": keys["email"], "password": "wrong-password-value"})
        session = server.request("POST", "/auth/login", json={"email": keys["email"], "password": keys["password"]}).json()["token"]
        server.request("GET", "/auth/me", key=session)
        server.request("GET", "/identities", key="sk_guessed-secret-value")
        server.request("POST", "/events", content=b'{"type": "malformed-body-value')
        server.request("POST", "/events?key=" + keys["publicKey"], json={"type": "page", "identity": {"id": "x"}}, headers={"Authorization": ""})
        server.request("GET", "/identities", params={"term": "searched-term-value", "sort": "bad-sort-value"})

    log = server.process.errors()
    assert "DEBUG" in log, "the log is as talkative as it gets"
    secrets = [keys["password"], keys["publicKey"], keys["secretKey"], keys["made"], keys["madePublic"], session]
    secrets += ["hunter2", "deep-api-key-value", "identity-token-value", "patched-password", "wrong-password-value", "sk_guessed"]
    attributes = ["plain-attribute-value", "secret-person", "Confidential", "patched-value", "Hidden Group", "malformed-body-value", "searched-term-value"]
    for word in secrets + attributes:
        line = next((line for line in log.splitlines() if word in line), None)
        assert line is None, f"{word!r} is in the log: {line[:400]}"
