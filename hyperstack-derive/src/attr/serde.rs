//! `#[serde(..)]`, where a struct derives serde as well: what holds for us too, and what we refuse.

use super::Entry;
use crate::errors::Errors;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// What would change how the wire is read, in a way that we cannot follow.
const REFUSED: &[&str] = &[
    "flatten",
    "with",
    "deserialize_with",
    "from",
    "try_from",
    "into",
    "remote",
    "tag",
    "content",
    "untagged",
    "transparent",
    "deny_unknown_fields",
];

/// What has a form that sets reading and writing apart: `rename(serialize = "..", ..)`.
const SPLIT: &[&str] = &["rename", "rename_all"];

/// The entries of all attributes `#[serde(..)]` that hold for us; those with the keys `granted` are
/// no news here. What serde itself would not understand is left for serde to report.
pub(super) fn entries(attrs: &[Attribute], granted: &[&str], errors: &mut Errors) -> Vec<Entry> {
    let mut held = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let metas = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        for entry in metas.into_iter().flatten().map(Entry) {
            let key = entry.key();
            if granted.contains(&key.as_str()) {
                continue;
            }
            if REFUSED.contains(&key.as_str()) {
                let instead = instead_of(&key);
                errors.at(
                    &entry,
                    format!("cannot honour serde's `{key}` in a patch: {instead}"),
                );
            } else if SPLIT.contains(&key.as_str()) && matches!(entry.0, Meta::List(_)) {
                errors.at(
                    &entry,
                    format!(
                        "cannot honour a split `{key}(..)`: a patch is read and written under one \
                         name, `{key} = \"..\"`"
                    ),
                );
            } else {
                held.push(entry);
            }
        }
    }
    held
}

fn instead_of(key: &str) -> &'static str {
    match key {
        "flatten" => "nest a section, as the wire does",
        "with" | "deserialize_with" => {
            "wrap the value in a type with serde impls of its own and use `#[field(serde)]`"
        }
        "deny_unknown_fields" => "fields that the struct does not have are always ignored",
        "transparent" => "derive `Leaf` for a newtype",
        _ => "use the type as a field with `#[field(serde)]`",
    }
}
