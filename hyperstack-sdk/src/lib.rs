//! A typed client for Hyperstack.

pub mod patch;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub use patch::__private;

pub use hyperstack_derive::{Entity, Leaf, Section, Views};
pub use patch::{
    DecodeError, Entity, JsonPatch, Key, ListPatch, MapPatch, Patch, PatchError, PatchErrorKind,
    Patchable,
};
