"""Crawlers' marks in user agents, as plain text to search for: no regular expression has to be built when the server starts."""

import gzip
import json
import re
from itertools import product

from text import write_lines

# Marks that people's own programs carry (messengers with a browser inside, editors, reading aloud), or words too common.
NOT_CRAWLERS = {
    "Viber", "Fluid", "Fever", "Sonic", "Silk/", "linko", "Trove", "RED/", "WhatsApp", "Google-Read-Aloud", "Code/1.",
    "Yeti", "Noibu", "GoPay", "Jumio", "BW/", "Dlc/", "WSM/", "s4a/", "YaK/", "Devin", "Ghost Inspector/", "Optimizer)",
    "Salesforce.com", "Fuel", "Trae/", "opencode-smartfetch",
}
TOKEN = re.compile(r"\(([A-Za-z]+(?:\|[A-Za-z]+)+)\)|\[([a-zA-Z]+)\]|\\([./ ()+!?\-])|([A-Za-z0-9 ./_:;,'@&=#~!%<>-])")


def literals(pattern):
    """The texts a pattern stands for, `^` in front when only at the start; None when it is more than text."""
    if "|" in pattern and "(" not in pattern:
        alternatives = [literals(part) for part in pattern.split("|")]
        return None if None in alternatives else sum(alternatives, [])
    anchored, body = pattern.startswith("^"), pattern.removeprefix("^")
    if body.startswith("(^| )"):
        return [prefix + text for prefix in ("^", " ") for text in literals(body[5:]) or []]
    choices, at = [], 0
    while at < len(body):
        match = TOKEN.match(body, at)
        if not match:
            return None
        choices.append(match[1].split("|") if match[1] else match[2] or match[3] or match[4])
        at = match.end()
    texts = ["".join(letters) for letters in product(*choices)]
    return ["^" + text if anchored else text for text in texts]


def browsers(folder):
    """Real visitors' user agents; the package holds them as JSON, compressed or not."""
    file = next(folder.glob("dist/user-agents.json*"))
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [entry["userAgent"] for entry in json.loads(text)]


def build(sources, curated, data, report):
    entries = json.loads((sources["crawler-user-agents"] / "crawleruseragents/crawler-user-agents.json").read_text())
    real = "\n".join(browsers(sources["user-agents"]))
    rows, skipped, honest = {}, [], []
    for entry in entries:
        texts = literals(entry["pattern"])
        if texts is None:
            skipped.append(entry["pattern"])
        for text in texts or []:
            bare = text.removeprefix("^")
            if bare in NOT_CRAWLERS or len(bare.strip()) < 3:
                continue
            if not text.startswith("^") and bare in real:
                honest.append(bare)
                continue
            rows.setdefault(text, (entry.get("tags") or ["other"])[0])
    report(f"crawlers: {len(skipped)} patterns are more than text: {' '.join(skipped)}")
    report(f"crawlers: dropped, because real browsers carry them: {' '.join(honest)}")
    written = write_lines(data / "crawlers.tsv", [f"{text}\t{tag}" for text, tag in rows.items()])
    return {"crawlers.tsv": (written, ["crawler-user-agents", "user-agents"])}
