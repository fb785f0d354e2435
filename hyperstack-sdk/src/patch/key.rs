//! Keys, which are text on the wire and typed in Rust.

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

/// A type for the keys of rows and of JSON objects.
///
/// Its `Display` output is the key's text on the wire, also in reads by key such as
/// `views.state().get(key)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "does not implement `Key`",
    note = "use a `String`, an integer, a `char` or a `bool`",
    note = "or implement `hyperstack_sdk::Key`: `parse` reads a key, and `Display` writes it"
)]
pub trait Key: Clone + Debug + Display + Ord + Hash + Send + Sync + 'static {
    /// Parses a key. Returns `None` if `text` is not a valid key.
    fn parse(text: &str) -> Option<Self>;

    /// Returns the key as text (default: the `Display` output).
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

#[diagnostic::do_not_recommend]
impl Key for String {
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

macro_rules! keys {
    ($parse:expr => $($key:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Key for $key {
            fn parse(text: &str) -> Option<Self> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text)
            }
        }
    )*};
}

keys! { decimal => u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }
keys! { |text| text.parse().ok() => char bool }

/// Parses an integer in its usual spelling only, so that two keys of an object are never the same number.
fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if text == "0" || digits.starts_with(|c: char| ('1'..='9').contains(&c)) {
        text.parse().ok()
    } else {
        None
    }
}
