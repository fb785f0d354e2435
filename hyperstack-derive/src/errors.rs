//! Collects all errors of an item, so that they are reported at once.

use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote, ToTokens};
use std::fmt::Display;
use syn::ext::IdentExt;
use syn::{DeriveInput, Error};

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Errors(Vec<Error>);

impl Errors {
    /// Adds an error at these tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.0.push(Error::new_spanned(tokens, message));
    }

    /// Adds an error of a parser.
    pub(crate) fn push(&mut self, error: Error) {
        self.0.push(error);
    }

    /// Returns the number of errors.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    fn into_tokens(self) -> TokenStream {
        self.0.iter().map(Error::to_compile_error).collect()
    }
}

/// Runs a derive, and returns its code with all errors. If there is no code, because the item has the wrong shape or
/// does not parse, returns empty structs with the names that other code may use: the item's name with each of
/// `suffixes`.
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

/// Returns a unit struct for each name, with the item's visibility.
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
    fn stubs_are_generated_for_an_item_that_does_not_parse() {
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
