//! The entities as JSON text of the server.

use crate::contender::Generation;
use decode::random::Random;
use serde_json::Value;

/// Stands in a round for its id, which is also its key.
const ROUND_ID: u64 = 123_456_789_012;

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

    /// Returns the members of a whole row with unique values, without those that the server adds.
    pub fn row(self, generation: Generation, random: &mut Random) -> String {
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
        if self == Shape::Round {
            row["id"]["round_id"] = ROUND_ID.into();
        }
        if generation == Generation::V2 {
            spell_integers(&mut row);
        }
        let text = row.to_string();
        text[1..text.len() - 1].to_owned()
    }

    /// Replaces the round's id, if the entity has one.
    pub fn with_id(self, row: &str, id: &str) -> String {
        match self {
            Shape::Round => row.replacen(&ROUND_ID.to_string(), id, 1),
            Shape::Small | Shape::Wide => row.to_owned(),
        }
    }

    /// Returns three fields as the members of a JSON object. `stamp` is the value of one of them.
    pub fn patch(self, generation: Generation, stamp: u64, random: &mut Random) -> String {
        let price = random.below(1 << 40) as f64 / 1e9;
        let small = random.below(100_000);
        let integer = |number: u64| match generation {
            Generation::V1 => number.to_string(),
            Generation::V2 => format!("\"{number}\""),
        };
        let (stamp, small) = (integer(stamp), integer(small));
        match self {
            Shape::Round => format!(
                r#""metrics":{{"deploy_count":{stamp}}},"state":{{"total_deployed":{price},"total_miners":{small}}}"#
            ),
            Shape::Small => format!(r#""count":{stamp},"price":{price},"volume":{small}"#),
            Shape::Wide => format!(r#""s3":{{"n0":{stamp},"x1":{price}}},"s7":{{"n2":{small}}}"#),
        }
    }
}

/// Turns the integers whose declared type has 64 bits into text, as v2 servers do whatever their size.
fn spell_integers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_u64() || number.is_i64() => {
            *value = number.to_string().into();
        }
        Value::Array(items) => items.iter_mut().for_each(spell_integers),
        Value::Object(fields) => {
            let is_wide = |name: &str| name != "decimals";
            let fields = fields.iter_mut().filter(|(name, _)| is_wide(name));
            fields.for_each(|(_, field)| spell_integers(field));
        }
        _ => {}
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
