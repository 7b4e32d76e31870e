//! Which passwords are taken, and how many are checked at once.

use crate::http::error::{ApiError, ApiResult};
use crate::secrets::{hash_password, random_key, verify_password};
use std::sync::{Arc, LazyLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What NIST SP 800-63B asks for as the least is eight; two more cost nobody much.
pub const CHARS_MIN: usize = 10;
/// Room for any phrase.
pub const CHARS_MAX: usize = 256;
/// Different characters below which a password is a pattern.
const DISTINCT_CHARS_MIN: usize = 5;
/// A local part shorter than this is in many words by accident.
const LOCAL_PART_CHARS_MIN: usize = 4;
/// Hashes computed at once: half of the processors, and not more than this. Each takes 19 MiB and some 30 ms.
const AT_ONCE_MAX: usize = 4;
/// Those that may wait for their turn: a few seconds' worth.
const WAITING_MAX: usize = 64;
/// Seconds after which to come back when more want one.
const FULL_RETRY_S: u64 = 5;

/// What the commonest passwords are made of, beside digits and marks at either end. In lower case, without what
/// [`unmasked`] undoes.
const COMMON: [&str; 60] = [
    "password",
    "passwort",
    "passw",
    "passphrase",
    "motdepasse",
    "contrasena",
    "secret",
    "topsecret",
    "qwerty",
    "qwertyuiop",
    "qwertyui",
    "qwertz",
    "qwertzuiop",
    "azerty",
    "azertyuiop",
    "asdfgh",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsx",
    "qazwsxedc",
    "qweasdzxc",
    "qweasd",
    "letmein",
    "welcome",
    "willkommen",
    "bienvenue",
    "admin",
    "administrator",
    "administrador",
    "root",
    "user",
    "username",
    "login",
    "default",
    "changeme",
    "changeit",
    "temporary",
    "test",
    "testtest",
    "testing",
    "guest",
    "master",
    "superman",
    "batman",
    "starwars",
    "pokemon",
    "football",
    "baseball",
    "basketball",
    "liverpool",
    "sunshine",
    "princess",
    "iloveyou",
    "iloveu",
    "trustno",
    "dragon",
    "monkey",
    "michael",
    "computer",
    "dregs",
];

/// Refuses a password that is among the first to be guessed. `field` is what it is called where it was sent.
pub fn check(field: &str, password: &str, email: &str) -> ApiResult<()> {
    let length = password.chars().count();
    let refuse = |why: &str| Err(ApiError::BadRequest(format!("{field} {why}")));
    if !(CHARS_MIN..=CHARS_MAX).contains(&length) {
        return refuse(&format!("must have {CHARS_MIN} to {CHARS_MAX} characters"));
    }
    let lower = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    if local.chars().count() >= LOCAL_PART_CHARS_MIN && lower.contains(&local) {
        return refuse("must not contain your e-mail address");
    }
    if is_pattern(&lower) || is_common(&lower) {
        return refuse("is one of the first that are guessed: take several words that do not belong together");
    }
    Ok(())
}

/// Few characters, one unit over and over, or a run such as 1234567890.
fn is_pattern(lower: &str) -> bool {
    let chars: Vec<char> = lower.chars().collect();
    let distinct = chars.iter().collect::<std::collections::BTreeSet<_>>().len();
    let repeats = (1..=chars.len() / 2).any(|unit| (unit..chars.len()).all(|at| chars[at] == chars[at - unit]));
    // In 1234567890 the last step is the odd one.
    let steps: Vec<i64> =
        chars.windows(2).map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]))).collect();
    let runs = [1, -1].iter().any(|step| steps.iter().filter(|held| *held == step).count() + 2 >= steps.len());
    distinct < DISTINCT_CHARS_MIN || repeats || runs
}

/// One of the common words, or two of them, and nothing but digits and marks around.
fn is_common(lower: &str) -> bool {
    let read = |text: &str| {
        let word = text.trim_matches(|c: char| !c.is_alphabetic());
        let inner: String = word.chars().filter(|c| c.is_alphabetic()).collect();
        COMMON.contains(&inner.as_str())
            || COMMON.iter().any(|first| inner.strip_prefix(first).is_some_and(|rest| COMMON.contains(&rest)))
    };
    let ends = |c: char| c.is_ascii_digit() || c.is_ascii_punctuation();
    read(lower) || read(&unmasked(lower)) || read(&unmasked(lower.trim_end_matches(ends)))
}

/// Letters for the digits and marks that stand in for them.
fn unmasked(lower: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    lower.chars().map(letter).collect()
}

/// The hash of no password: checked when there is nobody, so that it takes as long.
static DECOY: LazyLock<String> = LazyLock::new(|| hash_password(&random_key("")).unwrap_or_default());

/// Keeps a flood of log-ins from taking the processor away from everything else.
pub struct Passwords {
    places: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// The right to compute one hash. The computation takes it along, so that one whose client has gone still counts.
pub struct Turn {
    _place: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Passwords::with((processors / 2).clamp(1, AT_ONCE_MAX), WAITING_MAX)
    }
}

impl Passwords {
    fn with(at_once: usize, waiting: usize) -> Self {
        Passwords { places: Arc::new(Semaphore::new(at_once + waiting)), running: Arc::new(Semaphore::new(at_once)) }
    }

    /// Waits until a hash may be computed; a refusal when too many wait already.
    pub async fn turn(&self) -> ApiResult<Turn> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| ApiError::Unavailable(FULL_RETRY_S))?;
        let running = self.running.clone().acquire_owned().await;
        let running = running.map_err(|_| ApiError::Unavailable(FULL_RETRY_S))?;
        Ok(Turn { _place: place, _running: running })
    }

    pub async fn hash(&self, password: String) -> ApiResult<String> {
        self.turn().await?.hash(password).await
    }
}

impl Turn {
    /// Whether it is the password of `hash`; without a hash it is not, and that takes as long.
    pub async fn verify(self, password: String, hash: Option<String>) -> ApiResult<bool> {
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| DECOY.clone());
        Ok(self.compute(move || verify_password(&password, &hash)).await? && exists)
    }

    async fn hash(self, password: String) -> ApiResult<String> {
        self.compute(move || hash_password(&password)).await?.map_err(ApiError::Internal)
    }

    async fn compute<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
        let computed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(self);
            result
        });
        computed.await.map_err(|error| ApiError::Internal(format!("a password could not be hashed: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        for password in [
            "short",
            "password123",
            "Password123!",
            "P@ssw0rd2024",
            "1234567890",
            "0987654321",
            "abcdefghijkl",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "1212121212121",
            "welcome-2026",
            "iloveyou1234",
            "adminadmin",
            "dregs-dregs",
            "letmein!!!!!",
            "Passwort1234",
            "12345678901",
            "changeme!1",
            "admin password",
            "ilovey0u!!",
        ] {
            assert!(check("password", password, "ann@example.org").is_err(), "{password}");
        }
    }

    #[test]
    fn phrases_and_random_letters_are_taken() {
        for password in [
            "long enough now",
            "correct horse",
            "correct horse battery staple",
            "x9$kTq-27pLw",
            "пароль-из-слов",
            "passing wordplay",
            "0Kq8Zr1Yw3Vd9",
            "master of puppets",
        ] {
            assert!(check("password", password, "ann@example.org").is_ok(), "{password}");
        }
    }

    #[test]
    fn ones_own_address_is_refused_and_the_field_named() {
        let refused = check("newPassword", "so-MARGARET-it-is", "margaret@example.org").unwrap_err();
        assert!(
            matches!(&refused, ApiError::BadRequest(message) if message.starts_with("newPassword must not contain"))
        );
        assert!(check("p", "an annual report", "ann@example.org").is_ok(), "three letters are in many words");
    }

    #[tokio::test]
    async fn only_so_many_hashes_are_computed_or_waited_for() {
        let passwords = Arc::new(Passwords::with(1, 1));
        let first = passwords.turn().await.unwrap();
        let second = tokio::spawn({
            let passwords = passwords.clone();
            async move { passwords.turn().await.map(drop) }
        });
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.turn().await, Err(ApiError::Unavailable(FULL_RETRY_S))));
        drop(first);
        second.await.unwrap().unwrap();
        assert!(passwords.turn().await.is_ok());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        let verify = async |password: &str, hash: Option<&String>| {
            passwords.turn().await.unwrap().verify(password.into(), hash.cloned()).await.unwrap()
        };
        assert!(verify("correct horse", Some(&hash)).await);
        assert!(!verify("wrong", Some(&hash)).await && !verify("correct horse", None).await);
    }
}
