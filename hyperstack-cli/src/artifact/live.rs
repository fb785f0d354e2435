//! Live-specs: the entities and views of one server.

use serde::Deserialize;

use super::envelope::{Envelope, Invalid};
use super::hash::{Hash, Kind};
use crate::spec::{self, Entity, ParseError};

/// The version of the protocol's contract that is known.
const WIRE: &str = "arete-live-wire/v1";

/// A live-spec. Only the parts that a client sees are read.
pub(crate) struct LiveSpec {
    pub(crate) hash: Hash,
    pub(crate) entities: Vec<Entity>,
    pub(crate) programs: Vec<ProgramRef>,
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// A program that the entities' data comes from.
pub(crate) struct ProgramRef {
    pub(crate) id: String,
    pub(crate) hash: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    wire_contract_version: Option<String>,
    #[serde(default)]
    programs: Vec<Reference>,
    entities: Vec<Entity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    program_id: String,
    program_spec_hash: String,
}

impl LiveSpec {
    pub(crate) fn read(json: &str, verify: bool) -> Result<LiveSpec, Invalid> {
        let envelope = Envelope::open(json, Kind::Live, verify)?;
        let payload: Payload = envelope.payload()?;
        spec::check_entities(&payload.entities).map_err(|error| error.below("payload"))?;
        let mut warnings = Vec::new();
        let wire = payload.wire_contract_version.filter(|wire| wire != WIRE);
        warnings.extend(wire.map(|wire| {
            format!("wireContractVersion is `{wire}`, expected `{WIRE}`: data may not decode")
        }));
        let mut programs = Vec::new();
        for (i, reference) in payload.programs.into_iter().enumerate() {
            let hash =
                Hash::parse(Kind::Program, &reference.program_spec_hash).map_err(|reason| {
                    ParseError::at(format!("payload.programs[{i}].programSpecHash"), reason)
                })?;
            programs.push(ProgramRef {
                id: reference.program_id,
                hash,
            });
        }
        Ok(LiveSpec {
            hash: envelope.hash,
            entities: payload.entities,
            programs,
            notes: envelope.notes,
            warnings,
        })
    }
}
