//! Code for one field, by way of the trait `Field` of its type.
//!
//! All of it stands where the type stands: if the type is no field, each piece is the same error at the
//! same place, and the compiler does not repeat itself. In the types of others it would say more; there
//! a constant says it first, and what mentions that is then erroneous in silence.

use crate::tree::{Field, FieldType};
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned, ToTokens};

/// A type, and where it begins and ends.
pub(super) struct Place<'a> {
    krate: &'a TokenStream,
    ty: &'a FieldType,
    first: Span,
    last: Span,
}

/// The place of a field's type.
pub(super) fn place<'a>(krate: &'a TokenStream, field: &'a Field) -> Place<'a> {
    Place::new(krate, &field.ty)
}

impl<'a> Place<'a> {
    pub(super) fn new(krate: &'a TokenStream, ty: &'a FieldType) -> Self {
        let (first, last) = ends(&ty.to_token_stream());
        Self {
            krate,
            ty,
            first,
            last,
        }
    }

    /// What the type must be, without the path to it.
    pub(super) fn bound(&self) -> TokenStream {
        match self.kind() {
            Some(kind) => quote!(Field<#kind>),
            None => quote!(Field),
        }
    }

    /// How the type is a field; `None` where by itself. That it has serde impls a constant says.
    fn kind(&self) -> Option<TokenStream> {
        let (krate, foreign) = (self.krate, self.ty.foreign.as_ref()?);
        let has_impls = match self.ty.generic {
            true => quote!(true),
            false => qualified(krate, &foreign.inner, quote!(SerdeImpls), "HAS_IMPLS"),
        };
        let kind = quote!(#krate::__private::Foreign<{ #has_impls }>);
        let nested = |kind, _| quote!(#krate::__private::ForeignOption<#kind>);
        Some((0..foreign.options).fold(kind, nested))
    }

    /// `<T as Field>::name`.
    pub(super) fn item(&self, name: &str) -> TokenStream {
        let ty = self.ty.to_token_stream();
        qualified(self.krate, &ty, self.bound(), name)
    }

    /// `<T as Appendable>::name`.
    pub(super) fn list(&self, name: &str) -> TokenStream {
        let ty = self.ty.to_token_stream();
        qualified(self.krate, &ty, quote!(Appendable), name)
    }

    /// `Slot<<T as Field>::Change>`. That a type is a field which may be none a constant says.
    pub(super) fn slot(&self) -> TokenStream {
        let (krate, last, ty) = (self.krate, self.last, self.ty.to_token_stream());
        let sure = self.ty.plain || self.ty.generic || self.ty.foreign.is_some();
        let change = match sure {
            true => self.item("Change"),
            false => {
                let is_field = self.item("IS_FIELD");
                qualified(krate, &ty, quote!(Sure<{ #is_field }>), "Change")
            }
        };
        let open = at(quote!(#krate::__private::Slot<), self.first);
        quote_spanned!(last=> #open #change>)
    }

    /// `path`, of the standard library's.
    pub(super) fn path(&self, path: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = at(path, self.first).into_iter().collect();
        if let Some(token) = tokens.last_mut() {
            token.set_span(self.last);
        }
        tokens.into_iter().collect()
    }

    /// `base.field`, behind `&`, `&mut` or nothing.
    pub(super) fn member(&self, by: &str, base: &str, field: &Ident) -> TokenStream {
        let last = self.last;
        let by = match by {
            "&" => quote!(&),
            "&mut" => quote!(&mut),
            _ => quote!(),
        };
        let (by, base) = (at(by, self.first), Ident::new(base, self.first));
        let field = at(field.to_token_stream(), last);
        quote_spanned!(last=> #by #base.#field)
    }

    /// `field: value`.
    pub(super) fn entry(&self, field: &Ident, value: TokenStream) -> TokenStream {
        let last = self.last;
        let field = at(field.to_token_stream(), self.first);
        quote_spanned!(last=> #field: #value)
    }

    /// `result?`.
    pub(super) fn tried(&self, result: TokenStream) -> TokenStream {
        let last = self.last;
        quote_spanned!(last=> #result?)
    }

    /// `path(arguments)`.
    pub(super) fn call(&self, path: TokenStream, arguments: TokenStream) -> TokenStream {
        let last = self.last;
        quote_spanned!(last=> #path(#arguments))
    }
}

/// `<ty as bound>::name`, where the type stands.
fn qualified(krate: &TokenStream, ty: &TokenStream, bound: TokenStream, name: &str) -> TokenStream {
    let (first, last) = ends(ty);
    let (ty, name) = (located(ty.clone()), Ident::new(name, last));
    let private = at(quote!(as #krate::__private::), last);
    let open = quote_spanned!(first=> <);
    quote_spanned!(last=> #open #ty #private #bound>::#name)
}

/// Where tokens begin and end.
fn ends(tokens: &TokenStream) -> (Span, Span) {
    let here = Span::call_site();
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let first = tokens.first().map_or(here, |token| match token {
        TokenTree::Group(group) => here.located_at(group.span_open()),
        token => here.located_at(token.span()),
    });
    let last = tokens.last().map_or(here, |token| match token {
        TokenTree::Group(group) => here.located_at(group.span_close()),
        token => here.located_at(token.span()),
    });
    (first, last)
}

/// The same tokens, all at one place.
fn at(tokens: TokenStream, place: Span) -> TokenStream {
    moved(tokens, &|span| span.located_at(place))
}

/// The same tokens where they are, but as the macro's; `$crate` remains what it is.
fn located(tokens: TokenStream) -> TokenStream {
    moved(tokens, &|span| Span::call_site().located_at(span))
}

fn moved(tokens: TokenStream, to: &dyn Fn(Span) -> Span) -> TokenStream {
    let tokens = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut moved = Group::new(group.delimiter(), self::moved(group.stream(), to));
            moved.set_span(to(group.span()));
            TokenTree::from(moved)
        }
        TokenTree::Ident(ident) if ident == "$crate" => ident.into(),
        mut token => {
            token.set_span(to(token.span()));
            token
        }
    });
    tokens.collect()
}
