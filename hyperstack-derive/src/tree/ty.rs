//! The type of a field.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{quote, ToTokens};
use syn::{DeriveInput, GenericArgument, Generics, Ident, PathArguments, Type};

/// A type, and what it says of the struct around it.
pub(crate) struct FieldType {
    /// The type, with `Self` written out.
    tokens: TokenStream,
    /// For `#[field(serde)]`: how many `Option`s are spelled around the type with serde impls.
    pub(crate) foreign: Option<usize>,
    /// That type, without these; for other fields the type itself.
    pub(crate) inner: TokenStream,
    /// Whether it mentions the struct itself.
    pub(crate) recursive: bool,
    /// Whether it mentions a parameter of the struct.
    pub(crate) generic: bool,
}

impl FieldType {
    /// The type of a field of `input`.
    pub(crate) fn new(ty: &Type, foreign: bool, input: &DeriveInput) -> Self {
        let tokens = ty.to_token_stream();
        let (depth, inner) = match foreign {
            true => inside(ty),
            false => (0, ty),
        };
        let own = [input.ident.clone(), Ident::new("Self", Span::call_site())];
        Self {
            foreign: foreign.then_some(depth),
            inner: without_self(inner.to_token_stream(), input),
            recursive: mentions(&tokens, &own),
            generic: mentions(&tokens, &parameters(&input.generics)),
            tokens: without_self(tokens, input),
        }
    }

    /// Whether it mentions this parameter.
    pub(crate) fn mentions(&self, parameter: &Ident) -> bool {
        mentions(&self.tokens, std::slice::from_ref(parameter))
    }
}

impl ToTokens for FieldType {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

/// The names of type and const parameters.
fn parameters(generics: &Generics) -> Vec<Ident> {
    let types = generics.type_params().map(|param| param.ident.clone());
    let consts = generics.const_params().map(|param| param.ident.clone());
    types.chain(consts).collect()
}

/// Whether one of these names occurs.
fn mentions(tokens: &TokenStream, names: &[Ident]) -> bool {
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
            let mut replaced = Group::new(group.delimiter(), stream);
            replaced.set_span(group.span());
            TokenTree::from(replaced).into()
        }
        other => other.into(),
    };
    tokens.into_iter().map(replace).collect::<TokenStream>()
}

/// What is inside of the `Option<..>`s that are spelled around a type, and how many these are.
fn inside(ty: &Type) -> (usize, &Type) {
    match option(ty) {
        Some(inner) => {
            let (depth, ty) = inside(inner);
            (depth + 1, ty)
        }
        None => (0, ty),
    }
}

/// The type `T`, if this is spelled `Option<T>`.
fn option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) if last.ident == "Option" => {
            match arguments.args.first()? {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            }
        }
        _ => None,
    }
}
