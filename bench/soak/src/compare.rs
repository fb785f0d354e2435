//! Compares the server's rows with the client's, and with those that each reader's items add up to.

use crate::entity::{Round, RoundPatch, RoundViews};
use crate::readers::{Readers, Rows, KEY};
use crate::Result;
use hyperstack_sdk::prelude::*;
use serde_json::Value;
use std::sync::Arc;

/// The server's rows.
pub struct Truth {
    rows: Rows,
    /// In the server's order.
    window: Vec<Arc<Round>>,
}

impl Truth {
    /// Reads the server's answer.
    pub fn read(line: &str) -> Result<Self> {
        let mut json: Value = serde_json::from_str(line)?;
        let rows = rows(json["rows"].take())?;
        let window = self::rows(json["window"].take())?;
        Ok(Truth {
            rows: rows.into_iter().collect(),
            window: window.into_iter().map(|(_, row)| row).collect(),
        })
    }

    /// Returns the number of different rows: missing, left over or unequal.
    pub fn differences(&self, hs: &HyperStack, readers: &Readers) -> Vec<(&'static str, usize)> {
        let mut found = Vec::new();
        for reader in [&readers.list, &readers.rich, &readers.slow] {
            found.push((reader.name, differing(&self.rows, &reader.rows())));
        }
        let by_id = |rows: &[Arc<Round>]| {
            rows.iter()
                .map(|row| (row.id.round_id.to_string(), row.clone()))
                .collect()
        };
        let list: Rows = by_id(&hs.views::<RoundViews>().list().shared().get_sync());
        found.push(("cache", differing(&self.rows, &list)));
        found.push((
            readers.window.name,
            differing(&by_id(&self.window), &readers.window.rows()),
        ));
        let window = hs.views::<RoundViews>().top().shared().get_sync();
        found.push(("order", usize::from(window != self.window)));
        let key = self.rows.get_key_value(KEY).into_iter();
        let key = key.map(|(key, row)| (key.clone(), row.clone())).collect();
        found.push((readers.key.name, differing(&key, &readers.key.rows())));
        found.retain(|(_, rows)| *rows > 0);
        found
    }
}

fn rows(json: Value) -> Result<Vec<(String, Arc<Round>)>> {
    let rows: Vec<(String, Value)> = serde_json::from_value(json)?;
    let row = |(key, row)| {
        Ok((
            key,
            Arc::new(Round::try_from(serde_json::from_value::<RoundPatch>(row)?)?),
        ))
    };
    rows.into_iter().map(row).collect()
}

fn differing(truth: &Rows, rows: &Rows) -> usize {
    let wrong = truth
        .iter()
        .filter(|(key, row)| rows.get(*key) != Some(row));
    let extra = rows.keys().filter(|key| !truth.contains_key(*key));
    wrong.count() + extra.count()
}
