//! A recorded session with the real server, played back.

use std::path::Path;

use anyhow::Context;
use hyperstack_sdk::testing::{Pace, Recording, TestServer};

/// Serves a file of the repository's `recordings/`, and returns the URL.
///
/// When all that was subscribed has been played, the server closes the connection.
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

/// Says goodbye after what is queued, and stops the server once everyone has left.
pub(crate) async fn close(server: TestServer) {
    server.close_connections(1000, "the end of the example");
    server.wait_for_connections(0).await;
}
