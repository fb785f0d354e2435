//! Handles to an entity's views: what `views.state()`, `views.list()` and the derived accessors are.
//!
//! A handle is cheap, holds the connection open, and subscribes to nothing: reading it does.

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
