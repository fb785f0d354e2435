//! A server in this process: rows, changes and records on demand.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use hyperstack_sdk::upstream::{channel, Channel, Coverage, Peer, Upstream};
use hyperstack_sdk::wire::Request;
use hyperstack_sdk::ConnectError;
use tokio::sync::mpsc;

pub(crate) const LIST: &str = "Round/list";
pub(crate) const TAPE: &str = "Round/append";

/// The number of rows in a message of a snapshot, as real servers send.
const BATCH: usize = 100;

/// The epoch of versions, and of the tape.
const EPOCH: &str = "5ab904cc";

/// A server with one list and one tape of ORE rounds.
#[derive(Clone)]
pub(crate) struct Source(Arc<Shared>);

struct Shared {
    rows: u64,
    version: AtomicU64,
    record: AtomicU64,
    subscriptions: AtomicUsize,
    /// What the connection sends next: the view, and the members of a frame.
    frames: mpsc::Sender<(&'static str, String)>,
    queue: Mutex<Option<mpsc::Receiver<(&'static str, String)>>>,
}

impl Source {
    pub(crate) fn new(rows: u64) -> Self {
        let (frames, queue) = mpsc::channel(256);
        Source(Arc::new(Shared {
            rows,
            version: AtomicU64::new(rows),
            record: AtomicU64::new(0),
            subscriptions: AtomicUsize::new(0),
            frames,
            queue: Mutex::new(Some(queue)),
        }))
    }

    /// Returns how many subscriptions there were.
    pub(crate) fn subscriptions(&self) -> usize {
        self.0.subscriptions.load(Relaxed)
    }

    /// Changes three fields of a row. One of them is `stamp`.
    pub(crate) async fn patch(&self, row: u64, stamp: u64) {
        let version = self.0.version.fetch_add(1, Relaxed) + 1;
        let key = key(row);
        let frame = format!(
            r#""op":"patch","mode":"list","entity":"{LIST}","key":"{key}","data":{{"_seq":"312000182:{version:012}","_version":"{EPOCH}:{version}",{}}}"#,
            fields(stamp)
        );
        // The bridge's connection lasts as long as the source.
        let _ = self.0.frames.send((LIST, frame)).await;
    }

    /// Appends a record.
    pub(crate) async fn append(&self, stamp: u64) {
        let offset = self.0.record.fetch_add(1, Relaxed);
        let key = key(offset % 100);
        let frame = format!(
            r#""op":"patch","mode":"append","entity":"{TAPE}","key":"{key}","data":{{{}}},"offset":{offset}"#,
            fields(stamp)
        );
        let _ = self.0.frames.send((TAPE, frame)).await;
    }

    async fn serve(
        self,
        mut peer: Peer<String>,
        mut queue: mpsc::Receiver<(&'static str, String)>,
    ) {
        let mut ids = [(LIST, String::new()), (TAPE, String::new())];
        loop {
            let sent = tokio::select! {
                request = peer.recv() => match request {
                    Some(Request::Query { id, query, .. }) => {
                        self.0.subscriptions.fetch_add(1, Relaxed);
                        let open = ids.iter_mut().find(|(view, _)| *view == query.view);
                        if let Some((_, open)) = open {
                            open.clone_from(&id);
                        }
                        self.first(&peer, &id, &query.view).await
                    }
                    Some(_) => Ok(()),
                    None => return,
                },
                frame = queue.recv() => {
                    let Some((view, frame)) = frame else { return };
                    let id = ids.iter().find(|(its, _)| *its == view).map_or("", |(_, id)| id);
                    peer.send(format!(r#"{{"protocolVersion":2,"subscriptionId":"{id}",{frame}}}"#)).await
                }
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// Answers a query.
    async fn first(
        &self,
        peer: &Peer<String>,
        id: &str,
        view: &str,
    ) -> std::result::Result<(), hyperstack_sdk::ConnectionLost> {
        if view == TAPE {
            let next = self.0.record.load(Relaxed);
            return peer.send(format!(
                r#"{{"op":"subscribed","subscriptionId":"{id}","query":{{"view":"{view}"}},"mode":"append","wholeEntities":true,"replayWindow":{{"epoch":"{EPOCH}","earliest":{next},"next":{next}}}}}"#
            )).await;
        }
        peer.send(format!(
            r#"{{"op":"subscribed","subscriptionId":"{id}","query":{{"view":"{view}"}},"mode":"list","wholeEntities":true,"sort":{{"field":["_seq"],"order":"desc"}}}}"#
        )).await?;
        let members = members();
        let all: Vec<u64> = (0..self.0.rows).collect();
        let last = all.len().div_ceil(BATCH);
        for (index, batch) in all.chunks(BATCH).enumerate() {
            let rows: Vec<String> = batch.iter().map(|row| whole(*row, &members)).collect();
            let (rows, complete) = (rows.join(","), index + 1 == last);
            peer.send(format!(
                r#"{{"op":"snapshot","subscriptionId":"{id}","mode":"list","entity":"{view}","data":[{rows}],"complete":{complete}}}"#
            )).await?;
        }
        Ok(())
    }
}

impl Upstream for Source {
    type Message = String;
    type Connection = Channel<String>;

    fn name(&self) -> String {
        "source".to_owned()
    }

    fn coverage(&self) -> Coverage {
        Coverage::WholeViews
    }

    async fn connect(&self) -> std::result::Result<Channel<String>, ConnectError> {
        let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, peer) = channel(16);
        // A second connection gets no messages, and ends at once.
        if let Some(queue) = queue.take() {
            tokio::spawn(self.clone().serve(peer, queue));
        }
        Ok(connection)
    }
}

pub(crate) fn key(row: u64) -> String {
    format!("{}", 100_000 + row)
}

/// Returns the members of a round, without its id, position and version.
fn members() -> String {
    let mut row: serde_json::Value = serde_json::from_str(decode::payload::ROW).unwrap_or_default();
    if let Some(fields) = row.as_object_mut() {
        fields.remove("_seq");
    }
    let text = row.to_string();
    text[1..text.len() - 1].to_owned()
}

fn whole(row: u64, members: &str) -> String {
    let (key, version) = (key(row), row + 1);
    format!(
        r#"{{"key":"{key}","data":{{"_seq":"312000178:{version:012}","_version":"{EPOCH}:{version}",{members}}}}}"#
    )
}

fn fields(stamp: u64) -> String {
    format!(
        r#""metrics":{{"deploy_count":"{stamp}"}},"state":{{"total_deployed":146.276595945,"total_miners":"{}"}}"#,
        stamp % 100
    )
}
