//! What can be a field, and the reports of what cannot.

use crate::tree::{FieldType, Record};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{parse_quote, Generics, Ident};

/// An item, as far as these impls look at it.
pub(super) struct Item<'a> {
    pub(super) krate: &'a TokenStream,
    pub(super) ident: &'a Ident,
    pub(super) generics: &'a Generics,
    pub(super) types: Vec<&'a FieldType>,
    /// Those of the types that must be lists.
    pub(super) lists: Vec<&'a FieldType>,
    /// What a leaf keeps of every other name.
    pub(super) text: Option<&'a FieldType>,
}

/// The reports for a struct with named fields.
pub(super) fn record(record: &Record) -> TokenStream {
    let (lists, types): (Vec<_>, Vec<_>) = record.wired().partition(|field| field.max().is_some());
    Item {
        krate: &record.krate,
        ident: &record.ident,
        generics: &record.generics,
        types: types.into_iter().map(|field| &field.ty).collect(),
        lists: lists.into_iter().map(|field| &field.ty).collect(),
        text: None,
    }
    .impls()
}

impl Item<'_> {
    /// Reports each field whose type is none, at that type; and what the item itself lacks, at its
    /// name. What a parameter stands for is reported where it is given.
    pub(super) fn impls(&self) -> TokenStream {
        let krate = self.krate;
        let known = self.known();
        let types = self.types.iter().filter(|ty| !ty.generic);
        let (fields, foreign): (Vec<&FieldType>, Vec<&FieldType>) =
            types.partition(|ty| ty.foreign.is_none());
        let foreign = foreign.into_iter().map(|ty| &ty.inner);
        let lists = self.lists.iter().filter(|ty| !ty.generic);
        let text = self.text.iter().filter(|ty| !ty.generic);
        let value = self.generics.params.is_empty().then(|| {
            let ident = self.ident;
            quote!(let _ = __value::<#ident>;)
        });
        quote! {
            #known

            const _: fn() = || {
                #[allow(dead_code)]
                fn __field<__F: #krate::__private::Known>() {}
                #[allow(dead_code)]
                fn __foreign<__F: #krate::__private::KnownForeign>() {}
                #[allow(dead_code)]
                fn __list<__F: #krate::__private::KnownList>() {}
                #[allow(dead_code)]
                fn __text<__T: for<'__x> #krate::__private::leaf::Text<'__x>>() {}
                #[allow(dead_code)]
                fn __value<__V: #krate::__private::Value>() {}
                #(let _ = __field::<#fields>;)*
                #(let _ = __foreign::<#foreign>;)*
                #(let _ = __list::<#lists>;)*
                #(let _ = __text::<#text>;)*
                #value
            };
        }
    }

    /// Says that the item is a field, whatever may be wrong with its own fields: who holds it is
    /// not to report that again.
    fn known(&self) -> TokenStream {
        let (krate, ident) = (self.krate, self.ident);
        let mut generics = self.generics.clone();
        let types = self.types.iter().chain(&self.lists);
        for ty in types.filter(|ty| ty.generic && !ty.recursive) {
            let inner = &ty.inner;
            let bound = match ty.foreign {
                None => quote!(Known),
                Some(_) => quote!(KnownForeign),
            };
            let clause = generics.make_where_clause();
            clause
                .predicates
                .push(parse_quote!(#inner: #krate::__private::#bound));
        }
        let (params, arguments, clause) = generics.split_for_impl();
        quote!(impl #params #krate::__private::Known for #ident #arguments #clause {})
    }
}
