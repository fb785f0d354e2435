//! The interface of a protocol generation.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::instruction::{Instruction, Route, SourceId, SourceIds, Subscribed};
use super::query::Query;
use super::timer::Time;
use super::wants::Wants;
use crate::wire::{Frame, FrameError, Issue, Request, Seq};

/// Queued instructions, which borrow nothing from a message.
pub(super) type Instructions = VecDeque<Instruction<'static>>;

/// A protocol generation. It decides which subscriptions serve the wanted queries, and what the server's frames
/// mean for their sources.
pub(super) trait Generation: fmt::Debug + Send {
    /// Prepares for another reader of a query. A query that the server rejected is requested again.
    fn want(
        &mut self,
        query: &Query,
        wants: &mut Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    ) -> Route;

    /// All sources.
    fn sources(&self) -> Vec<SourceId>;

    /// The sources of a view.
    fn sources_of(&self, view: &str) -> Vec<SourceId>;

    /// Every source, and what is subscribed for it.
    fn subscribed(&self, wants: &Wants) -> Vec<Subscribed>;

    /// The source and the view of a request that starts a subscription. `None` for other requests.
    fn source_of(&self, request: &Request) -> Option<(SourceId, Arc<str>)>;

    /// Where the rows of a query come from, if it has readers.
    fn route(&self, query: &Query) -> Option<Route>;

    /// Narrows or frees the sources of views whose queries expired.
    fn handle_expired(
        &mut self,
        expired: BTreeSet<Arc<str>>,
        wants: &Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    );

    /// Requests a source's snapshot again.
    fn resync(&mut self, source: SourceId, wants: &mut Wants);

    /// Sets the position up to which each source holds all changes.
    fn set_cursors(&mut self, cursor_of: &dyn Fn(SourceId) -> Option<Seq>);

    /// A connection is open, and nothing is subscribed on it.
    fn handle_open(&mut self, wants: &mut Wants);

    /// Turns a frame into an instruction for the store. Further instructions are queued; apply them after the
    /// returned one. `id` is the subscription that a v2 frame names.
    fn handle_frame<'m>(
        &mut self,
        id: Option<Cow<'m, str>>,
        frame: Frame<'m>,
        heard_at: Option<Time>,
        wants: &mut Wants,
        instructions: &mut Instructions,
    ) -> Option<Instruction<'m>>;

    /// A message could not be read.
    fn handle_undecodable(&self, error: &FrameError, instructions: &mut Instructions);

    /// The server sent an error that does not end the connection.
    fn handle_issue(&mut self, issue: &Issue, wants: &mut Wants, instructions: &mut Instructions);

    /// The server may accept subscriptions that were over its limit.
    fn retry_refused(&mut self);

    /// Ends subscriptions that were silent for `limit`, to request them again.
    fn restart_stale(&mut self, limit: Duration, now: Time, wants: &mut Wants);

    /// Looks for subscriptions that were silent for `limit` and that the server may have ended without a message. Queues
    /// [`Step::Probe`](super::Step::Probe) for some of them, and restarts those that a probe has found dead.
    fn check_silent(
        &mut self,
        _limit: Duration,
        _now: Time,
        _wants: &mut Wants,
        _instructions: &mut Instructions,
    ) {
    }

    /// Queues the requests that show whether a source has missed a change after the position `newest`.
    fn probe(&mut self, _source: SourceId, _newest: Option<Seq>) {}

    /// Whether an id is that of a probe, so that its messages concern no reader.
    fn is_probe(&self, _id: &str) -> bool {
        false
    }

    /// Queues the requests that make subscriptions match what is wanted.
    fn reconcile(&mut self, wants: &mut Wants);

    fn poll_request(&mut self) -> Option<Request>;
}
