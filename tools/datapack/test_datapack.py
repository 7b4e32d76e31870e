"""python3 -m unittest discover tools/datapack"""

import unittest

import agents
import gibberish
import networks
from romanize import romanize
from text import fold, tokens


class Text(unittest.TestCase):
    def test_fold(self):
        for text, folded in [("Nguyễn", "nguyen"), ("Straße", "strasse"), ("İstanbul", "istanbul"), ("Андрей", "андреи")]:
            self.assertEqual(fold(text), folded)

    def test_tokens(self):
        self.assertEqual(tokens("O’Brien-Smith, J."), ["obrien", "smith", "j"])
        self.assertEqual(tokens("प्रिया शर्मा"), fold("प्रिया शर्मा").split())

    def test_romanize(self):
        self.assertEqual([romanize(t) for t in ("дмитро", "김", "nguyen", "王")], ["dmitro", "gim", None, None])


class Patterns(unittest.TestCase):
    def test_literals(self):
        for pattern, texts in [
            (r"Googlebot\/", ["Googlebot/"]),
            ("[wW]get", ["wget", "Wget"]),
            ("^curl", ["^curl"]),
            (r"(^| )sentry\/", ["^sentry/", " sentry/"]),
            ("Ahrefs(Bot|SiteAudit)", ["AhrefsBot", "AhrefsSiteAudit"]),
            ("Netumo|netumo", ["Netumo", "netumo"]),
            (r"Spider[\s\S]*com", None),
            (r"Version\/\d", None),
        ]:
            self.assertEqual(agents.literals(pattern), texts, pattern)


class Networks(unittest.TestCase):
    def test_pack_drops_and_joins(self):
        packed = networks.pack([(5, 9, 0), (1, 4, 0), (10, 12, 1), (20, 20, 2)], {0: 0, 2: 1}, 1)
        self.assertEqual(packed, bytes([1, 9, 0, 20, 20, 1]))


class Gibberish(unittest.TestCase):
    def test_names_score_above_mash(self):
        values = gibberish.table({"some": {"maria", "marina", "martin", "karina", "anita"}})
        self.assertEqual(len(values), 27**3)
        self.assertGreater(gibberish.bits(values, "karin"), gibberish.bits(values, "sdfkj"))


if __name__ == "__main__":
    unittest.main()
