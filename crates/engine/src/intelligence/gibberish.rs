//! How likely a word is keyboard mash, by the three-letter table that `tools/datapack/gibberish.py` trains and explains.

use super::fold::{fold, head, words};
use super::script::{Script, main_script};
use super::{keyboard, names};

/// Edge and 26 letters cubed; each byte is signed: eighths of a bit in favour of a name.
const TABLE: &[u8; 27 * 27 * 27] = include_bytes!("../../../../data/gibberish.bin");
const PER_BIT: f64 = 8.0;
/// Evidence needed before mash is the likelier reading: four honest words in ten thousand fall below it.
const PRIOR_BITS: f64 = 10.0;
/// Three-letter groups overlap, so their bits are not independent; halving them keeps the probability honest.
const DEPENDENCE: f64 = 2.0;
/// Words shorter than this say nothing: Ng, Xu, Wm and J are people.
const SHORTEST: usize = 3;
const LONGEST: usize = 40;
const ACRONYM: usize = 4;
const TEXT_LIMIT: usize = 512;
/// A slide over the keys that is no known name.
const WALK: f64 = 0.98;

/// 0 plausible to 1 mash: the mean over the words that can be judged, weighed by their letters. Words in a script without
/// a table count as plausible unless they are a slide along its keyboard, and so do names the pack knows.
pub(super) fn gibberish(text: &str) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for part in head(text, TEXT_LIMIT).split_whitespace() {
        let acronym = is_acronym(part);
        for word in words(&fold(part)).flat_map(|word| letters(&word)) {
            let judged = word_gibberish(&word).filter(|value| !acronym || *value == WALK);
            sum += judged.unwrap_or(0.0) * word.chars().count() as f64;
            weight += judged.map_or(0.0, |_| word.chars().count() as f64);
        }
    }
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// A few capitals, HSBC or PKPD: no word, so nothing can be said of its letters.
fn is_acronym(part: &str) -> bool {
    part.len() <= ACRONYM && part.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The runs of letters in a word: digits are judged elsewhere.
fn letters(word: &str) -> Vec<String> {
    word.split(char::is_numeric).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// One folded word; `None` when it is too short to judge.
pub(super) fn word_gibberish(word: &str) -> Option<f64> {
    if word.chars().count() < SHORTEST {
        return None;
    }
    if names::is_known(word) || ends_in_a_name(word) {
        return Some(0.0);
    }
    if keyboard::is_walk(word) {
        return Some(WALK);
    }
    let judged = main_script(word) == Some(Script::Latin);
    Some(if judged { 1.0 / (1.0 + ((bits(word) + PRIOR_BITS) / DEPENDENCE).exp2()) } else { 0.0 })
}

/// Initials before a name of five letters or more, as people choose for mailboxes: `jsmith`, `drjsmith`.
fn ends_in_a_name(word: &str) -> bool {
    let rest = |initials| word.get(initials..).filter(|rest| rest.len() >= 5 && word.is_ascii());
    (1..=3).filter_map(rest).any(names::is_known)
}

/// Bits in favour of a name. A letter outside a to z is an edge on both sides: nothing is concluded across it.
fn bits(word: &str) -> f64 {
    let (mut before, mut last, mut sum) = (0, 0, 0i32);
    for letter in word.chars().take(LONGEST).map(index).chain([0]) {
        if letter != 0 || last != 0 {
            let byte = TABLE.get((before * 27 + last) * 27 + letter).copied().unwrap_or_default();
            sum += i32::from(byte.cast_signed());
        }
        (before, last) = if letter == 0 { (0, 0) } else { (last, letter) };
    }
    f64::from(sum) / PER_BIT
}

fn index(char: char) -> usize {
    if char.is_ascii_lowercase() { char as usize - 'a' as usize + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and words from many languages, none of which may look like mash.
    const HONEST: &[&str] = &[
        "Nguyễn Thị Phượng",
        "Huỳnh Quỳnh Trâm",
        "Trương Nghiêm",
        "Thuỵ Ngọc",
        "Llwyd",
        "Gwynfryn Llywelyn",
        "Rhys ap Gruffydd",
        "Brzęczyszczykiewicz",
        "Grzegorz Szczepański",
        "Chrząszcz",
        "Zbyszko",
        "Krzysztof Pszczółkowski",
        "Chukwuemeka Nwankwo",
        "Oluwaseun Adeyemi",
        "Mgbechi",
        "Gbenga Ogunbanjo",
        "Nkechi Okwuosa",
        "Zhang Xueqin",
        "Qiu Zhuo",
        "Xiong Qingqing",
        "Hsu Ngai",
        "Hrvoje Grgić",
        "Krč",
        "Vlk",
        "Strnad",
        "Xochitl Cuauhtémoc",
        "Shcherbakov",
        "Khrushchev",
        "Mkrtchyan",
        "Mzhavanadze",
        "Schwarzenegger",
        "Xyooj Ntxhi",
        "Nkrumah",
        "Mphahlele",
        "Tshwete",
        "Ngxongo",
        "Eilidh",
        "Caoimhe Siobhán",
        "Guðmundsdóttir",
        "Þórður",
        "Ljungqvist",
        "Kwaśniewski",
        "Pfeiffer",
        "Knight Wright",
        "Hjalmar",
        "Vrdoljak",
        "Qaddafi",
        "Nyqvist",
        "Btissam",
        "Mbappé",
        "Tchouaméni",
        "Mkhitaryan",
        "Ngcobo",
        "Ixchel",
        "Etxeberria",
        "Dijkstra",
        "Jhunjhunwala",
        "Hrithik",
        "Pyykkönen",
        "Hyyppä",
        "Yrjö",
        "Smrž",
        "Skrzypczyk",
        "Krishnamoorthy",
        "Venkataraghavan",
        "Balasubramanian",
        "Wickremesinghe",
        "O'Shaughnessy",
        "Kealohanui",
        "Ngata",
        "Tupou",
        "Øystein",
        "Ægir",
        "Şükrü",
        "Yiğit",
        "Əliyev",
        "Gjergj Xhaka",
        "Fflur",
        "IBM",
        "HSBC",
        "BMW",
        "PKPD",
        "strengths",
        "rhythm",
        "customer support",
        "Lopez-Garcia",
        "McDonald",
        "Jr",
        "van der Berg",
        "JSmith",
        "drjsmith",
        "svdbergh",
        "Xzavier",
        "Kylynn",
        "Дмитро Скрипник",
        "Щербаков",
        "Αλέξανδρος",
        "محمد",
        "王小明",
        "さくら",
        "김민준",
        "אברהם",
        "สมชาย",
        "प्रिया",
        "",
        "123",
        "👩‍🚀",
    ];

    const MASH: &[&str] = &[
        "asdfgh",
        "qwerty",
        "xkcjvbn",
        "sdfkjhsdf",
        "asdf",
        "dfgdfg",
        "hjkhjk",
        "fghfgh",
        "lkjlkj",
        "sdfsdf",
        "wqeqwe",
        "kjhgf",
        "asdasd",
        "vbnvbn",
        "gfhgfh",
        "fsdfs",
        "zxczxc",
        "jfkdls",
        "ksjdhf",
        "kdjfh",
        "asjdhaksjd",
        "bxcvb",
        "xqzjk",
        "mnbvc",
        "hgdfjh",
        "Sdfkjh Lkjsdf",
        "qwrtplk",
        "fdgdfg dfgdfg",
        "sdf123kjh",
        "ASDKJHASD",
        "фывапролд",
        "йцукен",
    ];

    #[test]
    fn honest_names_do_not_fire() {
        for name in HONEST {
            assert!(gibberish(name) < 0.5, "{name}: {}", gibberish(name));
        }
    }

    #[test]
    fn mash_does() {
        for text in MASH {
            assert!(gibberish(text) > 0.6, "{text}: {}", gibberish(text));
        }
    }

    #[test]
    fn the_value_is_a_probability_whatever_the_text() {
        for text in ["x".repeat(10_000), "\u{0}\u{ffff}".repeat(99), "é́́".repeat(3_000), "Ω≈ç√∫".to_owned()]
        {
            let value = gibberish(&text);
            assert!((0.0..=1.0).contains(&value), "{value}");
        }
    }
}
