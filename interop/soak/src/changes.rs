//! The changes, drawn from a seed.

use crate::random::Random;
use serde_json::{json, Value};

/// The number of keys.
pub const KEYS: u64 = 300;

/// A change of one row.
pub enum Change {
    /// The whole row. It may be a new one.
    Put(Value),
    Patch(Value),
    /// A patch that appends to `log`.
    Append(Value),
    Delete,
}

pub struct Changes {
    random: Random,
    has_deletes: bool,
    /// The number of changes so far.
    pub count: u64,
}

impl Changes {
    pub fn new(seed: u64, has_deletes: bool) -> Self {
        Changes {
            random: Random(seed),
            has_deletes,
            count: 0,
        }
    }

    /// Returns a key.
    pub fn key(&mut self) -> String {
        self.random.below(KEYS).to_string()
    }

    /// Returns a whole row.
    pub fn put(&mut self, key: &str) -> Change {
        self.count += 1;
        let address = format!("round-{key}");
        let mut row = self.state();
        row["id"] = json!({"round_id": key.parse::<u64>().ok(), "address": address});
        row["state"]["squares"] = json!(vec![self.count; 5]);
        row["open"] = json!(self.count.is_multiple_of(2));
        Change::Put(row)
    }

    /// Returns a change of a row that exists.
    pub fn next(&mut self, key: &str) -> Change {
        let kind = self.random.below(20);
        if kind == 0 {
            return self.put(key);
        }
        self.count += 1;
        let number = self.count;
        let mut patch = self.state();
        match kind {
            1 | 2 if self.has_deletes => return Change::Delete,
            3..=5 => {
                patch["log"] = json!([number]);
                return Change::Append(patch);
            }
            6 => patch["log"] = json!([number, number + 1]),
            7 => patch["note"] = json!(i64::MAX - number as i64),
            8 => patch["note"] = Value::Null,
            9 | 10 => patch["open"] = json!(number.is_multiple_of(2)),
            11 => patch["state"]["squares"] = json!(vec![number; 5]),
            12 => patch["state"]["expires_at"] = json!(number),
            _ => {}
        }
        Change::Patch(patch)
    }

    /// Returns a patch of the fields that change most.
    pub fn state(&mut self) -> Value {
        let deployed = self.random.below(1 << 40) as f64 / 1e9;
        json!({"state": {"miners": self.random.below(1000), "deployed": deployed}})
    }
}
