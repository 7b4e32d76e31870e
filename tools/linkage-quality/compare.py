"""Precision, recall and F1 of the name and e-mail linker beside Splink's, on public person data, as one table.

usage: compare.py DREGS [--sets FOLDER] [--only NAME]…

FOLDER holds the sets that are neither in the repository nor in a package; without it they are left out.
"""

import argparse
from pathlib import Path

import measures
import ours
import people
import with_splink
from measures import Pairs, Quality

DEFAULT = 0.5


def rows(name: str, folder: Path | None, dregs: str) -> list[list[str]]:
    found = people.PeopleSet(name, people.sets(folder)[name]())
    true = found.true_pairs()
    fields = "name, e-mail" if found.has_email else "name"
    head = [name, fields, f"{len(found.records):,}", f"{len(true):,}"]
    by_splink = [with_splink.link(found, joint) for joint in (True, False)]
    better = max(by_splink, key=lambda pairs: measures.best(pairs, true).f1)
    systems: list[tuple[str, Pairs]] = [("Dregs", ours.link(found, dregs)), ("Splink", better)]
    return [
        (head if place == 0 else [""] * len(head))
        + [system, *figures(measures.at(pairs, true, DEFAULT)), *figures(measures.best(pairs, true), threshold=True)]
        for place, (system, pairs) in enumerate(systems)
    ]


def figures(quality: Quality, threshold: bool = False) -> list[str]:
    measured = [quality.precision, quality.recall, quality.f1]
    return [f"{value:.3f}" for value in measured + ([quality.threshold] if threshold else [])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dregs")
    parser.add_argument("--sets", type=Path)
    parser.add_argument("--only", action="append")
    options = parser.parse_args()
    head = ["set", "fields", "records", "true pairs", "by"]
    head += [f"{measure} at {DEFAULT}" for measure in ("P", "R", "F1")] + ["best: P", "R", "F1", "from"]
    print("| " + " | ".join(head) + " |")
    print("| " + " | ".join(["---"] * len(head)) + " |")
    for name in options.only or people.sets(options.sets):
        for row in rows(name, options.sets, options.dregs):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
