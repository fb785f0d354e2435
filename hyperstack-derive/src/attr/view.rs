//! `#[view(name, ..)]`.

use super::{Comma, Entry, Set};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Ident, LitStr, Meta, Path};

const KEYS: &[&str] = &["single", "collection", "keyed", "id"];

/// How many rows a view has, and how they are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    Single,
    Collection,
    Keyed,
}

/// One view of an entity.
pub(crate) struct View {
    pub(crate) name: Ident,
    pub(crate) shape: Shape,
    pub(crate) id: Option<Set<LitStr>>,
}

impl View {
    /// Parses one attribute.
    pub(crate) fn parse(attr: &Attribute, errors: &mut Errors) -> Option<Self> {
        let metas = match attr.parse_args_with(Comma::parse_terminated) {
            Ok(metas) => metas,
            Err(error) => {
                match attr.parse_args_with(first_word) {
                    Ok(Some(word)) if syn::parse2::<Ident>(word.to_token_stream()).is_ok() => {
                        errors.push(super::malformed(attr, "view", error));
                    }
                    Ok(Some(word)) => {
                        errors.at(&word, format!("`{word}` is a keyword: write `r#{word}`"))
                    }
                    _ => errors.at(attr, NAME_FIRST),
                }
                return None;
            }
        };
        let mut metas = metas.into_iter();
        let name = match metas.next() {
            Some(Meta::Path(path)) if shape_of(&path).is_some() => {
                let shape = path.to_token_stream();
                errors.at(
                    path,
                    format!("missing the view's name before `{shape}`: `#[view(latest, {shape})]`"),
                );
                None
            }
            Some(Meta::Path(path)) if path.get_ident().is_some() => path.get_ident().cloned(),
            first => {
                match first {
                    Some(first) => errors.at(first, NAME_FIRST),
                    None => errors.at(attr, NAME_FIRST),
                }
                None
            }
        };
        let (mut shape, mut id) = (None, None);
        for entry in metas.map(Entry) {
            match shape_named(&entry.key()) {
                Some(named) if shape.is_none() => shape = entry.flag(errors).map(|_| named),
                Some(_) => errors.at(
                    &entry,
                    "a view can have only one of `single`, `collection` and `keyed`",
                ),
                None if entry.key() == "id" => id = entry.string(errors),
                None => entry.unknown("view", KEYS, errors),
            }
        }
        let shape = shape.unwrap_or(Shape::Collection);
        Some(Self {
            name: name?,
            shape,
            id,
        })
    }
}

/// Returns the first token if it is a word, and consumes the rest.
fn first_word(input: ParseStream<'_>) -> syn::Result<Option<Ident>> {
    let word = Ident::parse_any(input).ok();
    input.parse::<TokenStream>()?;
    Ok(word)
}

const NAME_FIRST: &str = "expected the view's name first: `#[view(latest, single)]`";

fn shape_of(path: &Path) -> Option<Shape> {
    shape_named(&path.get_ident()?.to_string())
}

fn shape_named(key: &str) -> Option<Shape> {
    match key {
        "single" => Some(Shape::Single),
        "collection" => Some(Shape::Collection),
        "keyed" => Some(Shape::Keyed),
        _ => None,
    }
}
