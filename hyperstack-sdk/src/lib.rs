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
pub mod stream;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "client")]
mod view;
pub mod wire;

pub mod prelude;

#[cfg(feature = "client")]
pub use client::{ConnectionState, Fault, Faults, HyperStack, HyperStackBuilder, Stats};
pub use futures_util::StreamExt;
pub use hyperstack_derive::{Entity, Leaf, Section, Views};
pub use patch::{
    DecodeError, Entity, JsonPatch, Key, ListPatch, MapPatch, Patch, PatchError, PatchErrorKind,
    Patchable,
};
pub use session::{ConnectError, EndReason};
pub use store::{RowError, RowErrorCause};
pub use stream::{
    EntityStream, RichEntityStream, RichUpdate, StreamError, TryEntityStream, Update, Watch,
};
#[cfg(feature = "client")]
pub use view::{ListView, ReadError, SingleView, StateView, ViewSource, Views};

/// What the expansions of the derives refer to. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::patch::__private::*;
    #[cfg(feature = "client")]
    pub use crate::view::ViewSource;
}
