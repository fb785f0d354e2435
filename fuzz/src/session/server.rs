//! What the servers of both generations have in common.

use super::readers::Readers;
use super::{Bytes, Play};
use hyperstack_sdk::session::{Query, Target};
use hyperstack_sdk::wire::{Protocol, Request};

/// One connection's subscriptions, as a server of one generation has them.
pub(super) trait Server: Default {
    const PROTOCOL: Protocol;

    /// The views that readers ask for. The server does not know the last one.
    const VIEWS: [&'static str; 5];

    /// Makes a query for all rows one for a part of them.
    fn cut(query: &mut Query, number: usize);

    /// Something that only this generation's server does.
    fn step(play: &mut Play<Self>, letter: u8, bytes: &mut Bytes<'_>);

    /// The session sends a request.
    fn hear(&mut self, request: Request);

    /// The session is about to request again what was refused.
    fn clear_refusal(&mut self, query: &Query, target: &Target, readers: &mut Readers);

    /// The session has sent everything: checks that it subscribed what is wanted, and nothing else.
    fn check(&mut self, readers: &Readers);
}
