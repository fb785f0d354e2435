//! A leaf: a struct, a newtype, a tuple struct or an enum.

use super::{FieldType, Record};
use crate::attr::container::ContainerAttrs;
use crate::attr::field::FieldAttrs;
use crate::attr::variant::VariantAttrs;
use crate::attr::{allows, misplaced, Set};
use crate::check;
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DataEnum, DeriveInput, Fields, FieldsUnnamed, Generics, Ident, LitStr};

/// An item that derives `Leaf`.
pub(crate) struct Leaf {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// The item's `allow` attributes.
    pub(crate) allows: TokenStream,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    pub(crate) shape: LeafShape,
}

/// The shape of a leaf.
pub(crate) enum LeafShape {
    /// A struct with named fields, as an object.
    Record(Box<Record>),
    /// A newtype, as the JSON of its field.
    Newtype(FieldType),
    /// A tuple struct with several fields, as an array.
    Tuple(Vec<FieldType>),
    /// An enum, as the name of its variant.
    Enum(Variants),
}

/// The variants of an enum.
pub(crate) struct Variants {
    pub(crate) known: Vec<Variant>,
    /// Whether all variants are valid and in `known`.
    pub(crate) complete: bool,
}

/// A variant of an enum.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// The name on the wire.
    pub(crate) name: String,
    /// The tokens that set the name.
    pub(crate) name_at: TokenStream,
    pub(crate) aliases: Vec<LitStr>,
    /// Whether the variant is encoded but never decoded.
    pub(crate) skip: bool,
    /// Set if the variant matches every unknown name.
    pub(crate) other: Option<Other>,
    pub(crate) other_at: Option<TokenStream>,
    /// The tokens of the key `rename` in `#[leaf(..)]`.
    pub(crate) renamed_at: Option<TokenStream>,
}

/// Whether the variant with `other` stores the unknown name.
pub(crate) enum Other {
    /// Stores the name in this type.
    Text(FieldType),
    /// Does not store it.
    Nothing,
}

impl Leaf {
    /// Parses an item that derives `Leaf`.
    pub(crate) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let attrs = ContainerAttrs::parse(&input, "leaf", &["rename_all", "crate"], errors);
        check::owned(&input.generics, errors)?;
        let (ident, generics) = (input.ident.clone(), input.generics.clone());
        let (allows, krate) = (allows(&input.attrs), attrs.krate.clone());
        let shape = match input.data.clone() {
            Data::Struct(data) => match data.fields {
                Fields::Named(fields) => {
                    let record = Record::new(input, fields, attrs, errors);
                    check::leaf_excludes_append(&record, errors);
                    LeafShape::Record(Box::new(record))
                }
                Fields::Unnamed(fields) => {
                    check::tuple(&fields, errors)?;
                    tuple(&fields, &input, errors)
                }
                Fields::Unit => {
                    errors.at(
                        &ident,
                        "a unit struct cannot be a leaf, because it has no JSON",
                    );
                    return None;
                }
            },
            Data::Enum(data) => {
                if data.variants.is_empty() {
                    errors.at(
                        &ident,
                        "an enum that derives `Leaf` needs at least one variant",
                    );
                }
                let variants = variants(data, &input, &attrs, errors);
                check::variants(&variants.known, errors);
                LeafShape::Enum(variants)
            }
            Data::Union(_) => {
                errors.at(&ident, "a union cannot be a leaf: use a struct or an enum");
                return None;
            }
        };
        Some(Self {
            ident,
            generics,
            allows,
            krate,
            shape,
        })
    }
}

const TEXT: &str = "the field of a variant takes no attributes";

fn tuple(fields: &FieldsUnnamed, input: &DeriveInput, errors: &mut Errors) -> LeafShape {
    let newtype = fields.unnamed.len() == 1;
    let mut types = Vec::new();
    for field in &fields.unnamed {
        misplaced(
            &field.attrs,
            "leaf",
            "on a field, write `#[field(..)]`",
            errors,
        );
        let attrs = FieldAttrs::parse(&field.attrs, errors);
        check::unnamed(&attrs, newtype, errors);
        let foreign = newtype && attrs.serde.is_some();
        types.push(FieldType::new(&field.ty, foreign, input));
    }
    match types.pop() {
        Some(ty) if newtype => LeafShape::Newtype(ty),
        last => LeafShape::Tuple(types.into_iter().chain(last).collect()),
    }
}

fn variants(
    data: DataEnum,
    input: &DeriveInput,
    container: &ContainerAttrs,
    errors: &mut Errors,
) -> Variants {
    let count = data.variants.len();
    let mut variants = Vec::new();
    for variant in data.variants {
        misplaced(
            &variant.attrs,
            "field",
            "on a variant, write `#[leaf(..)]`",
            errors,
        );
        let before = errors.count();
        let attrs = VariantAttrs::parse(&variant, errors);
        let understood = errors.count() == before;
        let plain = variant.ident.unraw().to_string();
        let (name, name_at) = match (attrs.rename, container.rename_all) {
            (Some(Set { value, .. }), _) => (value.value(), value.to_token_stream()),
            (None, Some(case)) => (case.variant(&plain), variant.ident.to_token_stream()),
            (None, None) => (plain, variant.ident.to_token_stream()),
        };
        let kept = match (&variant.fields, &attrs.other) {
            (Fields::Unit, _) => Other::Nothing,
            (Fields::Unnamed(fields), Some(_)) if fields.unnamed.len() == 1 => {
                let field = &fields.unnamed[0];
                misplaced(&field.attrs, "field", TEXT, errors);
                misplaced(&field.attrs, "leaf", TEXT, errors);
                Other::Text(FieldType::new(&field.ty, false, input))
            }
            // The attribute that did not parse may have been `other`.
            (_, None) if !understood => continue,
            (fields, Some(_)) => {
                errors.at(
                    fields,
                    "a variant with `other` holds one string or nothing: `Unknown(String)`",
                );
                continue;
            }
            (fields, None) => {
                errors.at(
                    fields,
                    "the variants of a leaf cannot hold data, except a `String` with `#[leaf(other)]`: for an enum with \
                     data, use `#[field(serde)]`",
                );
                continue;
            }
        };
        variants.push(Variant {
            ident: variant.ident,
            name,
            name_at,
            aliases: attrs.aliases.into_iter().map(|set| set.value).collect(),
            skip: attrs.skip,
            other: attrs.other.as_ref().map(|_| kept),
            other_at: attrs.other.map(|set| set.key),
            renamed_at: attrs.own_rename,
        });
    }
    Variants {
        complete: variants.len() == count && count > 0,
        known: variants,
    }
}
