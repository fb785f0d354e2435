//! Handles to an entity's views, as `views.state()`, `views.list()` and the generated accessors return them.
//!
//! A handle is cheap to create and to clone. It keeps the connection open, but subscribes only when you read it.

mod list;
mod part;
mod read;
mod shared;
mod single;
mod state;
mod tape;

pub use list::{Derived, Entities, ListView, WindowView};
pub use read::ReadError;
pub use shared::Shared;
pub use single::SingleView;
pub use state::StateView;
pub use tape::Tape;
