//! A struct with named fields: an entity, a section, or the inside of a leaf.

use crate::attr::container::ContainerAttrs;
use crate::attr::field::{FieldAttrs, FieldDefault};
use crate::attr::{docs, Set};
use crate::check;
use crate::errors::Errors;
use proc_macro2::{TokenStream, TokenTree};
use quote::{quote, ToTokens};
use syn::ext::IdentExt;
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, FieldsNamed, GenericArgument, Generics, Ident,
    LitStr, PathArguments, Type, Visibility,
};

/// A struct with named fields.
pub(crate) struct Record {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) generics: Generics,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    /// The name on the wire.
    pub(crate) name: String,
    /// The path to an entity's key.
    pub(crate) key: Option<LitStr>,
    pub(crate) fields: Vec<Field>,
}

/// A field of a [`Record`].
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) docs: Vec<Attribute>,
    /// The type, with `Self` written out.
    pub(crate) ty: TokenStream,
    /// The name on the wire.
    pub(crate) name: String,
    /// Where that name is from.
    pub(crate) name_at: TokenStream,
    pub(crate) aliases: Vec<LitStr>,
    /// The expression of the default.
    pub(crate) default: Option<TokenStream>,
    /// What the attributes say.
    pub(crate) attrs: FieldAttrs,
    /// The kinds of `#[field(serde)]`; `None` for a field that merges by its type.
    pub(crate) foreign: Option<Foreign>,
    /// Whether the type mentions the struct itself.
    pub(crate) recursive: bool,
    /// Whether the type mentions a parameter of the struct.
    pub(crate) generic: bool,
}

/// How many `Option`s are spelled around a type with serde impls.
#[derive(Clone, Copy)]
pub(crate) struct Foreign {
    pub(crate) options: usize,
}

impl Record {
    /// Reads what derives `Entity`.
    pub(crate) fn entity(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let keys = ["name", "key", "rename_all", "crate"];
        let attrs = ContainerAttrs::parse(&input.attrs, "entity", &keys, errors);
        Self::derived(input, attrs, "an entity", errors)
    }

    /// Reads what derives `Section`.
    pub(crate) fn section(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let attrs =
            ContainerAttrs::parse(&input.attrs, "section", &["rename_all", "crate"], errors);
        Self::derived(input, attrs, "a section", errors)
    }

    fn derived(
        input: DeriveInput,
        attrs: ContainerAttrs,
        what: &str,
        errors: &mut Errors,
    ) -> Option<Self> {
        match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => {
                    let fields = fields.clone();
                    return Some(Self::new(input, fields, attrs, errors));
                }
                _ => errors.at(
                    &input.ident,
                    format!("{what} has named fields: derive `Leaf` for this, or name them"),
                ),
            },
            Data::Enum(_) => errors.at(
                &input.ident,
                format!("{what} is a struct with named fields: derive `Leaf` for an enum"),
            ),
            Data::Union(_) => errors.at(
                &input.ident,
                format!("{what} is a struct with named fields, not a union"),
            ),
        }
        None
    }

    /// Puts a struct together, and checks it.
    pub(crate) fn new(
        input: DeriveInput,
        fields: FieldsNamed,
        attrs: ContainerAttrs,
        errors: &mut Errors,
    ) -> Self {
        let fields = fields.named.into_iter();
        let fields = fields.filter_map(|field| Field::parse(field, &input, &attrs, errors));
        let fields = fields.collect();
        let name = match &attrs.name {
            Some(name) => name.value.value(),
            None => input.ident.unraw().to_string(),
        };
        let record = Self {
            ident: input.ident,
            vis: input.vis,
            generics: input.generics,
            krate: attrs.krate,
            name,
            key: attrs.key.as_ref().map(|key| key.value.clone()),
            fields,
        };
        check::record(&record, attrs.name.as_ref(), errors);
        record
    }

    /// The fields that are on the wire.
    pub(crate) fn wired(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| field.attrs.skip.is_none())
    }
}

impl Field {
    fn parse(
        field: syn::Field,
        input: &DeriveInput,
        container: &ContainerAttrs,
        errors: &mut Errors,
    ) -> Option<Self> {
        let ident = field.ident?;
        let attrs = FieldAttrs::parse(&field.attrs, errors);
        let plain = ident.unraw().to_string();
        let (name, name_at) = match (&attrs.rename, container.rename_all) {
            (Some(Set { value, .. }), _) => (value.value(), value.to_token_stream()),
            (None, Some(case)) => (case.field(&plain), ident.to_token_stream()),
            (None, None) => (plain, ident.to_token_stream()),
        };
        let default = match (&attrs.default, &container.default) {
            (Some(set), _) => Some(match &set.value {
                FieldDefault::Type => quote!(::core::default::Default::default()),
                FieldDefault::Expr(expr) => expr.clone(),
            }),
            (None, Some(whole)) => Some(quote!({ #whole }.#ident)),
            (None, None) if attrs.skip.is_some() => {
                Some(quote!(::core::default::Default::default()))
            }
            (None, None) => None,
        };
        let foreign = attrs.serde.as_ref().map(|_| Foreign {
            options: options(&field.ty),
        });
        let parameters: Vec<Ident> = parameters(&input.generics);
        let tokens = field.ty.to_token_stream();
        Some(Self {
            recursive: mentions(&tokens, &[input.ident.clone(), self_ident()]),
            generic: mentions(&tokens, &parameters),
            ty: without_self(tokens, input),
            docs: docs(&field.attrs).into_iter().cloned().collect(),
            vis: field.vis,
            aliases: attrs.aliases.iter().map(|set| set.value.clone()).collect(),
            ident,
            name,
            name_at,
            default,
            attrs,
            foreign,
        })
    }

    /// The expression `N` of `append(max = N)`.
    pub(crate) fn max(&self) -> Option<&Expr> {
        self.attrs.append.as_ref().map(|set| &set.value)
    }
}

fn self_ident() -> Ident {
    Ident::new("Self", proc_macro2::Span::call_site())
}

/// The names of type and const parameters.
fn parameters(generics: &Generics) -> Vec<Ident> {
    let types = generics.type_params().map(|param| param.ident.clone());
    let consts = generics.const_params().map(|param| param.ident.clone());
    types.chain(consts).collect()
}

/// Whether one of these names occurs.
pub(crate) fn mentions(tokens: &TokenStream, names: &[Ident]) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), names),
        TokenTree::Ident(ident) => names.contains(&ident),
        _ => false,
    })
}

/// The same type outside of the struct.
fn without_self(tokens: TokenStream, input: &DeriveInput) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            let (ident, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
            quote!(#ident #arguments)
        }
        TokenTree::Group(group) => {
            let stream = without_self(group.stream(), input);
            let mut replaced = proc_macro2::Group::new(group.delimiter(), stream);
            replaced.set_span(group.span());
            TokenTree::from(replaced).into()
        }
        other => other.into(),
    };
    tokens.into_iter().map(replace).collect::<TokenStream>()
}

/// How many `Option<..>` are spelled around a type.
fn options(ty: &Type) -> usize {
    let Type::Path(path) = ty else { return 0 };
    let Some(last) = path.path.segments.last() else {
        return 0;
    };
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) if last.ident == "Option" => {
            match arguments.args.first() {
                Some(GenericArgument::Type(inner)) => 1 + options(inner),
                _ => 0,
            }
        }
        _ => 0,
    }
}
