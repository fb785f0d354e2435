//! The part of a JSON file that shows what the file is.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::hash::{Hash, Kind};
use crate::spec::{self, ParseError};

/// What a file is, according to its content.
pub(crate) enum Head {
    Artifact {
        kind: Kind,
        /// `None` if the hash is invalid.
        hash: Option<Hash>,
        /// The name of a stack. `None` for other kinds, or if there is none.
        name: Option<String>,
        /// The hashes of a manifest's live-specs.
        live: Vec<Hash>,
    },
    /// An artifact of a kind that is not supported.
    Unknown(String),
    /// A stack file of Hyperstack, or any other JSON.
    Old(spec::Head),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    artifact_hash: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    live_specs: Vec<LiveRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LiveRef {
    artifact_hash: String,
}

/// Reads the part of a file that a search needs.
pub(crate) fn head(json: &str) -> Result<Head, ParseError> {
    let json = spec::without_bom(json);
    let members: Members<'_> = match serde_json::from_str(json) {
        Ok(members) => members,
        // A member is there twice.
        Err(error) if error.is_data() && json.trim_start().starts_with('{') => {
            return Err(error.into())
        }
        // The error of the older format has the JSON path.
        Err(_) => return spec::head(json).map(Head::Old),
    };
    let text = |value: Option<&RawValue>| {
        value.and_then(|value| serde_json::from_str::<String>(value.get()).ok())
    };
    let is_artifact = members.payload.is_some() || members.artifact_hash.is_some();
    let Some(kind) = text(members.kind).filter(|_| is_artifact) else {
        return spec::head(json).map(Head::Old);
    };
    let Some(kind) = Kind::parse(&kind) else {
        return match members.artifact_hash {
            Some(_) => Ok(Head::Unknown(kind)),
            None => spec::head(json).map(Head::Old),
        };
    };
    let hash = text(members.artifact_hash).and_then(|hash| Hash::parse(kind, &hash).ok());
    let payload: Payload = match (kind, members.payload) {
        (Kind::Manifest, Some(payload)) => serde_json::from_str(payload.get()).unwrap_or_default(),
        _ => Payload::default(),
    };
    let live = payload.live_specs.iter();
    Ok(Head::Artifact {
        kind,
        hash,
        name: payload.name,
        live: live
            .filter_map(|live| Hash::parse(Kind::Live, &live.artifact_hash).ok())
            .collect(),
    })
}
