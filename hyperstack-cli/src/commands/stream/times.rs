//! Unix times, shown as dates.

use std::ops::Range;

use serde_json::Value;

use super::number::Number;

/// The seconds that can be a time: the years 2009 to 2099. Slots, which are much lower, are outside.
const PLAUSIBLE: Range<i128> = 1_230_768_000..4_102_444_800;

/// Returns the date of a Unix time in seconds or milliseconds: `2026-04-18 12:34:56Z`. Returns `None` if the field's
/// name or the value does not look like a time.
pub(super) fn time(name: &str, value: &Value) -> Option<String> {
    if !is_time(name) {
        return None;
    }
    let number = Number::of(value)?.integer?;
    if PLAUSIBLE.contains(&number) {
        Some(format!("{}Z", date_and_time(number)))
    } else if PLAUSIBLE.contains(&(number / 1000)) {
        Some(format!(
            "{}.{:03}Z",
            date_and_time(number / 1000),
            number % 1000
        ))
    } else {
        None
    }
}

/// Replaces all times in a row by text.
pub(crate) fn with_times(mut row: Value) -> Value {
    replace(&mut row);
    row
}

fn replace(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match time(name, value) {
                    Some(time) => *value = Value::from(time),
                    None => replace(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(replace),
        _ => {}
    }
}

fn is_time(name: &str) -> bool {
    let ends = ["_at", "_time", "_unix", "At", "Time", "Unix"];
    let parts = ["timestamp", "Timestamp"];
    ends.iter().any(|end| name.ends_with(end))
        || parts.iter().any(|part| name.contains(part))
        || name == "time"
}

/// Formats seconds since 1970, which are [`PLAUSIBLE`], in UTC.
fn date_and_time(seconds: i128) -> String {
    let (mut days, time) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let february = days_of_year(year) - 337;
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    let day = days + 1;
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Returns the days of a year between 1970 and 2099.
fn days_of_year(year: i128) -> i128 {
    365 + i128::from(year % 4 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn seconds_and_milliseconds_are_shown_in_utc() {
        let at = |value: Value| time("created_at", &value).unwrap_or_default();
        assert_eq!(at(json!(1_776_515_696)), "2026-04-18 12:34:56Z");
        assert_eq!(at(json!("1776515696")), "2026-04-18 12:34:56Z");
        assert_eq!(at(json!(1_776_515_696_007_u64)), "2026-04-18 12:34:56.007Z");
        // The days around a leap day, and the limits.
        assert_eq!(at(json!(1_709_164_799)), "2024-02-28 23:59:59Z");
        assert_eq!(at(json!(1_709_164_800)), "2024-02-29 00:00:00Z");
        assert_eq!(at(json!(1_709_251_200)), "2024-03-01 00:00:00Z");
        assert_eq!(at(json!(1_735_689_599)), "2024-12-31 23:59:59Z");
        assert_eq!(at(json!(1_735_689_600)), "2025-01-01 00:00:00Z");
        assert_eq!(at(json!(1_230_768_000)), "2009-01-01 00:00:00Z");
        assert_eq!(at(json!(4_102_444_799_u64)), "2099-12-31 23:59:59Z");
    }

    #[test]
    fn name_and_value_must_look_like_a_time() {
        let seconds = json!(1_776_515_696);
        for name in [
            "created_at",
            "createdAt",
            "block_time",
            "time",
            "last_trade_timestamp",
            "estimated_expires_at_unix",
        ] {
            assert!(time(name, &seconds).is_some(), "{name}");
        }
        for name in ["amount", "attempt", "lifetime", "flat", "at_risk"] {
            assert_eq!(time(name, &seconds), None, "{name}");
        }
        // A slot, an amount, and values that are not integers.
        for value in [
            json!(312_026_850),
            json!(4_102_444_800_u64),
            json!(0),
            json!(-1_776_515_696),
            json!(1_776_515_696.5),
            json!("soon"),
            json!(null),
        ] {
            assert_eq!(time("expires_at", &value), None, "{value}");
        }
    }

    #[test]
    fn all_times_of_a_row_are_replaced() {
        let row = json!({"a": {"paid_at": 1_776_515_696, "paid": 1_776_515_696}, "log": [{"time": 1_776_515_696}]});
        let shown = "2026-04-18 12:34:56Z";
        assert_eq!(
            with_times(row),
            json!({"a": {"paid_at": shown, "paid": 1_776_515_696}, "log": [{"time": shown}]})
        );
    }
}
