//! The slots of a struct: `Default`, `Clone`, `PartialEq`, `Debug`, and reading and writing them.

use super::{bounds, patch};
use crate::tree::Record;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::Ident;

/// The impls of everything that holds slots, a named patch or a leaf's hidden one.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let standard = standard(record, patch);
    let fields = fields(record, patch);
    quote!(#standard #fields)
}

fn standard(record: &Record, patch: &Ident) -> TokenStream {
    let krate = &record.krate;
    let generics = bounds::patch(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let fields: Vec<_> = record.wired().map(|field| &field.ident).collect();
    let names = record.wired().map(|field| field.ident.unraw().to_string());
    let markers = patch::unused(record);
    let markers: Vec<_> = markers.iter().map(patch::marker).collect();
    let name = patch.to_string();
    quote! {
        impl #params ::core::default::Default for #patch #arguments #clause {
            fn default() -> Self {
                Self {
                    #(#fields: ::core::option::Option::None,)*
                    #(#markers: ::core::marker::PhantomData,)*
                }
            }
        }

        impl #params ::core::clone::Clone for #patch #arguments #clause {
            fn clone(&self) -> Self {
                Self {
                    #(#fields: ::core::clone::Clone::clone(&self.#fields),)*
                    #(#markers: ::core::marker::PhantomData,)*
                }
            }
        }

        impl #params ::core::cmp::PartialEq for #patch #arguments #clause {
            fn eq(&self, other: &Self) -> bool {
                let _ = other;
                true #(&& ::core::cmp::PartialEq::eq(&self.#fields, &other.#fields))*
            }
        }

        impl #params ::core::fmt::Debug for #patch #arguments #clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut f = f.debug_struct(#name);
                #(#krate::__private::record::debug(&mut f, #names, &self.#fields);)*
                f.finish()
            }
        }
    }
}

fn fields(record: &Record, patch: &Ident) -> TokenStream {
    let krate = &record.krate;
    let private = quote!(#krate::__private);
    let generics = bounds::patch(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let root = &record.name;
    let names: Vec<_> = record.wired().map(|field| &field.name).collect();
    let fields: Vec<_> = record.wired().map(|field| &field.ident).collect();
    let types: Vec<_> = record
        .wired()
        .map(|field| {
            let (ty, kind) = (&field.ty, bounds::kind(&record.krate, &field.ty));
            quote!(#ty, #kind)
        })
        .collect();
    let numbers: Vec<_> = (0..fields.len()).collect();
    let found = record.wired().enumerate().flat_map(|(number, field)| {
        let aliases = field.aliases.iter().map(|alias| alias.value());
        let names = [field.name.clone()].into_iter().chain(aliases);
        names.map(move |name| quote!(#name => ::core::option::Option::Some((#number, #name))))
    });
    quote! {
        impl #params #private::Fields for #patch #arguments #clause {
            const ROOT: &'static str = #root;

            #[allow(unreachable_patterns)]
            fn find(name: &str) -> ::core::option::Option<(usize, &'static str)> {
                match name {
                    #(#found,)*
                    _ => ::core::option::Option::None,
                }
            }

            fn decode_field<'de, __A: #private::serde::de::MapAccess<'de>>(
                fields: &mut Self,
                number: usize,
                map: &mut __A,
                cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<(), __A::Error> {
                let _ = (&fields, &map, &cx);
                match number {
                    #(#numbers => {
                        #private::record::decode_field::<#types, __A>(&mut fields.#fields, map, cx)
                    })*
                    _ => ::core::result::Result::Ok(()),
                }
            }

            fn encode_fields<__M: #private::serde::ser::SerializeMap>(
                fields: &Self,
                map: &mut __M,
            ) -> ::core::result::Result<(), __M::Error> {
                let _ = (&fields, &map);
                #(#private::record::encode_field::<#types, __M>(#names, &fields.#fields, map)?;)*
                ::core::result::Result::Ok(())
            }

            fn then_fields(first: &mut Self, second: Self) {
                let _ = (&first, &second);
                #(#private::record::then::<#types>(&mut first.#fields, second.#fields);)*
            }

            fn none_set(fields: &Self) -> bool {
                let _ = fields;
                true #(&& ::core::option::Option::is_none(&fields.#fields))*
            }
        }
    }
}
