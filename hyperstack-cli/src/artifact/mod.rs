//! The artifacts that Arete writes: a stack-manifest, live-specs with entities and views, and program-specs
//! with IDLs. They refer to each other by hash.
//!
//! Nothing here reads files.

mod canonical;
mod envelope;
mod hash;
mod head;
mod live;
mod manifest;
mod program;

pub(crate) use envelope::Invalid;
pub(crate) use hash::{hex, short, Hash, Kind};
pub(crate) use head::{head, Head};
pub(crate) use live::LiveSpec;
pub(crate) use manifest::{LiveRef, Manifest};
pub(crate) use program::{Payload as ProgramPayload, ProgramSpec};
