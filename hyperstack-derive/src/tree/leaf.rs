//! A leaf: a struct, a newtype or an enum of names.

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

/// What derives `Leaf`.
pub(crate) struct Leaf {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// The lints that are allowed.
    pub(crate) allows: TokenStream,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    pub(crate) shape: LeafShape,
}

/// The shapes that a leaf may have.
pub(crate) enum LeafShape {
    /// Named fields.
    Record(Box<Record>),
    /// One field without a name: read and written as on its own.
    Newtype(FieldType),
    /// More of them: an array.
    Tuple(Vec<FieldType>),
    /// Names.
    Enum(Variants),
}

/// The variants of an enum.
pub(crate) struct Variants {
    pub(crate) known: Vec<Variant>,
    /// Whether these are all, or some were wrong.
    pub(crate) complete: bool,
}

/// A variant of an enum.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// The name on the wire.
    pub(crate) name: String,
    /// Where that name is from.
    pub(crate) name_at: TokenStream,
    pub(crate) aliases: Vec<LitStr>,
    /// Whether it is written, but never read.
    pub(crate) skip: bool,
    /// Whether it stands for every other name.
    pub(crate) other: Option<Other>,
    pub(crate) other_at: Option<TokenStream>,
    /// The key that `#[leaf(rename = "..")]` has.
    pub(crate) renamed_at: Option<TokenStream>,
}

/// What the variant for every other name keeps of it.
pub(crate) enum Other {
    /// The name, in this type.
    Text(FieldType),
    /// Nothing.
    Nothing,
}

impl Leaf {
    /// Reads what derives `Leaf`.
    pub(crate) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let attrs = ContainerAttrs::parse(&input, "leaf", &["rename_all", "crate"], errors);
        check::owned(&input.generics, errors)?;
        let (ident, generics) = (input.ident.clone(), input.generics.clone());
        let (allows, krate) = (allows(&input.attrs), attrs.krate.clone());
        let shape = match input.data.clone() {
            Data::Struct(data) => match data.fields {
                Fields::Named(fields) => {
                    let record = Record::new(input, fields, attrs, errors);
                    check::leaf_is_replaced_whole(&record, errors);
                    LeafShape::Record(Box::new(record))
                }
                Fields::Unnamed(fields) => {
                    check::tuple(&fields, errors)?;
                    tuple(&fields, &input, errors)
                }
                Fields::Unit => {
                    errors.at(&ident, "a leaf holds something: a unit struct has no JSON");
                    return None;
                }
            },
            Data::Enum(data) => {
                if data.variants.is_empty() {
                    errors.at(&ident, "a leaf has at least one variant");
                }
                let variants = variants(data, &input, &attrs, errors);
                check::variants(&variants.known, errors);
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
            allows,
            krate,
            shape,
        })
    }
}

const TEXT: &str = "a variant's text is kept as it comes";

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
        let attrs = VariantAttrs::parse(&variant.attrs, errors);
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
            // What was not understood may have said what the data is.
            (_, None) if !understood => continue,
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
