//! Keys, tokens and passwords: how they are made and what of them is stored.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use rand::RngExt;
use sha2::{Digest, Sha256};

/// What the tokens of agents begin with: those made by hand, and what OAuth gives.
pub const MCP_TOKEN: &str = "dmt_";
pub const ACCESS_TOKEN: &str = "dma_";
pub const REFRESH_TOKEN: &str = "dmr_";

/// Characters of the random part of keys and tokens; 32 of 62 letters and digits are 190 bits.
const RANDOM_CHARS: usize = 32;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A random key that begins with `prefix`, such as `sk_`.
pub fn random_key(prefix: &str) -> String {
    let mut rng = rand::rng();
    let random = (0..RANDOM_CHARS).map(|_| ALPHABET[rng.random_range(0..ALPHABET.len())] as char);
    prefix.chars().chain(random).collect()
}

/// What is stored of a key or token. They are long and random, so a plain SHA-256 is enough.
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// argon2id in PHC form.
pub fn hash_password(password: &str) -> Result<String, String> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

pub fn verify_password(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_verify_and_keys_differ() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify_password("correct horse", &hash) && !verify_password("wrong", &hash));
        assert!(!verify_password("x", "not a hash"));
        assert_ne!(random_key("sk_"), random_key("sk_"));
    }
}
