"""Folding and splitting of names: the same rules as `intelligence/fold.rs`, so that keys written here are found there."""

import unicodedata

APOSTROPHES = "'’‘`´ʻʼʹ′"
JOINERS = "\u200c\u200d"
LETTERS = {
    "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ł": "l", "ø": "o", "ɔ": "o", "ß": "ss", "ı": "i", "æ": "ae", "œ": "oe",
    "þ": "th", "ħ": "h", "ŋ": "n", "ɲ": "n", "ə": "e", "ǝ": "e", "ɛ": "e", "ŧ": "t", "ƙ": "k", "ĸ": "k", "ɓ": "b",
    "ƴ": "y", "ς": "σ",
}


def fold(text):
    """Lower case without accents: compatibility decomposition, marks dropped, letters without decomposition spelt out."""
    out = []
    for char in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(char) == 0:
            for lower in char.lower():
                out.append(LETTERS.get(lower, "" if unicodedata.combining(lower) else lower))
    return unicodedata.normalize("NFC", "".join(out))


def is_word(char):
    return char.isalnum() or unicodedata.category(char).startswith("M")


def tokens(text):
    """Words of a folded text: apostrophes and joiners vanish, everything else that is no letter or digit separates."""
    kept = (char for char in fold(text) if char not in APOSTROPHES + JOINERS)
    return "".join(char if is_word(char) else " " for char in kept).split()


def lines(path):
    """The lines of a curated file without comments and blanks."""
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")]


def write_lines(path, rows):
    """Rows sorted by the bytes of their key (the text before the first tab), which is what the server bisects by."""
    ordered = sorted(set(rows), key=lambda row: row.split("\t")[0].encode())
    keys = [row.split("\t")[0] for row in ordered]
    assert len(keys) == len(set(keys)), f"{path}: a key occurs twice"
    assert not any("\n" in row or not row.split("\t")[0] for row in ordered), f"{path}: an empty key or a line break"
    path.write_text("".join(row + "\n" for row in ordered), encoding="utf-8")
    return len(ordered)
