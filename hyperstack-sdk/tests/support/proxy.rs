//! An HTTP proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{copy_bidirectional, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A proxy that gives the same reply to each request, and opens a tunnel if the reply has the status 200.
pub(crate) struct Proxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy that replies with this status line.
    pub(crate) async fn start(reply: impl Into<String>) -> Self {
        let reply = reply.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
        };
        let requests = proxy.requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, reply.clone(), requests.clone()));
            }
        });
        proxy
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut client: TcpStream, reply: String, requests: Arc<Mutex<Vec<String>>>) {
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        let Ok(byte) = client.read_u8().await else {
            return;
        };
        request.push(byte.into());
    }
    let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
    requests.lock().unwrap().push(request);
    let head = format!("{reply}\r\n\r\n");
    if !reply.contains(" 200 ") {
        // The client may be gone.
        let _ = client.write_all(head.as_bytes()).await;
        return;
    }
    let mut server = TcpStream::connect(target).await.unwrap();
    client.write_all(head.as_bytes()).await.unwrap();
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
