//! Handles to an entity's views, as `views.state()`, `views.list()` and the generated accessors return them.
//!
//! A handle is cheap and keeps the connection open. It subscribes only when it is read.

mod list;
mod part;
mod read;
mod shared;
mod single;
mod state;

pub use list::{Derived, Entities, ListView, WindowView};
pub use read::ReadError;
pub use shared::Shared;
pub use single::SingleView;
pub use state::StateView;
