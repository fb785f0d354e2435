//! A typed client for Hyperstack.

pub mod patch;
mod standin;
#[cfg(feature = "testing")]
pub mod testing;

/// What the expansions of the derives refer to. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::patch::__private::*;
    pub use crate::standin::ViewSource;
}

pub use hyperstack_derive::{Entity, Leaf, Section, Views};
pub use patch::{
    DecodeError, Entity, JsonPatch, Key, ListPatch, MapPatch, Patch, PatchError, PatchErrorKind,
    Patchable,
};
pub use standin::{ListView, SingleView, StateView, Views};
