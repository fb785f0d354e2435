//! The type of a field.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{quote, ToTokens};
use syn::{DeriveInput, GenericArgument, Generics, Ident, PathArguments, Type};

/// The type of a field, and how it relates to the struct.
pub(crate) struct FieldType {
    /// The type, with `Self` written out.
    tokens: TokenStream,
    /// The type for `#[field(serde)]`, if the field has that attribute.
    pub(crate) foreign: Option<Foreign>,
    /// Whether it mentions the struct itself.
    pub(crate) recursive: bool,
    /// Whether it mentions a parameter of the struct.
    pub(crate) generic: bool,
    /// Whether it is spelled only with primitive and standard types that are fields.
    pub(crate) plain: bool,
}

/// A type that is decoded with its serde impls.
pub(crate) struct Foreign {
    /// The type.
    pub(crate) inner: TokenStream,
    /// The number of `Option`s spelled around it.
    pub(crate) options: usize,
}

impl FieldType {
    /// Analyzes the type of a field of `input`.
    pub(crate) fn new(ty: &Type, foreign: bool, input: &DeriveInput) -> Self {
        let tokens = without_self(ty.to_token_stream(), input);
        let foreign = foreign.then(|| {
            let (options, inner) = inside(ty);
            let inner = without_self(inner.to_token_stream(), input);
            Foreign { inner, options }
        });
        Self {
            foreign,
            recursive: mentions(&tokens, std::slice::from_ref(&input.ident), "self::"),
            generic: mentions(&tokens, &parameters(&input.generics), ""),
            plain: plain(ty),
            tokens,
        }
    }

    /// Whether no further check is needed: the type is a field, or the bounds of parameters check it.
    pub(crate) fn sure(&self) -> bool {
        self.plain || self.generic
    }

    /// Whether the type mentions this parameter.
    pub(crate) fn mentions(&self, parameter: &Ident) -> bool {
        mentions(&self.tokens, std::slice::from_ref(parameter), "")
    }
}

impl ToTokens for FieldType {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

/// The primitive types.
const PRIMITIVES: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64", "bool", "char",
];

/// Other types that are fields, or are fields if their type arguments are.
const PLAIN: &[&str] = &["String", "Option", "Vec", "Box", "Arc"];

/// Whether a type is spelled only with primitive and plain types.
fn plain(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last();
            last.is_some_and(|last| {
                let mut names = PRIMITIVES.iter().chain(PLAIN);
                names.any(|name| last.ident == name)
                    && match &last.arguments {
                        PathArguments::None => true,
                        PathArguments::AngleBracketed(of) => of.args.iter().all(|of| match of {
                            GenericArgument::Type(ty) => plain(ty),
                            _ => false,
                        }),
                        PathArguments::Parenthesized(_) => false,
                    }
            })
        }
        Type::Array(array) => plain(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(plain),
        _ => false,
    }
}

/// Returns the names of type and const parameters.
fn parameters(generics: &Generics) -> Vec<Ident> {
    let types = generics.type_params().map(|param| param.ident.clone());
    let consts = generics.const_params().map(|param| param.ident.clone());
    types.chain(consts).collect()
}

/// Whether one of these names occurs, alone or after `prefix`. A name in another path, such as `base::Name`, does not
/// count.
fn mentions(tokens: &TokenStream, names: &[Ident], prefix: &str) -> bool {
    let mut path = String::new();
    tokens.clone().into_iter().any(|token| {
        let alone = !path.ends_with("::") || path == prefix;
        let here = match &token {
            TokenTree::Group(group) => mentions(&group.stream(), names, prefix),
            TokenTree::Ident(ident) => alone && names.contains(ident),
            _ => false,
        };
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => path.push(':'),
            TokenTree::Ident(ident) if path.ends_with("::") => path += &ident.to_string(),
            TokenTree::Ident(ident) => path = ident.to_string(),
            _ => path.clear(),
        }
        here
    })
}

/// Replaces `Self`, so that the type has the same meaning outside the struct.
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

/// Returns the number of `Option<..>`s spelled around a type, and the type inside.
fn inside(ty: &Type) -> (usize, &Type) {
    match option(ty) {
        Some(inner) => {
            let (options, ty) = inside(inner);
            (options + 1, ty)
        }
        None => (0, ty),
    }
}

/// Returns `T` if a type is spelled `Option<T>`.
fn option(ty: &Type) -> Option<&Type> {
    let path = match ty {
        // A macro's `$ty` is in a group.
        Type::Group(group) => return option(&group.elem),
        Type::Paren(paren) => return option(&paren.elem),
        Type::Path(path) => path,
        _ => return None,
    };
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
