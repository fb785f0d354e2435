//! What a bridge is doing.

use futures_util::future::try_join_all;
use tokio::sync::watch;

use super::error::ViewError;

/// The state of one view of a bridge. All counters start at 0 with the bridge.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ViewStatus {
    /// The view's id.
    pub view: String,
    /// Whether the bridge writes heartbeats: NATS is at most one interval behind the server.
    pub is_caught_up: bool,
    /// The number of rows that the server has now. 0 for a tape.
    pub rows: u64,
    /// The number of rows, deletions, records and gaps that this bridge has written.
    pub writes: u64,
    /// The number of writes that NATS rejected or did not answer, in most cases because another bridge was faster.
    pub conflicts: u64,
    /// How often the bridge requested a new snapshot because another bridge had written rows that the server did not
    /// send. If it keeps growing, two bridges probably copy different servers to the same prefix.
    pub refreshes: u64,
    /// How often the bridge started the view again, for example after it had lost the connection to NATS.
    pub restarts: u64,
    /// The number of heartbeats that this bridge has written.
    pub heartbeats: u64,
    /// The number of gaps that this bridge has written to the tape's stream, in place of records that it could not
    /// copy.
    pub gaps: u64,
    /// What is missing in the latest gap, and why.
    pub last_gap: Option<String>,
    /// The latest error since the last heartbeat. While the bridge has lost the server, this can be `None`.
    pub error: Option<ViewError>,
}

/// Observes a bridge. Returned by [`Bridge::status`](crate::Bridge::status).
///
/// Clones are cheap. After the end of the bridge, no view is caught up. The rest of the last state remains.
#[derive(Debug, Clone)]
pub struct BridgeStatus {
    views: Vec<watch::Receiver<ViewStatus>>,
}

/// Reports the state of one view.
#[derive(Debug)]
pub(super) struct Reporter(watch::Sender<ViewStatus>);

impl BridgeStatus {
    pub(super) fn new(views: Vec<watch::Receiver<ViewStatus>>) -> Self {
        BridgeStatus { views }
    }

    /// Returns the state of each view.
    pub fn views(&self) -> Vec<ViewStatus> {
        self.views
            .iter()
            .map(|view| view.borrow().clone())
            .collect()
    }

    /// Returns the state of a view, or `None` if the bridge does not copy it.
    pub fn view(&self, id: &str) -> Option<ViewStatus> {
        Some(self.find(id)?.borrow().clone())
    }

    /// Waits until `condition` returns `true` for the state of a view. Returns this state, or `None` if the bridge ends
    /// first, the view fails with a [final error](crate::ViewError::is_final), or the bridge does not copy it. Cancel
    /// safe.
    pub async fn wait_for(
        &self,
        id: &str,
        condition: impl FnMut(&ViewStatus) -> bool,
    ) -> Option<ViewStatus> {
        let mut view = self.find(id)?.clone();
        let state = view.wait_for(condition).await.ok()?;
        Some(state.clone())
    }

    /// Waits until each view has been caught up at some time during the call. Returns `false` as soon as the bridge
    /// ends, or a view that it still waits for fails with a [final error](crate::ViewError::is_final). Cancel safe.
    pub async fn wait_caught_up(&self) -> bool {
        let views = self.views.clone().into_iter().map(|mut view| async move {
            let caught_up = view.wait_for(|view| view.is_caught_up).await;
            caught_up.map(drop)
        });
        try_join_all(views).await.is_ok()
    }

    fn find(&self, id: &str) -> Option<&watch::Receiver<ViewStatus>> {
        let mut views = self.views.iter();
        views.find(|view| view.borrow().view == id)
    }
}

impl Drop for Reporter {
    /// The view is no longer copied.
    fn drop(&mut self) {
        self.lose(None);
    }
}

impl Reporter {
    pub(super) fn new(view: &str) -> (Self, watch::Receiver<ViewStatus>) {
        let (sender, receiver) = watch::channel(ViewStatus {
            view: view.to_owned(),
            is_caught_up: false,
            rows: 0,
            writes: 0,
            conflicts: 0,
            refreshes: 0,
            restarts: 0,
            heartbeats: 0,
            gaps: 0,
            last_gap: None,
            error: None,
        });
        (Reporter(sender), receiver)
    }

    pub(super) fn set_rows(&self, rows: u64) {
        self.0
            .send_if_modified(|view| std::mem::replace(&mut view.rows, rows) != rows);
    }

    /// NATS answered a write.
    pub(super) fn count(&self, is_conflict: bool, is_written: bool) {
        self.0.send_modify(|view| {
            view.conflicts += u64::from(is_conflict);
            view.writes += u64::from(is_written);
        });
    }

    /// A gap was written.
    pub(super) fn gap(&self, message: Option<String>) {
        self.0.send_modify(|view| {
            view.gaps += 1;
            view.last_gap = message;
        });
    }

    pub(super) fn refresh(&self) {
        self.0.send_modify(|view| {
            view.is_caught_up = false;
            view.refreshes += 1;
        });
    }

    pub(super) fn restart(&self) {
        self.0.send_modify(|view| view.restarts += 1);
    }

    /// Whether the view has been up to date once.
    pub(super) fn was_caught_up(&self) -> bool {
        self.0.borrow().heartbeats > 0
    }

    pub(super) fn is_caught_up(&self) -> bool {
        self.0.borrow().is_caught_up
    }

    pub(super) fn heartbeats(&self) -> u64 {
        self.0.borrow().heartbeats
    }

    /// The bucket or stream is no longer known to be up to date.
    pub(super) fn lose(&self, error: Option<ViewError>) {
        self.0.send_modify(|view| {
            view.is_caught_up = false;
            if error.is_some() {
                view.error = error;
            }
        });
    }

    /// A heartbeat was written.
    pub(super) fn beat(&self) {
        self.0.send_modify(|view| {
            view.is_caught_up = true;
            view.heartbeats += 1;
            view.error = None;
        });
    }
}
