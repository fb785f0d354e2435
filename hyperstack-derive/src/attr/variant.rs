//! `#[leaf(..)]` and `#[serde(..)]` on the variants of an enum.

use super::{container, serde, Set};
use crate::case::Case;
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, LitStr, Meta, Token, Variant};

const KEYS: &[&str] = &["rename", "rename_all", "other"];

/// The attributes of a variant.
#[derive(Default)]
pub(crate) struct VariantAttrs {
    pub(crate) rename: Option<Set<LitStr>>,
    pub(crate) aliases: Vec<Set<LitStr>>,
    /// The case of the names of the variant's fields.
    pub(crate) rename_all: Option<Case>,
    pub(crate) other: Option<Set<()>>,
    /// Whether serde never decodes the variant.
    pub(crate) skip: bool,
    /// The tokens of the key `rename` in `#[leaf(..)]`.
    pub(crate) own_rename: Option<TokenStream>,
}

impl VariantAttrs {
    /// Parses the attributes of a variant. `#[leaf]` overrides `#[serde]`.
    ///
    /// serde's `untagged` is allowed on a variant with `#[leaf(other)]` and a field, because it has the same effect.
    pub(crate) fn parse(variant: &Variant, errors: &mut Errors) -> Self {
        let attrs = &variant.attrs;
        let mut read = Self::default();
        let granted: &[&str] = if has_one_field(variant) && is_other(attrs) {
            &["untagged"]
        } else {
            &[]
        };
        for entry in serde::entries(attrs, granted, errors) {
            match entry.key().as_str() {
                "rename" => read.rename = entry.string(errors),
                "rename_all" => read.rename_all = container::case(&entry, errors),
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
                "rename_all" => read.rename_all = container::case(&entry, errors),
                "other" => read.other = entry.flag(errors),
                _ => entry.unknown("leaf", KEYS, errors),
            }
        }
        read
    }
}

/// Whether a variant has one unnamed field. The caller checks its type.
fn has_one_field(variant: &Variant) -> bool {
    matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1)
}

fn is_other(attrs: &[Attribute]) -> bool {
    let leaf = attrs.iter().filter(|attr| attr.path().is_ident("leaf"));
    let metas = leaf.filter_map(|attr| {
        attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .ok()
    });
    metas.flatten().any(|meta| meta.path().is_ident("other"))
}
