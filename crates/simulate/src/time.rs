//! Calendar arithmetic on epoch milliseconds.

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Year, month and day of an epoch day (proleptic Gregorian calendar).
fn civil(epoch_day: i64) -> (i64, i64, i64) {
    let shifted = epoch_day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// `2026-03-01T12:00:00.000Z`
pub(crate) fn iso(at_ms: i64) -> String {
    let (year, month, day) = civil(at_ms.div_euclid(DAY));
    let of_day = at_ms.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / HOUR, of_day / MINUTE % 60, of_day / SECOND % 60);
    let mut text = String::with_capacity(24);
    for (value, width, after) in [
        (year, 4, '-'),
        (month, 2, '-'),
        (day, 2, 'T'),
        (hour, 2, ':'),
        (minute, 2, ':'),
        (second, 2, '.'),
        (of_day % SECOND, 3, 'Z'),
    ] {
        push_padded(&mut text, value, width);
        text.push(after);
    }
    text
}

/// Formatting machinery would cost more than the rest of an event.
fn push_padded(text: &mut String, value: i64, width: u32) {
    for place in (0..width).rev() {
        text.push(char::from(b'0' + (value / 10_i64.pow(place) % 10) as u8));
    }
}

/// 0 is Monday.
pub(crate) fn weekday(at_ms: i64) -> i64 {
    (at_ms.div_euclid(DAY) + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_known_instants() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_772_366_399_007), "2026-03-01T11:59:59.007Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn knows_the_day_of_the_week() {
        assert_eq!(weekday(0), 3, "1 January 1970 was a Thursday");
    }
}
