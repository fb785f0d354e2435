//! Stack-manifests: which live-specs and program-specs make a stack, and which views it offers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::envelope::{Envelope, Invalid};
use super::hash::{Hash, Kind};
use super::live::ProgramRef;
use crate::names::snake;
use crate::nearest::did_you_mean;
use crate::spec::{view_parts, ParseError};

/// The alias of a live-spec in the first schema, which has no aliases.
const ALIAS: &str = "live";

/// A stack-manifest.
pub(crate) struct Manifest {
    pub(crate) hash: Hash,
    pub(crate) name: String,
    pub(crate) live: Vec<LiveRef>,
    pub(crate) programs: Vec<ProgramRef>,
    /// The ids of the selected views, by alias.
    selected: BTreeMap<String, BTreeSet<String>>,
    pub(crate) notes: Vec<String>,
}

/// A live-spec of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LiveRef {
    pub(crate) alias: String,
    pub(crate) hash: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    name: String,
    live_specs: Vec<LiveMember>,
    programs: Vec<ProgramMember>,
    selected_views: Vec<SelectedMember>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LiveMember {
    #[serde(default)]
    alias: Option<String>,
    artifact_hash: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProgramMember {
    program_id: String,
    artifact_hash: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelectedMember {
    #[serde(default)]
    live_alias: Option<String>,
    #[serde(default)]
    live_spec_hash: Option<String>,
    view_id: String,
}

impl Manifest {
    pub(crate) fn read(json: &str, verify: bool) -> Result<Manifest, Invalid> {
        let envelope = Envelope::open(json, Kind::Manifest, verify)?;
        let payload: Payload = envelope.payload()?;
        if payload.name.is_empty() {
            return Err(ParseError::at("payload.name", "the stack's name is empty").into());
        }
        let live = live_refs(&payload.live_specs, envelope.is_first_schema())?;
        let selected = selected(&payload.selected_views, &live)?;
        let mut programs = Vec::new();
        for (i, member) in payload.programs.into_iter().enumerate() {
            let path = || format!("payload.programs[{i}].artifactHash");
            let hash = Hash::parse(Kind::Program, &member.artifact_hash)
                .map_err(|reason| ParseError::at(path(), reason))?;
            programs.push(ProgramRef {
                id: member.program_id,
                hash,
            });
        }
        Ok(Manifest {
            hash: envelope.hash,
            name: payload.name,
            live,
            programs,
            selected,
            notes: envelope.notes,
        })
    }

    /// Returns the ids of the views that the manifest selects of a live-spec.
    pub(crate) fn selected(&self, alias: &str) -> BTreeSet<String> {
        self.selected.get(alias).cloned().unwrap_or_default()
    }
}

fn live_refs(members: &[LiveMember], is_first_schema: bool) -> Result<Vec<LiveRef>, ParseError> {
    let mut live: Vec<LiveRef> = Vec::new();
    for (i, member) in members.iter().enumerate() {
        let path = |key: &str| format!("payload.liveSpecs[{i}].{key}");
        let alias = match &member.alias {
            Some(alias) => alias.clone(),
            None if is_first_schema && i == 0 => ALIAS.to_owned(),
            None if is_first_schema => format!("{ALIAS}{}", i + 1),
            None => return Err(ParseError::at(path("alias"), "a live-spec needs an alias")),
        };
        if !is_alias(&alias) {
            let reason = format!(
                "invalid alias `{alias}`, expected at most 64 letters, digits, `-` and `_`"
            );
            return Err(ParseError::at(path("alias"), reason));
        }
        // Each alias becomes a module.
        if let Some(known) = live
            .iter()
            .find(|known| snake(&known.alias) == snake(&alias))
        {
            let reason = format!(
                "the aliases `{}` and `{alias}` must differ in more than case and separators",
                known.alias
            );
            return Err(ParseError::at(path("alias"), reason));
        }
        let hash = Hash::parse(Kind::Live, &member.artifact_hash)
            .map_err(|reason| ParseError::at(path("artifactHash"), reason))?;
        live.push(LiveRef { alias, hash });
    }
    Ok(live)
}

fn is_alias(alias: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=64).contains(&alias.len()) && alias.chars().all(is_part)
}

fn selected(
    members: &[SelectedMember],
    live: &[LiveRef],
) -> Result<BTreeMap<String, BTreeSet<String>>, ParseError> {
    let mut selected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (i, member) in members.iter().enumerate() {
        let path = |key: &str| format!("payload.selectedViews[{i}].{key}");
        let aliases: Vec<&str> = match (&member.live_alias, &member.live_spec_hash) {
            (Some(alias), _) => {
                let known = live.iter().map(|live| live.alias.as_str());
                if !known.clone().any(|known| known == alias) {
                    let near = did_you_mean(alias, known);
                    let reason = format!("no live-spec has the alias `{alias}`{near}");
                    return Err(ParseError::at(path("liveAlias"), reason));
                }
                vec![alias]
            }
            (None, Some(hash)) => {
                let hash = Hash::parse(Kind::Live, hash)
                    .map_err(|reason| ParseError::at(path("liveSpecHash"), reason))?;
                let of_hash = live.iter().filter(|live| live.hash == hash);
                let aliases: Vec<&str> = of_hash.map(|live| live.alias.as_str()).collect();
                if aliases.is_empty() {
                    let reason = format!("no live-spec of the manifest has the hash `{hash}`");
                    return Err(ParseError::at(path("liveSpecHash"), reason));
                }
                aliases
            }
            (None, None) => {
                return Err(ParseError::at(
                    path("liveAlias"),
                    "a selected view needs an alias",
                ))
            }
        };
        let id = &member.view_id;
        if view_parts(id).is_none() {
            let reason = format!("invalid view `{id}`, expected an entity and a view with one `/`, such as `Round/latest`");
            return Err(ParseError::at(path("viewId"), reason));
        }
        for alias in aliases {
            selected
                .entry(alias.to_owned())
                .or_default()
                .insert(id.clone());
        }
    }
    Ok(selected)
}
