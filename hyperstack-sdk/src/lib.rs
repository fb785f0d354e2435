//! A typed client for Hyperstack.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod driver;
pub mod patch;
pub mod session;
#[cfg_attr(not(feature = "client"), allow(dead_code, unused_imports))]
mod store;
#[cfg_attr(not(feature = "client"), allow(dead_code, unused_imports))]
mod stream;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "client")]
mod view;
pub mod wire;

#[cfg(feature = "client")]
pub use client::{ConnectionState, Fault, Faults, HyperStack, HyperStackBuilder, Stats};
pub use patch::Entity;
pub use session::{ConnectError, EndReason};
pub use store::{RowError, RowErrorCause};
pub use stream::{
    EntityStream, Filter, FilterMap, Identity, Item, Map, Operator, RichEntityStream, RichUpdate,
    StreamError, Then, TryEntityStream, Update, Watch,
};
#[cfg(feature = "client")]
pub use view::{ListView, ReadError, SingleView, StateView, ViewSource, Views};
