//! The envelope that all artifacts have: the version, the kind, the hash and the payload.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use super::canonical::canonical;
use super::hash::{Hash, Kind};
use crate::spec::{self, ParseError};

/// The minor version that is known. A newer one may have more keys.
const VERSION: &str = "1.0.";

/// Why an artifact cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invalid {
    Parse(ParseError),
    /// A version that is not supported.
    Version {
        /// The key, such as `artifactVersion`.
        key: &'static str,
        found: String,
        expected: String,
    },
    /// The file's hash does not match its content.
    Hash {
        says: Hash,
        is: Hash,
    },
}

/// An artifact whose kind, version and hash are known to be right. Its payload is not parsed yet.
pub(crate) struct Envelope<'a> {
    json: &'a str,
    pub(crate) hash: Hash,
    schema: String,
    /// What a reader should know, such as unknown keys.
    pub(crate) notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    artifact_version: String,
    kind: String,
    artifact_hash: String,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}

/// A whole file.
#[derive(Deserialize)]
struct Whole<P> {
    payload: P,
}

impl<'a> Envelope<'a> {
    /// Opens an artifact of this kind. Without `verify`, its hash need not match its content.
    pub(crate) fn open(json: &'a str, kind: Kind, verify: bool) -> Result<Self, Invalid> {
        let json = spec::without_bom(json);
        let members: Members<'_> = serde_json::from_str(json).map_err(ParseError::from)?;
        let version = &members.artifact_version;
        if !is_version_1(version) {
            return Err(Invalid::version("artifactVersion", version, "`1.x.y`"));
        }
        if members.kind != kind.name() {
            let (found, expected) = (members.kind, kind.name());
            let reason = format!("found a `{found}`, expected a `{expected}`");
            return Err(ParseError::at("kind", reason).into());
        }
        let schema = match serde_json::from_str(members.payload.get()) {
            Ok(Schema { schema }) => schema,
            // Parsing the whole file again yields the position.
            Err(error) => {
                spec::parse::<Whole<Schema>>(json)?;
                return Err(ParseError::from(error).into());
            }
        };
        let known = schemas(kind);
        if !known.contains(&schema.as_str()) {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            return Err(Invalid::version("schema", &schema, &known.join(" or ")));
        }
        let hash = Hash::parse(kind, &members.artifact_hash)
            .map_err(|reason| ParseError::at("artifactHash", reason))?;
        if verify {
            let is = content_hash(json, kind, version, members.payload)?;
            if is != hash {
                return Err(Invalid::Hash { says: hash, is });
            }
        }
        let mut notes = Vec::new();
        if !version.starts_with(VERSION) {
            notes.push(format!(
                "artifactVersion `{version}` is newer than `{VERSION}x`: unknown keys are ignored"
            ));
        }
        notes.extend(unknown_keys(kind, members.payload));
        Ok(Envelope {
            json,
            hash,
            schema,
            notes,
        })
    }

    /// Parses the payload.
    pub(crate) fn payload<P: DeserializeOwned>(&self) -> Result<P, ParseError> {
        spec::parse::<Whole<P>>(self.json).map(|whole| whole.payload)
    }

    /// Returns whether the payload has the first version of its schema.
    pub(crate) fn is_first_schema(&self) -> bool {
        self.schema.ends_with("/v1")
    }
}

/// Returns the schemas that are supported.
fn schemas(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Manifest => &["arete.stack-manifest/v1", "arete.stack-manifest/v2"],
        Kind::Live => &["arete.live-spec/v1", "arete.live-spec/v2"],
        Kind::Program => &["arete.program-spec/v1"],
    }
}

fn known_keys(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Manifest => &[
            "extensions",
            "liveSpecs",
            "metadata",
            "name",
            "programs",
            "queries",
            "schema",
            "selectedViews",
        ],
        Kind::Live => &[
            "compilerContractVersion",
            "entities",
            "limits",
            "programAdapters",
            "programs",
            "rowScopes",
            "schema",
            "wireContractVersion",
        ],
        // The format allows any other keys.
        Kind::Program => &[],
    }
}

/// Returns a note that names the unknown keys of a payload, if there are any.
fn unknown_keys(kind: Kind, payload: &RawValue) -> Option<String> {
    let known = known_keys(kind);
    if known.is_empty() {
        return None;
    }
    let keys: BTreeMap<String, IgnoredAny> = serde_json::from_str(payload.get()).ok()?;
    let unknown = keys.keys().filter(|key| !known.contains(&key.as_str()));
    let unknown: Vec<String> = unknown.map(|key| format!("`{key}`")).collect();
    (!unknown.is_empty()).then(|| format!("unknown keys are ignored: {}", unknown.join(", ")))
}

/// Returns whether a text is three numbers that begin with 1, such as `1.7.0`.
fn is_version_1(version: &str) -> bool {
    let parts: Vec<&str> = version.split('.').collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts[0] == "1" && parts.iter().all(is_number)
}

/// Hashes an artifact. A program-spec is hashed without its envelope.
fn content_hash(
    json: &str,
    kind: Kind,
    version: &str,
    payload: &RawValue,
) -> Result<Hash, ParseError> {
    let payload = payload.get();
    let canonical = canonical(payload).map_err(|error| {
        // Both texts are parts of one allocation.
        let start = payload.as_ptr() as usize - json.as_ptr() as usize;
        ParseError::at_byte(json, start + error.at, error.reason.to_string())
    })?;
    Ok(match kind {
        Kind::Program => Hash::of(kind, &canonical),
        // The version has only digits and dots, so it needs no escapes.
        _ => Hash::of(
            kind,
            &format!(
                r#"{{"artifactVersion":"{version}","kind":"{}","payload":{canonical}}}"#,
                kind.name()
            ),
        ),
    })
}

impl Invalid {
    fn version(key: &'static str, found: &str, expected: &str) -> Self {
        Invalid::Version {
            key,
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

impl From<ParseError> for Invalid {
    fn from(error: ParseError) -> Self {
        Invalid::Parse(error)
    }
}
