//! What the published arete-server 0.51.2 sends: the facts that a client relies on, one file for each
//! theme. The client here is a bare WebSocket.

mod answers;
mod auth;
mod changes;
mod client;
mod cursors;
mod data;
mod detection;
mod lag;
mod limits;
mod probes;
mod restarts;
mod support;
mod tapes;
mod transport;
mod windows;
