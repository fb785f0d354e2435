//! What the server has at a pause.

use crate::entity::{plain, server_row};
use crate::Result;
use hyperstack_sdk::Cursor;
use serde_json::Value;

/// A key and its row, as JSON with all fields.
pub type Row = (String, Value);

/// A record of the tape: its cursor, and its [contents](crate::tape::contents).
pub type Record = (Cursor, Value);

pub struct Truth {
    /// All rows, in the server's order.
    pub rows: Vec<Row>,
    /// The rows of the derived view, in order.
    pub ranked: Vec<Row>,
    /// The records that the server has made since the last pause, also those that it has lost.
    pub records: Vec<Record>,
    /// The number of changes that the server has made.
    pub changes: u64,
}

impl Truth {
    /// Reads the server's answer.
    pub fn read(line: &str) -> Result<Self> {
        let mut json: Value = serde_json::from_str(line)?;
        let records: Vec<Record> = serde_json::from_value(json["records"].take())?;
        Ok(Truth {
            rows: rows(json["rows"].take())?,
            ranked: rows(json["ranked"].take())?,
            records: records
                .into_iter()
                .map(|(cursor, contents)| (cursor, plain(contents)))
                .collect(),
            changes: json["changes"].as_u64().ok_or("no number of changes")?,
        })
    }
}

fn rows(json: Value) -> Result<Vec<Row>> {
    let rows: Vec<(String, Value)> = serde_json::from_value(json)?;
    Ok(rows
        .into_iter()
        .map(|(key, row)| (key, server_row(row)))
        .collect())
}
