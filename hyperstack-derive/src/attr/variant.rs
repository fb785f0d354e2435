//! `#[leaf(..)]` and `#[serde(..)]` on the variants of an enum.

use super::{serde, Set};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::{Attribute, LitStr};

const KEYS: &[&str] = &["rename", "other"];

/// The attributes of a variant.
#[derive(Default)]
pub(crate) struct VariantAttrs {
    pub(crate) rename: Option<Set<LitStr>>,
    pub(crate) aliases: Vec<Set<LitStr>>,
    pub(crate) other: Option<Set<()>>,
    /// Whether serde never decodes the variant.
    pub(crate) skip: bool,
    /// The tokens of the key `rename` in `#[leaf(..)]`.
    pub(crate) own_rename: Option<TokenStream>,
}

impl VariantAttrs {
    /// Parses the attributes of a variant. `#[leaf]` overrides `#[serde]`.
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for entry in serde::entries(attrs, &[], errors) {
            match entry.key().as_str() {
                "rename" => read.rename = entry.string(errors),
                "alias" => read.aliases.extend(entry.string(errors)),
                "other" => read.other = entry.flag(errors),
                "skip" | "skip_deserializing" => read.skip = true,
                // The other keys concern serializing, bounds or paths.
                _ => {}
            }
        }
        for entry in super::entries(attrs, "leaf", &[], errors) {
            match entry.key().as_str() {
                "rename" => {
                    read.rename = entry.string(errors);
                    read.own_rename = Some(entry.set(()).key);
                }
                "other" => read.other = entry.flag(errors),
                _ => entry.unknown("leaf", KEYS, errors),
            }
        }
        read
    }
}
