//! A field, by way of the trait `Field` of its type.
//!
//! A type that is no field is told once. The kind of field names a constant that only a field has; where
//! that is an error, all that mentions the kind is erroneous too, and the compiler does not speak of it
//! again: not in the code for the field, nor of the patch that it is part of, nor of what holds that.

use crate::tree::{Field, FieldType};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// `Field<Kind>`: what the type must be, without the path to it.
pub(super) fn bound(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    let kind = kind(krate, ty);
    quote!(Field #kind)
}

/// `<Kind>`: how the type is a field, by itself or by its serde impls. Nothing, where it is sure to be
/// one by itself. Of what a parameter stands for its bounds say enough, and constants can say nothing.
fn kind(krate: &TokenStream, ty: &FieldType) -> Option<TokenStream> {
    let private = quote!(#krate::__private);
    let Some(foreign) = &ty.foreign else {
        let kind = quote!(<#private::Native<{ <#ty as #private::Field>::IS_FIELD }>>);
        return (!ty.sure()).then_some(kind);
    };
    let inner = &foreign.inner;
    let checked = match ty.generic {
        true => quote!(true),
        false => quote! {
            <#inner as #private::SerdeImpls>::HAS_IMPLS
                & <#inner as #private::CheckedForeign>::CHECKED
        },
    };
    let kind = quote!(#private::Foreign<{ #checked }>);
    let nested = |kind, _| quote!(#private::ForeignOption<#kind>);
    let kind = (0..foreign.options).fold(kind, nested);
    Some(quote!(<#kind>))
}

/// `<T as Field>::name`.
pub(super) fn item(krate: &TokenStream, ty: &FieldType, name: &str) -> TokenStream {
    let (bound, name) = (bound(krate, ty), Ident::new(name, Span::call_site()));
    quote!(<#ty as #krate::__private::#bound>::#name)
}

/// `<T as Appendable>::name`.
pub(super) fn list(krate: &TokenStream, field: &Field, name: &str) -> TokenStream {
    let (ty, name) = (&field.ty, Ident::new(name, Span::call_site()));
    quote!(<#ty as #krate::__private::Appendable>::#name)
}
