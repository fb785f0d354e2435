//! Subscriptions to tapes: retained records, then live ones.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::frame::{binary, compressed_if_smaller, quote};
use super::super::merge::lookup;
use super::super::refusal::Refusal;
use super::frame::subscribed_to_tape;
use super::journal::{Journal, Record};
use super::message::{Query, Subscribe};

/// What decides which records a subscription to a tape gets.
#[derive(Debug)]
pub(crate) struct TapeFeed {
    /// The entity whose changes are recorded.
    entity: String,
    query: Query,
    filters: Vec<(Vec<String>, Value)>,
    /// The number of the last record that was sent or left out.
    last: Option<u64>,
}

impl TapeFeed {
    /// Answers a request with the retained records, and creates the subscription's feed.
    pub(super) fn open(
        journal: &Journal,
        entity: &str,
        request: &Subscribe,
    ) -> Result<(Vec<Message>, Self), Refusal> {
        let Subscribe { id, query, .. } = request;
        let view = &query.view;
        if query.take.is_some() || query.skip.is_some() || query.snapshot_limit.is_some() {
            return Err(Refusal::new("invalid-subscription").message(&format!(
                "take, skip and snapshotLimit are window options and do not apply to the replayable view {view}"
            )));
        }
        let after = query.after.as_deref();
        let last = after.map(|after| journal.resume(view, after)).transpose()?;
        let path = |path: &String| path.split('.').map(str::to_owned).collect();
        let filters = query.filters.iter().flatten();
        let filters = filters.map(|(name, value)| (path(name), value.clone()));
        let mut feed = TapeFeed {
            entity: entity.to_owned(),
            filters: filters.collect(),
            query: query.clone(),
            last,
        };
        let mut messages = vec![subscribed_to_tape(id, query, &journal.window())];
        let records = journal.records();
        let records = records.filter_map(|record| feed.select(record, id));
        messages.extend(records.map(compressed_if_smaller));
        Ok((messages, feed))
    }

    /// Whether the entity's changes are the records of this tape.
    pub(crate) fn is_of(&self, entity: &str) -> bool {
        self.entity == entity
    }

    /// Returns the message of a new record, unless the query leaves it out.
    pub(crate) fn advance(&mut self, id: &str, record: &Record) -> Option<Message> {
        self.select(record, id).map(binary)
    }

    fn select(&mut self, record: &Record, id: &str) -> Option<String> {
        if let Some(offset) = record.offset {
            if self.last.is_some_and(|last| offset <= last) {
                return None;
            }
            self.last = Some(offset);
        }
        let [before, after] = &record.around;
        self.matches(record)
            .then(|| format!("{before}{}{after}", quote(id)))
    }

    /// Whether the record is in the query. Filters compare the record as it was published.
    fn matches(&self, record: &Record) -> bool {
        let Query { key, partition, .. } = &self.query;
        let data = &record.data;
        let mut filters = self.filters.iter();
        key.as_deref().is_none_or(|key| record.key == key)
            && partition
                .as_deref()
                .is_none_or(|partition| data["_partition"] == partition)
            && filters.all(|(path, value)| lookup(data, path) == Some(value))
    }

    /// The error of a delivery that missed this many records.
    pub(super) fn lagged(&self, journal: &Journal, records: u64) -> Refusal {
        let refusal = Refusal::new("replay-lagged").message(&format!(
            "delivery fell behind by {records} records and this subscription has stopped"
        ));
        let Some(last) = self.last else {
            return refusal.suggested_action(
                "unsubscribe, then resubscribe without `after` to replay the retained window",
            );
        };
        let cursor = format!("{}:{last}", journal.window().epoch);
        let action = format!(
            "unsubscribe, then resubscribe with after set to {cursor} to replay the skipped records"
        );
        refusal.suggested_action(&action).recover_from(cursor)
    }
}
