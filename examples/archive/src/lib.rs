//! Copies a tape into SQLite, each record exactly once (for the one exception, see
//! [`GapCause::UnknownCursor`](hyperstack_sdk::GapCause::UnknownCursor)).
//!
//! The cursor is stored in the same transaction as the records. So if the process dies, the database has either both or
//! neither, and the next run continues after the last stored record.

use std::path::Path;

use anyhow::Context as _;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::{Cursor, TapeError, TapeGap, TapeRecord};
use rusqlite::{params, Connection, OptionalExtension as _, Transaction};

/// A trade of a token. Each record of the tape sets the fields that changed.
#[derive(Debug, Clone, PartialEq, Entity, Views)]
pub struct Trade {
    /// The price in lamports.
    pub price: Option<u64>,
    /// The number of tokens.
    pub amount: Option<u64>,
    /// Who bought them.
    pub buyer: Option<String>,
}

/// How many records share a transaction, if the tape is faster than the disk.
const BATCH: usize = 256;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS trade (
        token TEXT NOT NULL, price INTEGER, amount INTEGER, buyer TEXT, cursor TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS gap (reason TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT NOT NULL);
";

/// Opens the database, and creates its tables if necessary.
///
/// # Errors
///
/// If SQLite cannot open the file.
pub fn open(path: &Path) -> anyhow::Result<Connection> {
    let database = Connection::open(path)?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.execute_batch(TABLES)?;
    Ok(database)
}

/// Copies the tape from where the last run stopped, until the tape ends. Calls `on_commit` with the number of records
/// after each transaction.
///
/// # Errors
///
/// If the database fails, if a record does not decode, or if the tape ends.
pub async fn copy(
    hs: &HyperStack,
    database: &mut Connection,
    mut on_commit: impl FnMut(usize),
) -> anyhow::Result<()> {
    let mut tape = hs.views::<TradeViews>().append().tape();
    if let Some(cursor) = position(database)? {
        tape = tape.after(cursor);
    }
    let mut batches = tape.ready_chunks(BATCH);
    while let Some(batch) = batches.next().await {
        let count = batch.len();
        // Blocks this task only. The client pauses the tape if its queue is full.
        let transaction = database.transaction()?;
        for item in batch {
            match item {
                Ok(record) => store(&transaction, &record)?,
                Err(TapeError::Gap(gap)) => note(&transaction, &gap)?,
                // The client retries.
                Err(error @ TapeError::OverLimit { .. }) => eprintln!("{error}"),
                Err(error) => return Err(error.into()),
            }
        }
        transaction.commit()?;
        on_commit(count);
    }
    Ok(())
}

/// Returns the cursor of the last stored record.
fn position(database: &Connection) -> anyhow::Result<Option<Cursor>> {
    let select = "SELECT cursor FROM position";
    let cursor: Option<String> = database
        .query_row(select, [], |row| row.get(0))
        .optional()?;
    let cursor = cursor.map(|cursor| cursor.parse());
    cursor
        .transpose()
        .context("the database has no valid cursor")
}

/// Stores a record and its cursor.
fn store(transaction: &Transaction<'_>, record: &TapeRecord<Trade>) -> rusqlite::Result<()> {
    let TradePatch {
        price,
        amount,
        buyer,
    } = &record.patch;
    let cursor = record.cursor.to_string();
    let mut insert = transaction.prepare_cached("INSERT INTO trade VALUES (?1, ?2, ?3, ?4, ?5)")?;
    insert.execute(params![
        record.key,
        price.flatten(),
        amount.flatten(),
        buyer.as_ref().and_then(Option::as_ref),
        cursor
    ])?;
    advance(transaction, &record.cursor)
}

/// Notes that records are lost, and continues after them.
fn note(transaction: &Transaction<'_>, gap: &TapeGap) -> rusqlite::Result<()> {
    transaction.execute("INSERT INTO gap VALUES (?1)", [gap.to_string()])?;
    advance(transaction, &gap.resumed)
}

fn advance(transaction: &Transaction<'_>, cursor: &Cursor) -> rusqlite::Result<()> {
    let mut update =
        transaction.prepare_cached("INSERT OR REPLACE INTO position VALUES (1, ?1)")?;
    update.execute([cursor.to_string()])?;
    Ok(())
}
