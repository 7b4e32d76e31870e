//! Stable hashes: the same on every machine and in every version of the standard library.

/// FNV-1a with 128 bits; JSON can be written into it without being kept.
pub(crate) struct Fnv(u128);

impl Fnv {
    pub(crate) fn new() -> Self {
        Fnv(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    pub(crate) fn eat(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 ^= u128::from(byte);
            self.0 = self.0.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }

    pub(crate) fn hex(&self) -> String {
        format!("{:032x}", self.0)
    }
}

impl std::io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.eat(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// As 32 hex digits.
pub(crate) fn hex32(text: &str) -> String {
    let mut state = Fnv::new();
    state.eat(text.as_bytes());
    state.hex()
}

/// Mixes two numbers into one; a bijection of `b` for a given `a`.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut x = b.wrapping_add(a.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x632b_e59b_d9b4_e019);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(hex32(""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(hex32("a"), "d228cb696f1a8caf78912b704e4a8964");
        assert_eq!(mix(1, 2), mix(1, 2));
        assert_ne!(mix(1, 2), mix(2, 1));
    }
}
