//! The server's rows, to compare with.

use crate::entity::{Round, RoundPatch};
use crate::Result;
use hyperstack_sdk::Cursor;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A key and its row.
pub type Row = (String, Arc<Round>);

/// What the client should have.
pub struct Truth {
    /// All rows, in the server's order.
    pub rows: Vec<Row>,
    /// The rows of the derived view, in order.
    pub ranked: Vec<Row>,
    /// The last record of the tape, if the server has one.
    pub cursor: Option<Cursor>,
    /// The number of times that the server lost its tape.
    pub losses: u64,
    /// The number of records that the server has made.
    pub records: u64,
    /// The number of changes that the server has made.
    pub changes: u64,
}

impl Truth {
    /// Reads the server's answer.
    pub fn read(line: &str) -> Result<Self> {
        let mut json: Value = serde_json::from_str(line)?;
        let count = |name: &str| json[name].as_u64().unwrap_or_default();
        Ok(Truth {
            cursor: json["cursor"].as_str().map(str::parse).transpose()?,
            losses: count("losses"),
            records: count("records"),
            changes: count("changes"),
            rows: rows(json["rows"].take())?,
            ranked: rows(json["ranked"].take())?,
        })
    }
}

fn rows(json: Value) -> Result<Vec<Row>> {
    let rows: Vec<(String, Value)> = serde_json::from_value(json)?;
    let row = |(key, row)| {
        Ok((
            key,
            Arc::new(Round::try_from(serde_json::from_value::<RoundPatch>(row)?)?),
        ))
    };
    rows.into_iter().map(row).collect()
}

/// Returns the number of different rows: missing, left over or unequal.
pub fn differing(expected: &[Row], rows: &BTreeMap<String, Arc<Round>>) -> usize {
    let expected: BTreeMap<_, _> = expected.iter().map(|(key, row)| (key, row)).collect();
    let wrong = expected
        .iter()
        .filter(|(key, row)| rows.get(**key) != Some(row));
    let extra = rows.keys().filter(|key| !expected.contains_key(key));
    wrong.count() + extra.count()
}

/// Returns the number of places with another row.
pub fn displaced(expected: &[Row], rows: &[Arc<Round>]) -> usize {
    let pairs = expected.iter().zip(rows);
    let wrong = pairs.filter(|((_, expected), row)| expected != *row);
    wrong.count() + expected.len().abs_diff(rows.len())
}
