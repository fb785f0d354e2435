//! All mistakes of an item, collected, so that they are reported at once.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::fmt::Display;
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

/// Runs a derive: its code, if it could write any, and beside it every mistake.
pub(crate) fn run(
    input: proc_macro::TokenStream,
    derive: impl FnOnce(DeriveInput, &mut Errors) -> Option<TokenStream>,
) -> proc_macro::TokenStream {
    let mut errors = Errors::default();
    let code = match syn::parse(input) {
        Ok(input) => derive(input, &mut errors),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let mut tokens = errors.into_tokens();
    tokens.extend(code);
    tokens.into()
}
