//! STUB while the derive is built elsewhere.
#![allow(missing_docs)]
use std::fmt::Debug;
pub trait Patchable: Clone + Debug + PartialEq + Send + Sync + Sized + 'static {
    type Patch: Patch;
    fn diff(&self, later: &Self) -> Self::Patch;
    fn from_patch(patch: Self::Patch) -> Result<Self, PatchError>;
    fn merge(&mut self, patch: Self::Patch) -> Result<bool, PatchError>;
}
pub trait Patch:
    Default
    + Clone
    + Debug
    + PartialEq
    + serde::Serialize
    + serde::de::DeserializeOwned
    + Send
    + Sync
    + 'static
{
    fn then(self, second: Self) -> Self;
    fn is_empty(&self) -> bool;
}
pub fn decode<P: Patch>(
    _json: &str,
    _append: &[std::borrow::Cow<'_, str>],
) -> Result<P, DecodeError> {
    unimplemented!()
}
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("patch")]
pub struct PatchError;
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("decode")]
pub struct DecodeError;
impl PatchError {
    pub fn path(&self) -> &str {
        ""
    }
}
impl DecodeError {
    pub fn path(&self) -> &str {
        ""
    }
}
pub trait Entity: Send + Sync + 'static {
    type Data: Patchable;
    const NAME: &'static str;
}
