//! What a share is worth when few were counted.

/// Quantile of the normal distribution for intervals that hold in 95 of 100 cases.
const Z: f64 = 1.959_963_984_540_054;

/// A share, and the interval it lies in (Wilson, 1927): with few counted it is wide, and it never leaves 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Share {
    /// None when nothing was counted.
    pub fn of(hits: u64, total: u64) -> Option<Share> {
        if total == 0 {
            return None;
        }
        let (n, value) = (total as f64, hits.min(total) as f64 / total as f64);
        let scale = 1.0 + Z * Z / n;
        let middle = (value + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (value * (1.0 - value) / n + Z * Z / (4.0 * n * n)).sqrt();
        Some(Share { value, low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_wilsons() {
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 5e-4, "{found} is not {wanted}");
        // Newcombe (1998), table I: 81 of 263, and 1 of 29.
        let many = Share::of(81, 263).unwrap();
        near(many.low, 0.2553);
        near(many.high, 0.3662);
        let few = Share::of(1, 29).unwrap();
        near(few.low, 0.0061);
        near(few.high, 0.1718);
    }

    #[test]
    fn none_counted_is_no_share_and_all_is_not_certainty() {
        assert_eq!(Share::of(0, 0), None);
        let all = Share::of(10, 10).unwrap();
        assert!(all.value == 1.0 && all.high > 0.999_999 && (0.7..0.75).contains(&all.low), "{all:?}");
        assert!(Share::of(0, 10).unwrap().low < 1e-9);
    }
}
