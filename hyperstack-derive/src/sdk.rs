//! Paths into the SDK.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// Returns the path to the SDK's hidden module, for expansions only.
///
/// Its name contains the version, so that the code of a derive does not compile with another version of the SDK.
pub(crate) fn private(krate: &TokenStream) -> TokenStream {
    let version = env!("CARGO_PKG_VERSION").replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let module = format_ident!("__private_{version}");
    quote!(#krate::#module)
}
