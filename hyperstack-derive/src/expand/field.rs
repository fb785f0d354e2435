//! Code for a field, which calls the trait `Field` of its type.
//!
//! If a type is not a field, the compiler reports it once. The kind of the field uses a constant that only a field type
//! has. If the constant is an error, everything that mentions the kind is an error too, but the compiler does not
//! report it: not in the code of the field, of its patch, or of structs that contain it.

use crate::sdk::private;
use crate::tree::{Field, FieldType, Foreign};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// Returns the bound that the type is a field, for a type with parameters.
pub(super) fn predicate(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    let private = private(krate);
    match &ty.foreign {
        None => quote!(#ty: #private::Field),
        Some(Foreign { inner, .. }) => quote! {
            #inner: ::core::clone::Clone + ::core::fmt::Debug + ::core::cmp::PartialEq
                + ::core::marker::Send + ::core::marker::Sync
                + #private::serde::Serialize + #private::serde::de::DeserializeOwned
        },
    }
}

/// Returns `Field<Kind>` for the type.
fn trait_of(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    let kind = kind(krate, ty);
    quote!(Field #kind)
}

/// Returns `<Kind>`: whether the type is a field itself or through its serde impls. Returns `None` if it is surely a
/// field itself. That includes types with parameters, where bounds do the check and constants cannot.
fn kind(krate: &TokenStream, ty: &FieldType) -> Option<TokenStream> {
    let private = private(krate);
    let Some(foreign) = &ty.foreign else {
        let kind = quote!(<#private::Native<{ <#ty as #private::Field>::IS_FIELD }>>);
        return (!ty.sure()).then_some(kind);
    };
    let inner = &foreign.inner;
    let checked = if ty.generic {
        quote!(true)
    } else {
        quote! {
            <#inner as #private::SerdeImpls>::HAS_IMPLS
                & <#inner as #private::CheckedForeign>::CHECKED
        }
    };
    let kind = quote!(#private::Foreign<{ #checked }>);
    let nested = |kind, _| quote!(#private::ForeignOption<#kind>);
    let kind = (0..foreign.options).fold(kind, nested);
    Some(quote!(<#kind>))
}

/// Returns `<T as Field>::name`.
pub(super) fn item(krate: &TokenStream, ty: &FieldType, name: &str) -> TokenStream {
    let private = private(krate);
    let (field, name) = (trait_of(krate, ty), Ident::new(name, Span::call_site()));
    quote!(<#ty as #private::#field>::#name)
}

/// Returns `<T as Appendable>::name`.
pub(super) fn list(krate: &TokenStream, field: &Field, name: &str) -> TokenStream {
    let private = private(krate);
    let (ty, name) = (&field.ty, Ident::new(name, Span::call_site()));
    quote!(<#ty as #private::Appendable>::#name)
}
