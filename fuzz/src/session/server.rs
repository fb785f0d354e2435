//! What the servers of both generations have in common.

use super::readers::Readers;
use super::{Bytes, Play};
use hyperstack_sdk::session::{Query, Target};
use hyperstack_sdk::wire::{Protocol, Request};

/// The subscriptions of one connection, on a server of one generation.
pub(super) trait Server: Default {
    const PROTOCOL: Protocol;

    /// The views that readers read. The server does not have the last one.
    const VIEWS: [&'static str; 5];

    /// Turns a query for all rows into one with a window.
    fn cut(query: &mut Query, number: usize);

    /// Plays an event that only this generation has.
    fn step(play: &mut Play<Self>, letter: u8, bytes: &mut Bytes<'_>);

    /// Handles a request.
    fn hear(&mut self, request: Request);

    /// Notes that the session is about to request refused queries again.
    fn clear_refusal(&mut self, query: &Query, target: &Target, readers: &mut Readers);

    /// Checks, once the session has sent everything, that exactly the wanted queries are subscribed.
    fn check(&mut self, readers: &Readers);
}
