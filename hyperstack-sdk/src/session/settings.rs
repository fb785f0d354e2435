//! The settings of a session.

use std::time::Duration;

use super::auth::Credentials;
use super::coverage::Coverage;
use crate::wire::Protocol;

/// The settings of a session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The server's URL for errors, without its query, user name and password, or the name of another peer.
    pub url: String,
    /// Whether a lost connection is restored. Default: true.
    pub auto_reconnect: bool,
    /// How many attempts to reconnect may fail in a row. `None`, the default, means no limit.
    pub max_reconnect_attempts: Option<u32>,
    /// The upper bounds of the backoff before each attempt. The last one repeats. Default: 1, 2, 4, 8,
    /// then 16 seconds.
    pub reconnect_intervals: Vec<Duration>,
    /// How often the session pings the peer, if `pings` is set. After two silent intervals the connection counts as
    /// lost. Default: 15 seconds.
    pub ping_interval: Duration,
    /// How long a subscription outlives its last reader. Default: 5 seconds.
    pub linger: Duration,
    /// Whether the first dial is retried like any other. Default: false.
    pub wait_for_server: bool,
    /// How long the server may take to answer a token refresh. Default: 10 seconds.
    pub token_timeout: Duration,
    /// Whether a list is resumed by a cursor after a reconnect. Default: true.
    pub resume: bool,
    /// How many queries may be wanted at a time. Default: 10,000.
    pub max_subscriptions: usize,
    /// How long a subscription may be silent before the session resubscribes. `None`, the default, means forever; v2
    /// subscriptions are probed instead.
    pub stale_after: Option<Duration>,
    /// The most rows of a view that the client holds. It is the `take` of v2 queries that have none. `None`, the
    /// default, means no limit.
    pub row_limit: Option<u64>,
    /// Where the tokens come from. Default: there are none.
    pub credentials: Credentials,
    /// The protocol generation to speak. Default: detect it.
    pub protocol: Protocol,
    /// The generation to try first if it is detected. Default: v2.
    pub likely_protocol: Protocol,
    /// Whether the peer is a Hyperstack or Arete server, whose generation the session verifies. Any other peer speaks
    /// v2. Default: true.
    pub is_server: bool,
    /// Whether the session pings the peer. Without pings, it does not notice that the peer is silent. Default: true.
    pub pings: bool,
    /// What the peer serves. Default: any query.
    pub coverage: Coverage,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            url: String::new(),
            auto_reconnect: true,
            max_reconnect_attempts: None,
            reconnect_intervals: [1, 2, 4, 8, 16].map(Duration::from_secs).to_vec(),
            ping_interval: Duration::from_secs(15),
            linger: Duration::from_secs(5),
            wait_for_server: false,
            token_timeout: Duration::from_secs(10),
            resume: true,
            max_subscriptions: 10_000,
            stale_after: None,
            row_limit: None,
            credentials: Credentials::None,
            protocol: Protocol::Auto,
            likely_protocol: Protocol::V2,
            is_server: true,
            pings: true,
            coverage: Coverage::Queries,
        }
    }
}
