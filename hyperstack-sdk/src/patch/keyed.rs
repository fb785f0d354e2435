//! Typed entity keys: `#[entity(key(id.round_id: u64))]`.

use super::{Entity, Key};

/// An entity that declares its key: `#[entity(key(id.round_id: u64))]`, or `#[entity(key = "id.mint")]` for text.
///
/// Read the key with [`row.key()`](RowKey::key).
///
/// ```
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// #[entity(key(id.round_id: u64))]
/// pub struct OreRound {
///     pub id: RoundId,
///     pub motherlode: Option<f64>,
/// }
///
/// #[derive(Debug, Clone, PartialEq, Section)]
/// pub struct RoundId {
///     pub round_id: u64,
/// }
///
/// fn latest(rounds: &[OreRound]) -> Option<u64> {
///     rounds.iter().filter_map(|round| round.key().copied()).max()
/// }
/// # let rounds = [4, 2].map(|round_id| OreRound { id: RoundId { round_id }, motherlode: None });
/// # assert_eq!(latest(&rounds), Some(4));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare its key",
    label = "has no key",
    note = "declare the field that holds it: `#[entity(key(id.round_id: u64))]`, or `#[entity(key = \"id.mint\")]` for text"
)]
pub trait Keyed: Entity {
    /// The type of the key.
    type Key: Key;

    /// Returns the key. Call [`key`](RowKey::key) instead.
    #[doc(hidden)]
    fn key_field(&self) -> Option<&Self::Key>;
}

/// The method [`key`](Self::key) of rows.
///
/// It is a trait of its own so that a call on a row without a declared key is an error that says how to declare it.
pub trait RowKey: Entity {
    /// Returns the row's key, or `None` if it is in an `Option` that is `None`.
    fn key(&self) -> Option<&<Self as Keyed>::Key>
    where
        Self: Keyed,
    {
        self.key_field()
    }
}

impl<T: Entity> RowKey for T {}

/// A field on the path of a key. If it is an `Option`, its own method hides the one of [`AnyStep`].
#[derive(Debug)]
pub struct Step<'a, T>(pub &'a T);

impl<'a, T> Step<'a, Option<T>> {
    /// Returns the value in the `Option`.
    pub fn through(self) -> Option<&'a T> {
        self.0.as_ref()
    }
}

/// A field on the path of a key that is not an `Option`.
pub trait AnyStep<'a, T> {
    /// Returns the field.
    fn through(self) -> Option<&'a T>;
}

impl<'a, T> AnyStep<'a, T> for Step<'a, T> {
    fn through(self) -> Option<&'a T> {
        Some(self.0)
    }
}

/// The type of a field with a key that is declared as `T`.
#[diagnostic::on_unimplemented(
    message = "the key is declared as `{T}`, but the field is `{Self}`",
    label = "not the type of the field",
    note = "declare the field's own type, without `Option`: `{Self}`"
)]
pub trait TypedKey<T> {
    /// Returns the key.
    fn typed_key(&self) -> &T;
}

#[diagnostic::do_not_recommend]
impl<T> TypedKey<T> for T {
    fn typed_key(&self) -> &T {
        self
    }
}

/// Returns a key that is declared as `T`.
pub fn typed_key<T, F: TypedKey<T>>(field: &F) -> &T {
    field.typed_key()
}

/// The type of a field with a key in quotes: `String`.
#[diagnostic::on_unimplemented(
    message = "a key in quotes is text, but the field is `{Self}`",
    label = "not a `String`",
    note = "if the key is not text, declare its type: `#[entity(key(id.round_id: u64))]`"
)]
pub trait TextKey {
    /// Returns the key.
    fn text_key(&self) -> &String;
}

#[diagnostic::do_not_recommend]
impl TextKey for String {
    fn text_key(&self) -> &String {
        self
    }
}

/// Returns a key that is text.
pub fn text_key<F: TextKey>(field: &F) -> &String {
    field.text_key()
}
