//! The entities as JSON text of the server.

use decode::random::Random;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A round of ORE: 36 fields in 7 sections.
    Round,
    /// 4 fields.
    Small,
    /// 200 fields in 10 sections.
    Wide,
}

impl Shape {
    /// Returns the entity's name.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Round => "Round",
            Shape::Small => "Small",
            Shape::Wide => "Wide",
        }
    }

    /// Returns a whole row with unique values, as a JSON object without `_seq`.
    pub fn row(self, random: &mut Random) -> String {
        let template = match self {
            Shape::Round => decode::payload::ROW.as_bytes().to_vec(),
            Shape::Small => {
                br#"{"count":1,"name":"7mUr9BzGQJq5uYwC","price":70.26902,"volume":17900}"#.to_vec()
            }
            Shape::Wide => wide().into_bytes(),
        };
        let mut row: Value = serde_json::from_slice(&template).unwrap_or_default();
        if let Some(fields) = row.as_object_mut() {
            fields.remove("_seq");
        }
        vary(&mut row, random);
        row.to_string()
    }

    /// Returns three fields as the members of a JSON object. `stamp` is the value of one of them.
    pub fn patch(self, stamp: u64, random: &mut Random) -> String {
        let price = random.below(1 << 40) as f64 / 1e9;
        let small = random.below(100_000);
        match self {
            Shape::Round => format!(
                r#""metrics":{{"deploy_count":{stamp}}},"state":{{"total_deployed":{price},"total_miners":{small}}}"#
            ),
            Shape::Small => format!(r#""count":{stamp},"price":{price},"volume":{small}"#),
            Shape::Wide => format!(r#""s3":{{"n0":{stamp},"x1":{price}}},"s7":{{"n2":{small}}}"#),
        }
    }
}

/// Ten sections of twenty fields: eight integers, eight floats, four strings.
fn wide() -> String {
    let fields = |kind: &str, count, value: &str| -> Vec<String> {
        (0..count)
            .map(|n| format!(r#""{kind}{n}":{value}"#))
            .collect()
    };
    let section = [
        fields("n", 8, "17900"),
        fields("x", 8, "146.276595945"),
        fields("t", 4, r#""Eo3x6Ry9zXzTc6WQYyWv7m4b""#),
    ]
    .concat()
    .join(",");
    let sections: Vec<String> = (0..10)
        .map(|n| format!(r#""s{n}":{{{section}}}"#))
        .collect();
    format!("{{{}}}", sections.join(","))
}

/// Varies the values but not their length. Equal rows would compress too well.
fn vary(value: &mut Value, random: &mut Random) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            if let Some(n) = number.as_u64() {
                let least = 10_u64.pow(n.checked_ilog10().unwrap_or(0));
                *value = (least + random.below(least.max(2) * 9 / 2)).into();
            } else if let Some(x) = number.as_f64() {
                let share = random.below(1 << 30) as f64 / (1 << 30) as f64;
                *value = ((x * (0.5 + share) * 1e9).round() / 1e9).into();
            }
        }
        Value::String(text) => {
            const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";
            let letter = |_| LETTERS[random.below(LETTERS.len() as u64) as usize] as char;
            *text = text.chars().map(letter).collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| vary(item, random)),
        Value::Object(fields) => fields.values_mut().for_each(|field| vary(field, random)),
    }
}
