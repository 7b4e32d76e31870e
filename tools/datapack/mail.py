"""Domains of e-mail addresses: disposable, relay, free; and the names of role accounts."""

import json
import re

from text import lines, write_lines

SCHOOLS = re.compile(r"\.edu$|\.gov$|\.(edu|ac|gov)\.[a-z]{2}$")


def strings(path):
    return set(re.findall(r"""['"]([^'"\s]+)['"]""", path.read_text(encoding="utf-8")))


def domain(text):
    return text.strip().strip(".").lower()


def disposable(sources, curated):
    """Domain → grade. `s` the curated list says so, `w` only the collected one; the digit counts the lists that agree.

    The third list, mailchecker, only confirms: alone it also holds vanity domains of honest mail providers.
    """
    strong = {domain(d) for d in strings(sources["disposable-email-domains"] / "disposable_email_domains/__init__.py")}
    strong = {d for d in strong if "." in d}
    weak = {domain(d) for d in json.loads((sources["disposable-domains"] / "index.json").read_text())}
    checker = (sources["mailchecker"] / "src/lib.rs").read_text()
    confirming = set(re.findall(r'"([^"]+)"', re.search(r"BLACKLIST: [^=]+= &\[(.*?)\];", checker, re.S)[1]))
    honest = set(lines(curated / "honest-domains.txt"))
    relays = set(lines(curated / "relays.txt")) - strong
    grades = {d: "r" for d in relays}
    for name in (strong | weak) - relays - honest:
        grades[name] = "s" if name in strong else "w"
    count = lambda d: sum(d in known for known in (strong, weak, confirming))
    return {d: f"{grade}{count(d)}" for d, grade in grades.items() if d}


def free(sources, curated, graded):
    listed = {domain(d) for d in (sources["@activeprospect/freemail"] / "data/free.txt").read_text().split()}
    listed |= {domain(d) for d in json.loads((sources["email-providers"] / "common.json").read_text())}
    listed -= set(lines(curated / "not-free.txt")) | set(graded)
    return {d for d in listed if "." in d and not SCHOOLS.search(d)} | set(lines(curated / "honest-domains.txt"))


def roles(sources, curated):
    """Role accounts with separators taken out (`no-reply` and `no.reply` are one), without years and bare numbers."""
    found = {re.sub(r"[._-]", "", r.lower()) for r in strings(sources["role-based-email-addresses"] / "src/index.js")}
    return {r for r in found if r.isascii() and r[0].isalpha()} - set(lines(curated / "not-role.txt"))


def build(sources, curated, data):
    graded = disposable(sources, curated)
    providers = free(sources, curated, graded)
    return {
        "disposable-domains.tsv": (write_lines(data / "disposable-domains.tsv", [f"{d}\t{g}" for d, g in graded.items()]),
                                   ["disposable-email-domains", "disposable-domains", "mailchecker"]),
        "free-providers.txt": (write_lines(data / "free-providers.txt", providers),
                               ["@activeprospect/freemail", "email-providers"]),
        "role-accounts.txt": (write_lines(data / "role-accounts.txt", roles(sources, curated)),
                              ["role-based-email-addresses"]),
    }
