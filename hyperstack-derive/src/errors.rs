//! All mistakes of an item, collected, so that they are reported at once.

use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote, ToTokens};
use std::fmt::Display;
use syn::ext::IdentExt;
use syn::{DeriveInput, Error};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Vec<Error>);

impl Errors {
    /// Adds a mistake at these tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.0.push(Error::new_spanned(tokens, message));
    }

    /// Adds a mistake that a parser found.
    pub(crate) fn push(&mut self, error: Error) {
        self.0.push(error);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    fn into_tokens(self) -> TokenStream {
        self.0.iter().map(Error::to_compile_error).collect()
    }
}

/// Runs a derive: its code, and beside it every mistake. Where there is no code, because the item is
/// not what it should be or was not understood at all, the names that others may use are there still:
/// the item's own, with one of `suffixes` behind it.
pub(crate) fn run(
    input: proc_macro::TokenStream,
    suffixes: &[&str],
    derive: impl FnOnce(DeriveInput, &mut Errors) -> Option<TokenStream>,
) -> proc_macro::TokenStream {
    let input = TokenStream::from(input);
    let mut errors = Errors::default();
    let code = match syn::parse2(input.clone()) {
        Ok(input) => derive(input, &mut errors),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let mut tokens = errors.into_tokens();
    tokens.extend(code.or_else(|| stubs(input, suffixes)));
    tokens.into()
}

/// A struct without fields for each of the names, as visible as the item.
fn stubs(item: TokenStream, suffixes: &[&str]) -> Option<TokenStream> {
    let mut tokens = item.into_iter().peekable();
    let mut vis = TokenStream::new();
    let keyword = ["struct", "enum", "union"];
    let ident = loop {
        match tokens.next()? {
            TokenTree::Ident(word) if keyword.iter().any(|keyword| word == keyword) => {
                let Some(TokenTree::Ident(ident)) = tokens.next() else {
                    return None;
                };
                break ident;
            }
            TokenTree::Ident(word) if word == "pub" => {
                vis.extend([TokenTree::from(word)]);
                let inside = tokens.next_if(|token| matches!(token, TokenTree::Group(_)));
                vis.extend(inside);
            }
            _ => {}
        }
    };
    let names = suffixes.iter();
    let names = names.map(|suffix| format_ident!("{}{suffix}", ident.unraw()));
    Some(quote!(#(#[doc(hidden)] #[allow(dead_code)] #vis struct #names;)*))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_an_item_outlive_its_inside() {
        let broken = quote!(#[view(latest)] pub(crate) struct Round<T> { a: , : b });
        assert!(syn::parse2::<DeriveInput>(broken.clone()).is_err());
        let names = stubs(broken, &["Patch", "Entity"]).expect("names");
        let file: syn::File = syn::parse2(names).expect("structs");
        let names = file.items.iter().map(|item| match item {
            syn::Item::Struct(item) => item.to_token_stream().to_string(),
            _ => String::new(),
        });
        let names: Vec<_> = names.collect();
        assert!(
            names[0].ends_with("pub (crate) struct RoundPatch ;"),
            "{names:?}"
        );
        assert!(
            names[1].ends_with("pub (crate) struct RoundEntity ;"),
            "{names:?}"
        );
    }
}
