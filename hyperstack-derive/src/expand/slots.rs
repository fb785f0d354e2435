//! The slots of a struct: their default and their visitors.

use super::bounds;
use super::field::item;
use super::record::each;
use crate::sdk::private;
use crate::tree::Record;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::Ident;

/// Generates the impls of a struct of slots: a patch, or the hidden struct of a leaf.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let krate = &record.krate;
    let private = private(krate);
    let generics = bounds::patch(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let none = each(record, |_| quote!(::core::option::Option::None));
    let root = &record.name;
    let names = record.wired().map(|field| field.name.clone());
    let fields: Vec<_> = record.wired().map(|field| &field.ident).collect();
    let numbers: Vec<_> = (0..fields.len()).collect();
    let items = |name| {
        let items = record
            .wired()
            .map(move |field| item(krate, &field.ty, name));
        items.collect::<Vec<_>>()
    };
    let (read, show, then) = (
        items("read_field"),
        items("show_field"),
        items("then_field"),
    );
    // An alias has its own number, so that errors use the name on the wire.
    let aliases = record.wired().zip(&numbers);
    let aliases =
        aliases.flat_map(|(field, number)| field.aliases.iter().map(move |a| (number, a)));
    let aliases: Vec<_> = aliases.collect();
    let names = names.chain(aliases.iter().map(|(_, alias)| alias.value()));
    let names: Vec<_> = names.collect();
    let all = 0..names.len();
    let arms = numbers.iter().map(|number| {
        let also = aliases.iter().zip(numbers.len()..);
        let also = also.filter(|((field, _), _)| *field == number);
        let also = also.map(|(_, number)| number);
        quote!(#number #(| #also)*)
    });
    let idents = idents(record, &private);
    let owners = aliases.iter().map(|(number, _)| *number);
    quote! {
        #[automatically_derived]
        impl #params ::core::default::Default for #patch #arguments #clause {
            fn default() -> Self {
                Self { #none }
            }
        }

        #[automatically_derived]
        impl #params #private::Fields for #patch #arguments #clause {
            const ROOT: &'static #private::str = #root;
            const NAMES: &'static [&'static #private::str] = &[#(#names),*];
            #idents
            const ALIASES: &'static [#private::usize] = &[#(#owners),*];

            #[allow(unreachable_patterns)]
            fn find(__name: &#private::str) -> ::core::option::Option<#private::usize> {
                match __name {
                    #(#names => ::core::option::Option::Some(#all),)*
                    _ => ::core::option::Option::None,
                }
            }

            fn decode_field<'de, __MapAccess: #private::serde::de::MapAccess<'de>>(
                __fields: &mut Self,
                __number: #private::usize,
                __map: &mut __MapAccess,
                __cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<(), __MapAccess::Error> {
                let _ = (&__fields, &__map, &__cx);
                match __number {
                    #(#arms => #read(&mut __fields.#fields, __map, __cx),)*
                    _ => ::core::result::Result::Ok(()),
                }
            }

            fn walk<__Walk: #private::Walk>(
                __fields: &Self,
                __walk: &mut __Walk,
            ) -> ::core::result::Result<(), __Walk::Error> {
                let _ = (&__fields, &__walk);
                #(#show(&__fields.#fields, #numbers, __walk)?;)*
                ::core::result::Result::Ok(())
            }

            fn then_fields(__first: &mut Self, __second: &mut Self) {
                let _ = (&__first, &__second);
                #(#then(&mut __first.#fields, &mut __second.#fields);)*
            }
        }
    }
}

/// Generates the Rust names, if they differ from the wire names.
fn idents(record: &Record, private: &TokenStream) -> Option<TokenStream> {
    let idents = record.wired().map(|field| field.ident.unraw().to_string());
    let idents: Vec<_> = idents.collect();
    let same = record.wired().map(|field| &field.name).eq(&idents);
    (!same).then(|| quote!(const IDENTS: &'static [&'static #private::str] = &[#(#idents),*];))
}
