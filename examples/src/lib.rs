//! What the examples share: servers to connect to without a network, and a progress line.
//!
//! The servers are [`TestServer`](hyperstack_sdk::testing::TestServer)s in the example's own
//! process. Each closes its connection when its data is at an end.

mod game;
mod progress;
mod replay;

pub use game::game;
pub use progress::Progress;
pub use replay::replay;
