//! The network between the client and the server: a TCP proxy that can be disturbed.

use crate::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use tokio::io::{copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does to all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Carries bytes, also those that were held back.
    Flow,
    /// Holds back all bytes, also those of new connections.
    Stall,
    /// Closes both sides.
    Cut,
    /// Resets the client's side.
    Reset,
    /// Closes the server's side, and never writes to the client again.
    HalfOpen,
}

#[derive(Clone)]
pub struct Proxy {
    address: SocketAddr,
    signal: watch::Sender<Signal>,
}

impl Proxy {
    /// Listens on a free port for clients of this server.
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let proxy = Proxy {
            address: listener.local_addr()?,
            signal: watch::Sender::new(Signal::Flow),
        };
        let signal = proxy.signal.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let signal = signal.subscribe();
                tokio::spawn(async move {
                    // An error ends the connection, and the client notices that.
                    let _ = carry(client, server, signal).await;
                });
            }
        });
        Ok(proxy)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn send(&self, signal: Signal) {
        self.signal.send_replace(signal);
    }
}

async fn carry(
    mut client: TcpStream,
    server: SocketAddr,
    mut signal: watch::Receiver<Signal>,
) -> Result<()> {
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let mut is_stalled = *signal.borrow_and_update() == Signal::Stall;
    let last = {
        let mut copy = pin!(copy_bidirectional(&mut client, &mut server));
        loop {
            tokio::select! {
                ended = &mut copy, if !is_stalled => return ended.map(drop).map_err(Into::into),
                changed = signal.changed() => changed?,
            }
            match *signal.borrow_and_update() {
                Signal::Flow => is_stalled = false,
                Signal::Stall => is_stalled = true,
                last => break last,
            }
        }
    };
    match last {
        Signal::Reset => client.set_zero_linger()?,
        Signal::HalfOpen => {
            drop(server);
            copy(&mut client, &mut sink()).await?;
        }
        _ => {}
    }
    Ok(())
}
