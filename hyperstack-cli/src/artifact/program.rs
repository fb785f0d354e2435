//! Program-specs: a program's address and its IDL.

use serde::Deserialize;

use super::envelope::{Envelope, Invalid};
use super::hash::Kind;
use crate::spec::Idl;

/// A program-spec. Only the parts that describe data are read.
pub(crate) struct ProgramSpec {
    pub(crate) idl: Idl,
}

/// The payload. Old stack files contain some, without the envelope.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    #[serde(default)]
    program_id: Option<String>,
    idl_snapshot: Idl,
}

impl ProgramSpec {
    pub(crate) fn read(json: &str, verify: bool) -> Result<ProgramSpec, Invalid> {
        let envelope = Envelope::open(json, Kind::Program, verify)?;
        let payload: Payload = envelope.payload()?;
        Ok(ProgramSpec { idl: payload.idl() })
    }
}

impl Payload {
    /// Returns the IDL with the program's address.
    pub(crate) fn idl(self) -> Idl {
        Idl {
            program_id: self.program_id.or(self.idl_snapshot.program_id),
            ..self.idl_snapshot
        }
    }
}
