//! `#[leaf(..)]` on the variants of an enum, and what `#[serde(..)]` says about them.

use super::{serde, Set};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::{Attribute, LitStr};

const KEYS: &[&str] = &["rename", "other"];

/// What the attributes of a variant say.
#[derive(Default)]
pub(crate) struct VariantAttrs {
    pub(crate) rename: Option<Set<LitStr>>,
    pub(crate) aliases: Vec<Set<LitStr>>,
    pub(crate) other: Option<Set<()>>,
    /// Whether serde never reads it.
    pub(crate) skip: bool,
    /// The key `rename` of `#[leaf(..)]` itself.
    pub(crate) own_rename: Option<TokenStream>,
}

impl VariantAttrs {
    /// Reads the attributes of a variant; `#[leaf]` wins over `#[serde]`.
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for entry in serde::entries(attrs, &[], errors) {
            match entry.key().as_str() {
                "rename" => read.rename = entry.string(errors),
                "alias" => read.aliases.extend(entry.string(errors)),
                "other" => read.other = entry.flag(errors),
                "skip" | "skip_deserializing" => read.skip = true,
                // The rest concerns serializing, bounds or paths.
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
