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
    /// An enum, as the name of its variant, or as an object with the name and the data of its variant.
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
    /// The variant's data. `None` for a variant with `other`.
    pub(crate) payload: Option<Payload>,
    /// Set if the variant matches everything that no other variant matches.
    pub(crate) other: Option<Other>,
    pub(crate) other_at: Option<TokenStream>,
    /// The tokens of the key `rename` in `#[leaf(..)]`.
    pub(crate) renamed_at: Option<TokenStream>,
}

/// The data of a variant.
pub(crate) enum Payload {
    /// Named fields, as an object.
    Record(Box<Record>),
    /// One field without a name, as the JSON of the field.
    Newtype(FieldType),
    /// Several fields without names, as an array.
    Tuple(Vec<FieldType>),
}

/// Whether the variant with `other` stores what it matches.
pub(crate) enum Other {
    /// Stores it in this type.
    Kept(FieldType),
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
                    check::tuple("a tuple struct that derives `Leaf`", &fields, errors)?;
                    let mut types = types(&fields, &input, errors);
                    match types.pop() {
                        Some(ty) if types.is_empty() => LeafShape::Newtype(ty),
                        last => LeafShape::Tuple(types.into_iter().chain(last).collect()),
                    }
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

/// Parses fields without names.
fn types(fields: &FieldsUnnamed, input: &DeriveInput, errors: &mut Errors) -> Vec<FieldType> {
    let newtype = fields.unnamed.len() == 1;
    let mut types = Vec::new();
    for field in &fields.unnamed {
        misplaced(&field.attrs, "leaf", ON_FIELD, errors);
        let attrs = FieldAttrs::parse(&field.attrs, errors);
        check::unnamed(&attrs, newtype, errors);
        let foreign = newtype && attrs.serde.is_some();
        types.push(FieldType::new(&field.ty, foreign, input));
    }
    types
}

/// Parses the data of a variant. Returns `None` for a variant without data, and an error if the data is invalid.
fn payload(
    fields: &Fields,
    input: &DeriveInput,
    attrs: ContainerAttrs,
    errors: &mut Errors,
) -> Result<Option<Payload>, ()> {
    Ok(Some(match fields {
        Fields::Unit => return Ok(None),
        Fields::Named(fields) => {
            let record = Record::new(input.clone(), fields.clone(), attrs, errors);
            check::leaf_excludes_append(&record, errors);
            Payload::Record(Box::new(record))
        }
        Fields::Unnamed(fields) => {
            let what = "a variant with fields without names";
            check::tuple(what, fields, errors).ok_or(())?;
            let mut types = types(fields, input, errors);
            match types.pop() {
                Some(ty) if types.is_empty() => Payload::Newtype(ty),
                last => Payload::Tuple(types.into_iter().chain(last).collect()),
            }
        }
    }))
}

const ON_FIELD: &str = "on a field, write `#[field(..)]`";

const OTHER: &str = "the field of a variant with `other` takes no attributes";

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
        let (payload, other) = match (&variant.fields, &attrs.other) {
            (Fields::Unit, other) => (None, other.as_ref().map(|_| Other::Nothing)),
            (Fields::Unnamed(fields), Some(_)) if fields.unnamed.len() == 1 => {
                let field = &fields.unnamed[0];
                misplaced(&field.attrs, "field", OTHER, errors);
                misplaced(&field.attrs, "leaf", OTHER, errors);
                let ty = FieldType::new(&field.ty, false, input);
                (None, Some(Other::Kept(ty)))
            }
            // The attribute that did not parse may have been `other`.
            (_, None) if !understood => continue,
            (fields, Some(_)) => {
                errors.at(
                    fields,
                    "a variant with `other` holds one value or nothing: `Unknown(String)`, or `Unknown(Value)` for any \
                     JSON",
                );
                continue;
            }
            (fields, None) => {
                let attrs = container.of_variant(attrs.rename_all);
                match payload(fields, input, attrs, errors) {
                    Ok(payload) => (payload, None),
                    Err(()) => continue,
                }
            }
        };
        variants.push(Variant {
            ident: variant.ident,
            name,
            name_at,
            aliases: attrs.aliases.into_iter().map(|set| set.value).collect(),
            skip: attrs.skip,
            payload,
            other,
            other_at: attrs.other.map(|set| set.key),
            renamed_at: attrs.own_rename,
        });
    }
    Variants {
        complete: variants.len() == count && count > 0,
        known: variants,
    }
}
