"""What Dregs makes of a set: every record is the registration of one identity, replayed by `dregs evaluate`."""

import csv
import json
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measures import Pairs
from people import PeopleSet, Record

START = datetime(2026, 1, 1, tzinfo=UTC)


def link(people: PeopleSet, dregs: str) -> Pairs:
    with tempfile.TemporaryDirectory() as folder:
        events, links = Path(folder, "events.jsonl"), Path(folder, "links.csv")
        with events.open("w", encoding="utf-8") as out:
            for place, record in enumerate(people.records):
                out.write(json.dumps(registration(record, place)) + "\n")
        subprocess.run([dregs, "evaluate", events, "--links", links], check=True, stdout=subprocess.DEVNULL)
        with links.open(encoding="utf-8", newline="") as rows:
            return {
                (min(row["id_a"], row["id_b"]), max(row["id_a"], row["id_b"])): float(row["score"])
                for row in csv.DictReader(rows)
            }


def registration(record: Record, place: int) -> dict:
    fields = {"first_name": record.first, "last_name": record.last, "email": record.email}
    data = {field: value for field, value in fields.items() if value}
    at = START + timedelta(seconds=30 * place)
    return {
        "id": f"e{place}",
        "type": "user.signup",
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "identity": {"id": record.id, "data": data},
    }
