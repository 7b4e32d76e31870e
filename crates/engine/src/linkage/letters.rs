//! Which letters a text has: enough to tell in a moment that two texts are far apart, as most that are compared are.

/// Letters that two texts have in common at the beginning, and what each is worth to Winkler's likeness.
const PREFIX_MAX: f64 = 4.0;
const PER_PREFIX_LETTER: f64 = 0.1;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Letters {
    /// One bit for each letter and digit of English; others share what is left.
    set: u64,
    count: u32,
}

impl Letters {
    pub fn of(text: &str) -> Self {
        text.chars().fold(Letters::default(), |held, char| Letters { set: held.set | bit(char), count: held.count + 1 })
    }

    pub fn count(self) -> usize {
        self.count as usize
    }

    /// The least that the distance of two texts (optimal string alignment) can be: each letter that only one of them has
    /// costs a keystroke, and so does each that one has more.
    pub fn errors_min(self, other: Letters) -> usize {
        let (mine, theirs) = (self.only_here(other), other.only_here(self));
        mine.max(theirs).max(self.count.abs_diff(other.count)) as usize
    }

    /// The most that the likeness of two texts (Winkler, 1990) can be, by the letters that have no counterpart.
    pub fn likeness_max(self, other: Letters) -> f64 {
        let matched = (self.count - self.only_here(other)).min(other.count - other.only_here(self));
        if matched == 0 {
            return 0.0;
        }
        let share = |count: u32| f64::from(matched) / f64::from(count);
        let jaro = (share(self.count) + share(other.count) + 1.0) / 3.0;
        jaro + PER_PREFIX_LETTER * PREFIX_MAX * (1.0 - jaro)
    }

    /// Letters that the other has not at all.
    fn only_here(self, other: Letters) -> u32 {
        (self.set & !other.set).count_ones()
    }
}

fn bit(char: char) -> u64 {
    const OTHERS: u32 = 64 - 26 - 10;
    1 << match char {
        'a'..='z' => char as u32 - 'a' as u32,
        '0'..='9' => 26 + char as u32 - '0' as u32,
        _ => 36 + char as u32 % OTHERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn two_texts_are_as_far_apart_as_their_letters_and_no_more_alike(a in "[a-e0-2éдж日]{0,12}", b in "[a-e0-2éдж日]{0,12}") {
            let (of_a, of_b) = (Letters::of(&a), Letters::of(&b));
            prop_assert!(of_a.errors_min(of_b) <= strsim::osa_distance(&a, &b));
            prop_assert!(of_a.errors_min(of_b) == of_b.errors_min(of_a));
            // Two texts without a letter are alike, but nothing can be told from that.
            prop_assume!(!a.is_empty());
            prop_assert!(of_a.likeness_max(of_b) >= strsim::jaro_winkler(&a, &b) - 1e-12);
        }
    }

    #[test]
    fn strangers_are_told_apart_by_their_letters() {
        let apart = |a: &str, b: &str| Letters::of(a).errors_min(Letters::of(b));
        assert_eq!(apart("kowalczyk", "kowalcyzk"), 0);
        assert_eq!(apart("anna", "annabel"), 3);
        assert!(apart("virtanen", "kowalczyk") >= 6);
        assert!(Letters::of("virtanen").likeness_max(Letters::of("kowalczyk")) < 0.8);
        assert_eq!(Letters::of("abc").likeness_max(Letters::of("xyz")), 0.0);
    }
}
