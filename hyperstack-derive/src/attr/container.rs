//! `#[entity(..)]`, `#[section(..)]` and `#[leaf(..)]` on the item itself.

use super::{serde, Entry, Set};
use crate::case::{Case, CASES};
use crate::errors::Errors;
use crate::suggest;
use crate::tree::KeyPath;
use proc_macro2::TokenStream;
use quote::{quote, ToTokens};
use syn::{Data, DeriveInput, Expr, ExprLit, ExprPath, Fields, Lit, LitStr, Path};

/// The attributes of an item.
pub(crate) struct ContainerAttrs {
    /// The name of the attribute for this kind of item.
    pub(crate) place: &'static str,
    pub(crate) name: Option<Set<LitStr>>,
    pub(crate) key: Option<KeyPath>,
    pub(crate) rename_all: Option<Case>,
    /// serde's `rename_all_fields`: the case of the names of the fields in an enum's variants.
    pub(crate) rename_all_fields: Option<Case>,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    /// serde's `default` on the struct: a default for each field.
    pub(crate) default: Option<TokenStream>,
}

impl ContainerAttrs {
    /// Parses `#[place(..)]`, which allows `keys`, and `#[serde(..)]`.
    pub(crate) fn parse(
        input: &DeriveInput,
        place: &'static str,
        keys: &[&str],
        errors: &mut Errors,
    ) -> Self {
        let attrs = &input.attrs;
        super::misplaced(attrs, "field", "move it to a field", errors);
        super::misplaced(
            attrs,
            "hyperstack",
            &format!("write `#[{place}(..)]`"),
            errors,
        );
        let granted: &[&str] = if is_newtype(input) {
            &["transparent"]
        } else {
            &[]
        };
        let mut read = Self::new(place);
        for entry in serde::entries(attrs, granted, errors) {
            match entry.key().as_str() {
                "rename_all" => read.rename_all = case(&entry, errors),
                "rename_all_fields" => read.rename_all_fields = case(&entry, errors),
                "default" => read.default = default(&entry, errors),
                // A container's name is not part of the JSON. The other keys do not affect decoding.
                _ => {}
            }
        }
        for entry in super::entries(attrs, place, &[], errors) {
            match entry.key().as_str() {
                key if !keys.contains(&key) => entry.unknown(place, keys, errors),
                "name" => read.name = entry.string(errors),
                "key" => read.key = KeyPath::parse(&entry, errors),
                "rename_all" => read.rename_all = case(&entry, errors),
                _ => read.krate = krate(&entry, errors).unwrap_or(read.krate),
            }
        }
        read
    }

    /// Returns the attributes of the fields in a variant. `rename_all` is the variant's own case.
    pub(crate) fn of_variant(&self, rename_all: Option<Case>) -> Self {
        Self {
            rename_all: rename_all.or(self.rename_all_fields),
            krate: self.krate.clone(),
            ..Self::new(self.place)
        }
    }

    fn new(place: &'static str) -> Self {
        Self {
            place,
            name: None,
            key: None,
            rename_all: None,
            rename_all_fields: None,
            krate: quote!(::hyperstack_sdk),
            default: None,
        }
    }
}

/// Whether the item is a newtype. A newtype leaf is always transparent.
fn is_newtype(input: &DeriveInput) -> bool {
    match &input.data {
        Data::Struct(data) => {
            matches!(&data.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1)
        }
        _ => false,
    }
}

/// `rename_all = "camelCase"`.
pub(super) fn case(entry: &Entry, errors: &mut Errors) -> Option<Case> {
    let name = entry.string(errors)?.value;
    let case = Case::named(&name.value());
    if case.is_none() {
        let instead = suggest::instead_of(&name.value(), CASES);
        errors.at(&name, format!("unknown case `{}`: {instead}", name.value()));
    }
    case
}

/// `crate = path` or `crate = "path"`.
pub(super) fn krate(entry: &Entry, errors: &mut Errors) -> Option<TokenStream> {
    match entry.value() {
        Some(Expr::Path(path)) => return Some(path.to_token_stream()),
        Some(Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        })) => match text.parse::<Path>() {
            Ok(path) => return Some(path.to_token_stream()),
            Err(error) => errors.push(error),
        },
        _ => errors.at(
            entry,
            "`crate` requires the path to the SDK: `crate = hyperstack_sdk`",
        ),
    }
    None
}

/// serde's `default` or `default = "path"` on a struct.
fn default(entry: &Entry, errors: &mut Errors) -> Option<TokenStream> {
    if entry.value().is_none() {
        return Some(quote!(<Self as ::core::default::Default>::default()));
    }
    let path = entry.string(errors)?.value.parse::<ExprPath>().ok()?;
    Some(quote!(#path()))
}
