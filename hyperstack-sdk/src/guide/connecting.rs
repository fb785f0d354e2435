//! Connect to a server.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().start().await?;
//! # let url = server.url();
//! let hs = HyperStack::connect(url).await?;
//! assert!(hs.is_connected());
//! # Ok(())
//! # }
//! ```
//!
//! [`HyperStack::connect`] makes one attempt, with a timeout of 10 seconds, and returns an error if it fails.
//!
//! A [`HyperStack`] is a cheap handle: clone it and pass it around. It keeps the connection open, and so do the view
//! handles that you get from it. The client closes when you drop the last of them or call
//! [`disconnect`](crate::HyperStack::disconnect), which takes effect at once.
//!
//! A stream does not keep the connection open. If you drop the last handle, all streams end with
//! [`CloseReason::Dropped`](crate::CloseReason::Dropped), and the client logs a warning. To return a stream without the
//! client, call [`keep_alive`](crate::Watch::keep_alive) on it.
//!
//! [`is_connected`](crate::HyperStack::is_connected) tells you whether the connection is open now.
//! [`wait_connected`](crate::HyperStack::wait_connected) waits until it is, for example after a reconnect. You do not
//! need it before a read or a stream: these wait by themselves.
//!
//! # Common settings
//!
//! Use [`HyperStack::builder`] to change settings:
//!
//! ```
//! use std::time::Duration;
//! use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().start().await?;
//! # let url = server.url();
//! let hs = HyperStack::builder()
//!     .url(url)
//!     .connect_timeout(Duration::from_secs(3))
//!     .max_reconnect_attempts(10)
//!     .connect()
//!     .await?;
//! # drop(hs);
//! # Ok(())
//! # }
//! ```
//!
//! These are the most common settings. [`HyperStackBuilder`](crate::HyperStackBuilder) has all of them, and the
//! [`auth` guide](super::auth) lists those for tokens.
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | [`connect_timeout`] | 10 s | how long one attempt to connect may take |
//! | [`wait_for_server`] | `false` | whether `connect` keeps trying if the server is down |
//! | [`initial_data_timeout`] | 5 s | how long `get` and `list` wait for the *snapshot*, the rows that the server sends first. Then they return the rows that have arrived |
//! | [`auto_reconnect`] | `true` | whether the client reconnects after it has lost the connection |
//! | [`reconnect_intervals`] | 1, 2, 4, 8, 16 s | the longest wait before each attempt to reconnect. The last interval repeats |
//! | [`max_reconnect_attempts`] | no limit | how many attempts to reconnect may fail in a row before the client closes |
//! | [`ping_interval`] | 15 s | how often the client pings the server |
//! | [`linger`] | 5 s | how long the client stays subscribed to a view that nothing reads |
//! | [`stream_capacity`] | 1,024 changes | how many changes a stream queues before it merges the changes of each row; see [lag](super::lag) |
//! | [`max_entries_per_view`] | no limit | the *row limit*: how many rows of each view the client keeps. Streams yield a `Delete` for each row beyond it |
//! | [`max_subscriptions`] | 10,000 | how many distinct queries can be active at a time. A view, each filtered window of it, and each key count as one |
//! | [`protocol`] | `Protocol::Auto` | which protocol version the client speaks; see below |
//! | [`root_certificates`] | none | certificates to trust besides the default ones |
//! | [`proxy`], [`proxy_from_env`] | none, `false` | an HTTP proxy; see below |
//!
//! # Several addresses
//!
//! If the server's name has several IP addresses, the client finds one that works, as browsers do (RFC 8305). It tries
//! the next address after a failed connection or handshake, or if there is no connection after 250 ms or no reply to
//! the handshake after one second. An HTTP reply of the server, such as the status 401, ends the attempt. If all
//! addresses fail, the error names each with its cause. Requests to a token endpoint work the same way.
//!
//! # Proxies and private roots
//!
//! The client connects through an HTTP proxy if you set one: with
//! [`proxy`]`("http://user:password@proxy.example:3128")` for all connections, or with [`proxy_from_env`]`(true)`,
//! which reads the variables `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. The client ignores them for `ws://` URLs.
//!
//! With the feature `rustls` (the default), the client trusts Mozilla's root certificates. To trust a private root, for
//! example that of a proxy that decrypts TLS, pass it to [`root_certificates`] in PEM format. Or enable the feature
//! `rustls-native-roots` and call [`native_roots`]`(true)`: the client then also trusts the system's roots. If
//! `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, it trusts those certificates instead of the system's. With only the
//! feature `native-tls`, the client always trusts the system's roots.
//!
//! ```no_run
//! use hyperstack_sdk::prelude::*;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let hs = HyperStack::builder()
//!     .url("wss://ore.example")
//!     .proxy_from_env(true)
//!     .root_certificates(std::fs::read("company-root.pem")?)
//!     .connect()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Protocol versions
//!
//! Hyperstack servers speak protocol v1; Arete servers speak v2. The client detects the version on each connection, and
//! your code is the same for both. [`Stats::protocol`](crate::Stats::protocol) tells you which one is in use. Some
//! behaviour depends on the server:
//!
//! | | v1 | v2 |
//! |---|---|---|
//! | an entity's list, if the server's default limit of 500 rows applies | the snapshot has the latest 500 rows. Rows that the client has already received stay | the server removes the rows beyond 500, and streams yield an [`Update::Delete`](crate::Update::Delete) for each |
//! | filters and windows | applied by the client | applied by the server; by the client if a filter has `null`, an empty list or a fraction, or if two filters concern one field, with [`filter_rows`](crate::ListView::filter_rows), or with snapshot options such as [`after`](crate::ListView::after) |
//! | a deleted row | lists and `state()` keep the row, even after a reconnect | an [`Update::Delete`](crate::Update::Delete) |
//! | an unknown view | the server does not answer. Reads fail with [`NotYet`](crate::ReadError::NotYet), or with [`UnknownView`](crate::ReadError::UnknownView) once the server has answered for another view | reads fail at once with `UnknownView` |
//! | a list field that the server appends to | grows, unless the field has `append(max = N)` | keeps its newest 100 elements |
//!
//! To detect the version, the client first tries the one that the server spoke last, and sends a probe. A Hyperstack
//! 0.5 server does not answer the probe, so the first rows of the first connection can take about a second longer. Set
//! [`protocol`]`(Protocol::V1)` for such a server.
//!
//! # Errors
//!
//! [`ConnectError`](crate::ConnectError) says why the attempt failed, and [`remedy()`](crate::ConnectError::remedy)
//! says what may help: waiting, a new token, another request, or nothing, for example if a setting is invalid.
//!
//! # Runtime
//!
//! The client runs as one task on your Tokio runtime. `connect` panics outside of a runtime. The runtime needs IO and
//! time enabled, as in `#[tokio::main]` and `#[tokio::test]`.
//!
//! [`connect_timeout`]: crate::HyperStackBuilder::connect_timeout
//! [`wait_for_server`]: crate::HyperStackBuilder::wait_for_server
//! [`initial_data_timeout`]: crate::HyperStackBuilder::initial_data_timeout
//! [`auto_reconnect`]: crate::HyperStackBuilder::auto_reconnect
//! [`reconnect_intervals`]: crate::HyperStackBuilder::reconnect_intervals
//! [`max_reconnect_attempts`]: crate::HyperStackBuilder::max_reconnect_attempts
//! [`ping_interval`]: crate::HyperStackBuilder::ping_interval
//! [`linger`]: crate::HyperStackBuilder::linger
//! [`stream_capacity`]: crate::HyperStackBuilder::stream_capacity
//! [`max_entries_per_view`]: crate::HyperStackBuilder::max_entries_per_view
//! [`max_subscriptions`]: crate::HyperStackBuilder::max_subscriptions
//! [`protocol`]: crate::HyperStackBuilder::protocol
//! [`root_certificates`]: crate::HyperStackBuilder::root_certificates
//! [`native_roots`]: crate::HyperStackBuilder::native_roots
//! [`proxy`]: crate::HyperStackBuilder::proxy
//! [`proxy_from_env`]: crate::HyperStackBuilder::proxy_from_env
//! [`HyperStack`]: crate::HyperStack
//! [`HyperStack::connect`]: crate::HyperStack::connect
//! [`HyperStack::builder`]: crate::HyperStack::builder
