//! `#[stack(..)]`.

use super::{container, Entry, Set};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{DeriveInput, Expr, Ident, LitStr, Meta, Path, Token};

const KEYS: &[&str] = &[
    "name",
    "url",
    "entities",
    "manifest_hash",
    "live_alias",
    "protocol",
    "crate",
];

/// The attributes of a stack.
pub(crate) struct StackAttrs {
    pub(crate) name: Option<Set<LitStr>>,
    pub(crate) url: Option<Set<LitStr>>,
    pub(crate) manifest_hash: Option<Set<LitStr>>,
    pub(crate) live_alias: Option<Set<LitStr>>,
    /// The variant of the SDK's `Protocol`.
    pub(crate) protocol: Option<Ident>,
    pub(crate) entities: Vec<Path>,
    /// The tokens of the key `entities`.
    pub(crate) place: TokenStream,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
}

impl StackAttrs {
    /// Parses the attribute, and reports missing keys.
    pub(crate) fn parse(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut read = Self {
            name: None,
            url: None,
            manifest_hash: None,
            live_alias: None,
            protocol: None,
            entities: Vec::new(),
            place: TokenStream::new(),
            krate: quote!(::hyperstack_sdk),
        };
        let before = errors.count();
        let entries = super::entries(&input.attrs, "stack", &[], errors);
        for entry in &entries {
            match entry.key().as_str() {
                "name" => read.name = entry.string(errors),
                "url" => read.url = entry.string(errors),
                "manifest_hash" => read.manifest_hash = entry.string(errors),
                "live_alias" => read.live_alias = entry.string(errors),
                "protocol" => read.protocol = protocol(entry, errors),
                "entities" => {
                    read.entities.extend(entities(entry, errors));
                    read.place = entry.set(()).key;
                }
                "crate" => read.krate = container::krate(entry, errors).unwrap_or(read.krate),
                _ => entry.unknown("stack", KEYS, errors),
            }
        }
        // A key that did not parse is not missing.
        if errors.count() == before {
            read.lacks(&entries, input, errors);
        }
        read
    }

    fn lacks(&self, entries: &[Entry], input: &DeriveInput, errors: &mut Errors) {
        if entries.is_empty() {
            errors.at(
                &input.ident,
                "missing attribute: \
                 `#[stack(url = \"wss://ore.example\", entities(OreRound))]`",
            );
            return;
        }
        if self.entities.is_empty() {
            errors.at(
                &input.ident,
                "missing key `entities`: `#[stack(entities(OreRound), ..)]`",
            );
        }
    }
}

/// `protocol = v2`.
fn protocol(entry: &Entry, errors: &mut Errors) -> Option<Ident> {
    if let Some(Expr::Path(path)) = entry.value() {
        let version = path.path.get_ident().map(ToString::to_string);
        match version.as_deref() {
            Some("v1") => return Some(Ident::new("V1", path.span())),
            Some("v2") => return Some(Ident::new("V2", path.span())),
            _ => {}
        }
    }
    errors.at(entry, "`protocol` requires a version: `v1` or `v2`");
    None
}

/// `entities(OreRound, OreTreasury)`.
fn entities(entry: &Entry, errors: &mut Errors) -> Vec<Path> {
    let right = "`entities` takes structs that derive `Entity` and `Views`: `entities(OreRound)`";
    let Meta::List(list) = &entry.0 else {
        errors.at(entry, right);
        return Vec::new();
    };
    match list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) {
        Ok(paths) if paths.is_empty() => errors.at(entry, right),
        Ok(paths) => return paths.into_iter().collect(),
        Err(error) => errors.push(syn::Error::new(error.span(), format!("{error}: {right}"))),
    }
    Vec::new()
}
