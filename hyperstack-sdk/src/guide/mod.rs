//! Guides to common tasks, one page for each.
//!
//! Read [`reading`] and [`streaming`] first, and then [the derives](crate::derives), which have a page of their own.
//! The other guides can wait until you need them. The [crate page](crate#terms) defines the terms.
//!
//! | page | question |
//! |---|---|
//! | [`reading`] | How do I read rows once: all of them, one by its key, or a filtered window? |
//! | [`streaming`] | How do I follow changes, and what can a stream yield? |
//! | [`recipes`] | What do I write to …? A short example for each task |
//! | [`connecting`] | How do I connect, and what are the most common settings? |
//! | [`lag`] | What happens if my code is slower than the server? |
//! | [`tapes`] | How do I read an event log: each event once, also across restarts? |
//! | [`reconnecting`] | What happens if the connection is lost? |
//! | [`auth`] | How does the client get and renew tokens? |
//! | [`observing`] | How do I see what the client does: logs, counters, metrics? |
//! | [`testing`] | How do I test my code without a server? |
//! | [`upstreams`] | How do I feed the client from my own code instead of a server? |
//! | [`migrating`] | How do I move from the published `hyperstack-sdk` 0.6 or `arete-a4-sdk`? |
//!
//! Most examples start an in-process server. To run them unchanged, enable the feature `testing`.

pub mod connecting;
pub mod reading;
pub mod streaming;

pub mod recipes;

pub mod lag;

pub mod tapes;

pub mod reconnecting;

pub mod auth;

pub mod observing;

pub mod testing;

pub mod upstreams;

pub mod migrating;
