//! The upstream that reads from NATS.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use async_nats::{ConnectOptions, Event};
use hyperstack_sdk::session::{ConnectError, ConnectionLost};
use hyperstack_sdk::upstream::{channel, Channel, Coverage, Upstream};
use tokio::sync::mpsc;

use super::serve::{Connection, CAPACITY};
use super::views::Views;
use crate::servers::Servers;

/// Reads the views that bridges copy under a prefix.
///
/// You need it only for [`connect_over`](hyperstack_sdk::HyperStackBuilder::connect_over);
/// [`Builder::upstream`](crate::Builder::upstream) returns it.
///
/// Each attempt to connect opens a new NATS connection. It is lost if NATS closes it, if a bucket or stream that the
/// client reads is deleted, or if a view that the client reads is stale. The client then reconnects, reads its rows
/// again, and resumes its tapes.
#[derive(Clone)]
pub struct NatsUpstream {
    pub(super) servers: Servers,
    pub(super) prefix: String,
    pub(super) options: Arc<dyn Fn() -> ConnectOptions + Send + Sync>,
    pub(super) credentials: Option<PathBuf>,
    pub(super) roots: Vec<PathBuf>,
    pub(super) missed_heartbeats: u32,
}

impl Upstream for NatsUpstream {
    type Message = Vec<u8>;
    type Connection = Channel<Vec<u8>>;

    fn name(&self) -> String {
        self.servers.to_string()
    }

    fn coverage(&self) -> Coverage {
        Coverage::WholeViews
    }

    async fn connect(&self) -> Result<Channel<Vec<u8>>, ConnectError> {
        let (sender, mut events) = mpsc::unbounded_channel();
        let options = self.options().await?;
        // The client reconnects itself. async-nats counts an attempt per server, also at the first connection.
        let options = options.max_reconnects(self.servers.addresses().len());
        let options = options.event_callback(move |event| {
            // Without a receiver, the connection is being closed.
            let _ = sender.send(event);
            std::future::ready(())
        });
        let client = options.connect(self.servers.addresses()).await;
        let client = client.map_err(|error| self.unreachable(error.to_string()))?;
        let jetstream = async_nats::jetstream::new(client);
        let views = Views::open(&jetstream, &self.prefix, self.missed_heartbeats);
        let views = unless_refused(&mut events, views).await;
        let views = views.map_err(|cause| self.unreachable(cause.to_string()))?;
        let (connection, peer) = channel(CAPACITY);
        let served = Connection {
            jetstream,
            prefix: self.prefix.clone(),
            views,
            events,
        };
        tokio::spawn(served.serve(peer));
        Ok(connection)
    }
}

impl NatsUpstream {
    async fn options(&self) -> Result<ConnectOptions, ConnectError> {
        let mut options = self.servers.configure((self.options)());
        for path in &self.roots {
            options = options.add_root_certificates(path.clone());
        }
        if let Some(path) = &self.credentials {
            options = options.credentials_file(path).await.map_err(|error| {
                let path = path.display();
                self.unreachable(format!("cannot read the credentials file {path}: {error}"))
            })?;
        }
        Ok(options)
    }

    fn unreachable(&self, reason: String) -> ConnectError {
        let url = self.name();
        ConnectError::Unreachable { url, reason }
    }
}

/// Waits for the result of a request, or for the error by which NATS refuses it: such a request has no answer.
async fn unless_refused<T>(
    events: &mut mpsc::UnboundedReceiver<Event>,
    result: impl Future<Output = Result<T, ConnectionLost>>,
) -> Result<T, ConnectionLost> {
    let refused = async {
        while let Some(event) = events.recv().await {
            if let Event::ServerError(error) = event {
                return ConnectionLost::Closed(error.to_string());
            }
        }
        ConnectionLost::Closed("NATS closed the connection".to_owned())
    };
    tokio::select! {
        result = result => result,
        error = refused => Err(error),
    }
}

impl fmt::Debug for NatsUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsUpstream")
            .field("servers", &self.name())
            .field("prefix", &self.prefix)
            .field("credentials", &self.credentials)
            .field("roots", &self.roots)
            .field("missed_heartbeats", &self.missed_heartbeats)
            .finish_non_exhaustive()
    }
}
