"""Precision, recall and F1 of pairs with a score."""

from dataclasses import dataclass

Pairs = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Quality:
    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def at(pairs: Pairs, true: set[tuple[str, str]], threshold: float) -> Quality:
    caught = [pair for pair, score in pairs.items() if score >= threshold]
    hits = sum(pair in true for pair in caught)
    return Quality(threshold, hits / len(caught) if caught else 0.0, hits / len(true))


def best(pairs: Pairs, true: set[tuple[str, str]]) -> Quality:
    """At the threshold with the highest F1; pairs of one score are taken or left together."""
    found, hits, taken = Quality(1.0, 0.0, 0.0), 0, 0
    ranked = sorted(pairs.items(), key=lambda item: -item[1])
    for place, (pair, score) in enumerate(ranked):
        hits, taken = hits + (pair in true), taken + 1
        if place + 1 < len(ranked) and ranked[place + 1][1] == score:
            continue
        quality = Quality(score, hits / taken, hits / len(true))
        if quality.f1 > found.f1:
            found = quality
    return found
