//! Feed a client from your own code instead of a server.
//!
//! Usually, a client reads from a server over a WebSocket. With an *upstream*, it reads from anything that you can turn
//! into rows: a message broker, a database, a file, or another process. Your programs stay the same, except for the line
//! that connects:
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::upstream::{channel, Channel, Coverage, Upstream};
//! use hyperstack_sdk::wire::Request;
//!
//! /// One motto, which never changes.
//! struct Motto(&'static str);
//!
//! impl Upstream for Motto {
//!     type Message = String;
//!     type Connection = Channel<String>;
//!
//!     fn name(&self) -> String {
//!         "motto".to_owned()
//!     }
//!
//!     fn coverage(&self) -> Coverage {
//!         Coverage::WholeViews
//!     }
//!
//!     async fn connect(&self) -> Result<Channel<String>, ConnectError> {
//!         let (connection, mut peer) = channel(8);
//!         let text = self.0;
//!         tokio::spawn(async move {
//!             while let Some(request) = peer.recv().await {
//!                 let Request::Query { id, query, .. } = request else { continue };
//!                 let view = query.view;
//!                 let row = format!(r#"{{"key":"1","data":{{"text":"{text}"}}}}"#);
//!                 let rows = query.key.is_none_or(|key| key == "1").then_some(row).unwrap_or_default();
//!                 for message in [
//!                     format!(r#"{{"op":"subscribed","subscriptionId":"{id}","query":{{"view":"{view}"}}}}"#),
//!                     format!(
//!                         r#"{{"op":"snapshot","subscriptionId":"{id}","entity":"{view}",
//!                             "data":[{rows}],"complete":true}}"#
//!                     ),
//!                 ] {
//!                     peer.send(message).await?;
//!                 }
//!             }
//!             Ok::<(), ConnectionLost>(())
//!         });
//!         Ok(connection)
//!     }
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Saying {
//!     text: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ConnectError> {
//! let hs = HyperStack::builder().connect_over(Motto("less is more")).await?;
//! let sayings = hs.list::<Saying>().await;
//! assert_eq!(sayings, [Saying { text: "less is more".to_owned() }]);
//! # Ok(())
//! # }
//! ```
//!
//! The page of [`upstream`](crate::upstream) has an example with live changes, and lists the messages that you must send.
//!
//! # What you write
//!
//! [`Upstream`](crate::upstream::Upstream) has two methods that you must implement: a name for logs and errors, and
//! `connect`, which returns a connection. [`channel`](crate::upstream::channel) makes a connection whose other end a task
//! of yours serves: it gets the client's requests and sends messages of protocol v2.
//!
//! If you return [`Coverage::WholeViews`](crate::upstream::Coverage::WholeViews), you serve only whole views, and single
//! rows by key. The client applies filters and windows itself. It subscribes once to each view, for all its readers.
//!
//! # What the client does
//!
//! | | a server | an upstream |
//! |---|---|---|
//! | protocol | v1 or v2, which the client detects | v2 |
//! | filters and windows | applied by the server (v2) | by the upstream, or with `WholeViews` by the client |
//! | row limit | applied by the server (v2) | by the upstream, or with `WholeViews` by the client |
//! | a lost connection | the client reconnects and reads what differs | the same |
//! | a dead peer | the client pings | the upstream notices it, unless it [is pinged](crate::upstream::Upstream::is_pinged) |
//! | tokens | the client sends and renews them | the upstream authenticates itself |
//! | the timeout of an attempt | [`connect_timeout`](crate::HyperStackBuilder::connect_timeout) | the same |
//!
//! [`connect_over`](crate::HyperStackBuilder::connect_over) returns an error if you also set a URL, a token or key, a
//! header, an origin, a proxy, root certificates, or a release or environment of a stack. To read a [`Stack`](crate::derives#views-and-stack) over an upstream, pass the
//! client to `OreStackClient::new(hs)`.
