//! Replays a recorded session with a real server.

use std::path::Path;

use anyhow::Context;
use hyperstack_sdk::testing::{Pace, Recording, TestServer};

/// Starts a server that replays a file of the repository's `recordings/`, and returns its URL.
///
/// When all subscriptions have been replayed, the server closes the connections and stops.
///
/// # Errors
/// If the recording cannot be read, or the server cannot start.
pub async fn replay(file: &str, pace: Pace) -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../recordings")
        .join(file);
    let recording = Recording::open(&path).with_context(|| path.display().to_string())?;
    let server = TestServer::builder()
        .replay(recording, pace)
        .start()
        .await?;
    let url = server.url();
    tokio::spawn(async move {
        server.wait_replayed().await;
        close(server).await;
    });
    Ok(url)
}

/// Closes the connections after their queued messages, and stops the server when all clients have left.
pub(crate) async fn close(server: TestServer) {
    server.close_connections(1000, "the end of the example");
    server.wait_for_connections(0).await;
}
