"""Address ranges of hosting, VPN, Tor, relay, CDN and crawler networks, out of iporigin's packed table."""

import struct
from datetime import datetime, timezone

from text import lines, write_lines

# Ranges from repositories without a licence, by iporigin's own NOTICE. Akamai mixes such ranges with free ones under one
# label and nothing tells them apart, so all of it goes.
UNLICENSED = {
    "Cogent", "DataCamp", "Contabo", "Vercel", "CDN77", "GleSYS", "Scalaxy", "GTHost", "Melbicom", "BuyVM", "BunnyCDN",
    "Akamai",
}
RELAYS = {"Apple Private Relay"}
KINDS = {"hosting": "hosting", "vpn": "vpn", "tor": "tor", "cdn": "cdn", "bot": "crawler"}
HEADER, V4, V6 = struct.Struct("<8sHQHII"), struct.Struct("<IIH"), struct.Struct("<16s16sH")


def parse(blob):
    """(day built, labels, IPv4 ranges, IPv6 ranges); a range is (first, last, index of its label)."""
    magic, version, built, label_count, v4_count, v6_count = HEADER.unpack_from(blob)
    assert (magic, version) == (b"IPORIGIN", 1)
    at, labels = HEADER.size, []
    for _ in range(label_count):
        (length,) = struct.unpack_from("<H", blob, at)
        labels.append(tuple(blob[at + 2:at + 2 + length].decode().split("\t")))
        at += 2 + length
    v4 = [V4.unpack_from(blob, at + i * V4.size) for i in range(v4_count)]
    at += v4_count * V4.size
    v6 = [V6.unpack_from(blob, at + i * V6.size) for i in range(v6_count)]
    v6 = [(int.from_bytes(a, "big"), int.from_bytes(b, "big"), label) for a, b, label in v6]
    return datetime.fromtimestamp(built, timezone.utc).date().isoformat(), labels, v4, v6


def pack(ranges, index, width):
    """Sorted records of first address, last address (big-endian) and one byte of label; neighbours of one label joined."""
    merged = []
    for first, last, label in sorted((a, b, index[label]) for a, b, label in ranges if label in index):
        assert first <= last and (not merged or merged[-1][1] < first), "ranges overlap"
        if merged and merged[-1][1] + 1 == first and merged[-1][2] == label:
            merged[-1] = (merged[-1][0], last, label)
        else:
            merged.append((first, last, label))
    return b"".join(a.to_bytes(width, "big") + b.to_bytes(width, "big") + bytes([label]) for a, b, label in merged)


def build(sources, curated, data):
    """Also returns the day the ranges were collected, which is older than the package was fetched."""
    built, labels, v4, v6 = parse((sources["iporigin"] / "iporigin/data/ranges.bin").read_bytes())
    kind = lambda name, kind: "relay" if name in RELAYS else KINDS[kind]
    kept = sorted((name, kind(name, k), i) for i, (name, k) in enumerate(labels) if name not in UNLICENSED)
    index = {i: position for position, (_, _, i) in enumerate(kept)}
    (data / "network-labels.tsv").write_text("".join(f"{k}\t{name}\n" for name, k, _ in kept), encoding="utf-8")
    (data / "networks-v4.bin").write_bytes(pack(v4, index, 4))
    (data / "networks-v6.bin").write_bytes(pack(v6, index, 16))
    size = lambda file, width: (data / file).stat().st_size // (2 * width + 1)
    return built, {
        "networks-v4.bin": (size("networks-v4.bin", 4), ["iporigin"]),
        "networks-v6.bin": (size("networks-v6.bin", 16), ["iporigin"]),
        "network-labels.tsv": (len(kept), ["iporigin"]),
        "countries.tsv": (write_lines(data / "countries.tsv", lines(curated / "countries.tsv")), []),
    }
