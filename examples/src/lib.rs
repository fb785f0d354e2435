//! Shared parts of the examples: servers that need no network, and a progress line.
//!
//! The servers are [`TestServer`](hyperstack_sdk::testing::TestServer)s in the example's process. They close their
//! connections at the end of their data.

mod game;
mod progress;
mod replay;

pub use game::game;
pub use progress::Progress;
pub use replay::replay;
