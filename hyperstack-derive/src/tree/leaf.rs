//! A leaf: a struct, a newtype or an enum of names.

use super::Record;
use crate::attr::container::ContainerAttrs;
use crate::attr::variant::VariantAttrs;
use crate::attr::Set;
use crate::check;
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DataEnum, DeriveInput, Fields, Generics, Ident, LitStr, Type};

/// What derives `Leaf`.
pub(crate) struct Leaf {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    pub(crate) shape: LeafShape,
}

/// The shapes that a leaf may have.
pub(crate) enum LeafShape {
    /// Named fields.
    Record(Record),
    /// Fields without names; one of them is as on its own, more of them are an array.
    Tuple(Vec<Type>),
    /// Names.
    Enum(Vec<Variant>),
}

/// A variant of an enum.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// The name on the wire.
    pub(crate) name: String,
    /// Where that name is from.
    pub(crate) name_at: TokenStream,
    pub(crate) aliases: Vec<LitStr>,
    /// Whether it stands for every other name.
    pub(crate) other: Option<Other>,
    pub(crate) other_at: Option<TokenStream>,
}

/// What the variant for every other name keeps of it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Other {
    /// The name.
    Text,
    /// Nothing.
    Nothing,
}

impl Leaf {
    /// Reads what derives `Leaf`.
    pub(crate) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let attrs = ContainerAttrs::parse(&input.attrs, "leaf", &["rename_all", "crate"], errors);
        let (ident, generics) = (input.ident.clone(), input.generics.clone());
        let krate = attrs.krate.clone();
        let shape = match input.data.clone() {
            Data::Struct(data) => match data.fields {
                Fields::Named(fields) => {
                    LeafShape::Record(Record::new(input, fields, attrs, errors))
                }
                Fields::Unnamed(fields) => {
                    check::parameters(&generics, errors);
                    check::tuple(&fields, errors)?;
                    LeafShape::Tuple(fields.unnamed.into_iter().map(|field| field.ty).collect())
                }
                Fields::Unit => {
                    errors.at(&ident, "a leaf holds something: a unit struct has no JSON");
                    return None;
                }
            },
            Data::Enum(data) => {
                check::parameters(&generics, errors);
                let variants = variants(data, &attrs, errors);
                check::variants(&ident, &variants, errors);
                LeafShape::Enum(variants)
            }
            Data::Union(_) => {
                errors.at(&ident, "a leaf is a struct or an enum, not a union");
                return None;
            }
        };
        Some(Self {
            ident,
            generics,
            krate,
            shape,
        })
    }
}

fn variants(data: DataEnum, container: &ContainerAttrs, errors: &mut Errors) -> Vec<Variant> {
    let mut variants = Vec::new();
    for variant in data.variants {
        let attrs = VariantAttrs::parse(&variant.attrs, errors);
        let plain = variant.ident.unraw().to_string();
        let (name, name_at) = match (attrs.rename, container.rename_all) {
            (Some(Set { value, .. }), _) => (value.value(), value.to_token_stream()),
            (None, Some(case)) => (case.variant(&plain), variant.ident.to_token_stream()),
            (None, None) => (plain, variant.ident.to_token_stream()),
        };
        let kept = match (&variant.fields, &attrs.other) {
            (Fields::Unit, _) => Other::Nothing,
            (Fields::Unnamed(fields), Some(_)) if fields.unnamed.len() == 1 => Other::Text,
            (fields, Some(_)) => {
                errors.at(
                    fields,
                    "`other` keeps the text and nothing else: `Unknown(String)`",
                );
                continue;
            }
            (fields, None) => {
                errors.at(
                    fields,
                    "a leaf's variants are names, without data; `#[leaf(other)]` may hold a \
                     `String`, and `#[field(serde)]` takes any enum with serde impls",
                );
                continue;
            }
        };
        variants.push(Variant {
            ident: variant.ident,
            name,
            name_at,
            aliases: attrs.aliases.into_iter().map(|set| set.value).collect(),
            other: attrs.other.as_ref().map(|_| kept),
            other_at: attrs.other.map(|set| set.key),
        });
    }
    variants
}
