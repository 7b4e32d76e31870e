"""Who is erased is in no file: not in the store, not in its logs, not in a copy, and not after a copy is restored."""

from __future__ import annotations

from pathlib import Path

from support import Server, dregs, eventually

WORDS = [b"quixworth", b"Quixworth", b"203.0.113.77", b"998877665"]
VISIT = {
    "type": "login",
    "id": "quixworth-event",
    "identity": {"id": "quixworth-7", "data": {"name": "Zoe Quixworth", "phone": "+49 151 998877665"}},
    "device": {"fingerprint": "fp-quixworth"},
    "session": "s-quixworth",
    "ip": "203.0.113.77",
    "userAgent": "Quixworth/1",
}


def spelt(folder: Path) -> list[tuple[str, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [(path.name, word) for path in files for word in WORDS if word in path.read_bytes()]


def erase(server: Server) -> None:
    asked = server.request("DELETE", "/identities/quixworth-7")
    assert asked.status_code == 202, asked.text
    path = f"/erasures/{asked.json()['id']}"
    eventually(lambda: server.request("GET", path).json()["status"] == "DONE", "it is erased", 60)


def test_who_is_erased_is_in_no_file_of_the_server_and_in_no_later_copy(folder: Path) -> None:
    server = Server(folder, env={"RUST_LOG": "debug"}).start()
    both = [{"type": "login", "identity": {"id": who}, "device": {"fingerprint": "fp-both"}} for who in ("quixworth-7", "other")]
    server.send([VISIT, *both])
    server.settle()
    assert spelt(server.data)
    erase(server)
    assert spelt(folder) == [], "in the store's files and in the log of a server that tells all it does"
    assert [device["fingerprint"] for device in server.request("GET", "/devices").json()["content"]] == ["fp-both"]
    server.stop()
    server.check()


def test_who_was_erased_is_erased_again_after_a_copy_is_restored(folder: Path) -> None:
    server = Server(folder).start()
    server.send([VISIT, {"type": "login", "identity": {"id": "other"}}])
    server.settle()
    copy, listed = folder / "copy.db", folder / "erasures.jsonl"
    assert dregs("backup", *server.store, copy).returncode == 0
    erase(server)
    assert spelt(server.data) == []
    printed = dregs("erasures", *server.store)
    assert printed.returncode == 0 and len(printed.stdout.splitlines()) == 1, printed.stdout + printed.stderr
    listed.write_text(printed.stdout)
    server.stop()

    assert dregs("restore", "--force", *server.store, copy).returncode == 0
    assert spelt(server.data)
    done = dregs("erase", "--from", listed, *server.store)
    assert done.returncode == 0 and "1 identities erased" in done.stdout, done.stdout + done.stderr
    assert spelt(server.data) == []
    again = dregs("erase", "--from", listed, *server.store)
    assert "0 identities erased" in again.stdout, again.stdout + again.stderr
    server.start()
    assert server.request("GET", "/identities/quixworth-7").status_code == 404
    assert server.request("GET", "/identities/other").status_code == 200
    server.stop()
    server.check()


def test_one_is_erased_by_id_and_a_wrong_list_is_refused(folder: Path) -> None:
    server = Server(folder).start()
    server.send([VISIT])
    server.settle()
    server.stop()
    wrong = folder / "wrong.jsonl"
    wrong.write_text("nobody\n")
    refused = dregs("erase", "--from", wrong, *server.store)
    assert refused.returncode != 0 and "wrong.jsonl:1" in refused.stderr, refused.stderr
    assert dregs("erase", "quixworth-7", *server.store).returncode == 0
    assert spelt(server.data) == []
    assert server.check()["identities"] == 0
