"""Latin spellings of names in other scripts, so that Dmytro typed in Latin letters is as known as in Cyrillic.

Tables of single letters are enough for names; Hangul follows the Revised Romanization without sound changes.
Scripts that do not write vowels (Arabic, Hebrew) or whose signs are words (Han) cannot be spelt this way.
"""

CYRILLIC = dict(zip("абвгдежзиклмнопрстуфхцчшщъыьэюяіїєґјљњћђџѓќѕўё", (
    "a b v g d e zh z i k l m n o p r s t u f kh ts ch sh shch  y  e yu ya i i ye g j lj nj c dj dz gj kj dz u e"
).split(" ")))
GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", "a v g d e z i th i k l m n x o p r s t y f ch ps o".split()))
GEORGIAN = dict(zip("აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ", (
    "a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts dz ts ch kh j h").split()))
ARMENIAN = dict(zip("աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև", (
    "a b g d e z e y t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts v p k o f ev").split()))
LETTERS = CYRILLIC | GREEK | GEORGIAN | ARMENIAN

INITIALS = "g kk n d tt r m b pp s ss  j jj ch k t p h".split(" ")
VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split()
FINALS = " k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(" ")


def hangul(char):
    index = ord(char) - 0xAC00
    if not 0 <= index < 11172:
        return None
    return INITIALS[index // 588] + VOWELS[index % 588 // 28] + FINALS[index % 28]


def romanize(token):
    """The Latin spelling, or None when a letter has none here or the token is Latin already."""
    if token.isascii():
        return None
    spelt = [char if char.isascii() else LETTERS.get(char, hangul(char)) for char in token]
    return None if None in spelt else "".join(spelt)
