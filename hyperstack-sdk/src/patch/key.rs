//! Keys: text on the wire, typed in Rust.

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

/// A type whose values are written as the keys of a JSON object, or name an entity.
///
/// What is displayed of it is the key's text: reads by key, such as `views.state().get(round.key())`,
/// take what is displayed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "has no `Key`",
    note = "a key is a `String`, an integer, a `char` or a `bool`",
    note = "or implement `hyperstack_sdk::Key`, which says how a text is read as the type; what is displayed is written"
)]
pub trait Key: Clone + Debug + Display + Ord + Hash + Send + Sync + 'static {
    /// The key that `text` is, if it is one.
    fn parse(text: &str) -> Option<Self>;

    /// The key as text: what is displayed.
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

/// An integer as it is written: two keys of an object are never the same number.
fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match text == "0" || digits.starts_with(|c: char| ('1'..='9').contains(&c)) {
        true => text.parse().ok(),
        false => None,
    }
}
