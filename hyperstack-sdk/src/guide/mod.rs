//! Guides to common tasks, one page for each.
//!
//! | page | question |
//! |---|---|
//! | [`connecting`] | How do I connect, and which settings are there? |
//! | [`reading`] | How do I read rows once: all rows, one row, or a part of a view? |
//! | [`streaming`] | How do I follow changes? |
//! | [`lag`] | What happens if my code is slower than the server? |
//! | [`reconnecting`] | What happens if the connection is lost? |
//! | [`auth`] | How does the client get and renew tokens? |
//! | [`testing`] | How do I test my code without a server? |
//! | [`migrating`] | How do I move from `hyperstack-sdk` 0.6 or `arete-a4-sdk`? |
//!
//! The attributes of the derives are on a page of their own: [`derives`](crate::derives).
//!
//! Most examples start the in-process server of the feature `testing`, so that you can run them as they are.

pub mod connecting;
pub mod reading;
pub mod streaming;

pub mod lag;

pub mod reconnecting;

pub mod auth;

pub mod testing;

pub mod migrating;
