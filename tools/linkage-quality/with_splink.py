"""What Splink makes of the same fields, with the settings of its documentation.

Settings: the documentation's example on `fake_1000` (accuracy analysis from a labels column), without the two fields
that are not compared here; for names alone those of its example on `febrl3`. Both ways to compare names are run, and
the better one stands in the table.
"""

import pandas
import splink.comparison_library as cl
from measures import Pairs
from people import PeopleSet
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

U_PAIRS = 5e6
SEED = 5


def link(people: PeopleSet, joint: bool) -> Pairs:
    """`joint`: first and last name as one comparison, which knows that they may be swapped."""
    email = people.has_email
    names = (
        [cl.ForenameSurnameComparison("first_name", "surname")]
        if joint
        else [cl.NameComparison("first_name"), cl.NameComparison("surname")]
    )
    rules = [block_on("first_name"), block_on("surname")] + ([block_on("email")] if email else [])
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=names + ([cl.EmailComparison("email")] if email else []),
        blocking_rules_to_generate_predictions=rules,
    )
    api = DuckDBAPI()
    linker = Linker(api.register(frame(people)), settings, log_level=None)
    train(linker, email, joint)
    rows = linker.inference.predict(threshold_match_weight=-10).as_duckdbpyrelation()
    rows = rows.project("unique_id_l, unique_id_r, match_probability").fetchall()
    return {(min(a, b), max(a, b)): score for a, b, score in rows}


def train(linker: Linker, email: bool, joint: bool) -> None:
    same = ["l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2"]
    linker.training.estimate_probability_two_random_records_match(
        same + (["l.email = r.email"] if email else []), recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=SEED)
    sessions = [block_on("email"), block_on("first_name", "surname")] if email else []
    if not joint and not email:
        sessions = [block_on("first_name"), block_on("surname")]
    for rule in sessions:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )


def frame(people: PeopleSet) -> pandas.DataFrame:
    rows = [
        {
            "unique_id": record.id,
            "first_name": record.first or None,
            "surname": record.last or None,
            "email": record.email or None,
        }
        for record in people.records
    ]
    return pandas.DataFrame(rows)
