//! For rows, errors and reasons that are serialized with serde.

use std::error::Error;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Deserializes an `Option<Option<T>>` field with serde: null is `Some(None)`.
///
/// Without it, serde reads null as `None`, which means "never sent". Together with `skip_serializing_if`, a row that
/// you serialize and deserialize is equal to the original. The derives accept this `deserialize_with` and no other.
///
/// ```
/// use hyperstack_sdk::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, PartialEq, Entity, Serialize, Deserialize)]
/// struct Round {
///     #[serde(
///         default,
///         skip_serializing_if = "Option::is_none",
///         deserialize_with = "hyperstack_sdk::nullable"
///     )]
///     expires_at: Option<Option<i64>>,
/// }
///
/// for (expires_at, json) in [
///     (None, "{}"),
///     (Some(None), r#"{"expires_at":null}"#),
///     (Some(Some(7)), r#"{"expires_at":7}"#),
/// ] {
///     let round = Round { expires_at };
///     assert_eq!(serde_json::to_string(&round)?, json);
///     assert_eq!(serde_json::from_str::<Round>(json)?, round);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
///
/// The deserializer's error.
pub fn nullable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Returns an error's message, followed by the messages of those causes that it does not repeat.
fn text(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        source = cause.source();
    }
    text
}

macro_rules! as_text {
    ($($(#[$attribute:meta])* $error:path,)*) => {$(
        /// Serializes the error and its causes as text.
        $(#[$attribute])*
        impl Serialize for $error {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&text(self))
            }
        }
    )*};
}

as_text! {
    crate::session::ConfigError,
    crate::session::ConnectError,
    crate::session::ConnectionLost,
    crate::session::CloseReason,
    crate::session::TooManySubscriptions,
    crate::patch::DecodeError,
    crate::patch::PatchError,
    crate::patch::FilterError,
    crate::wire::FrameError,
    crate::stream::RowError,
    crate::stream::RowErrorCause,
    crate::stream::StreamError,
    crate::stream::EndReason,
    #[cfg(feature = "client")]
    crate::engine::Fault,
    #[cfg(feature = "client")]
    crate::view::ReadError,
    #[cfg(feature = "client")]
    crate::store::MissingField,
}

#[cfg(test)]
mod tests {
    use crate::stream::{EndReason, StreamError};

    #[derive(Debug, thiserror::Error)]
    #[error("cannot connect")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn the_text_has_each_cause_once() {
        let text = super::text(&Outer(std::fmt::Error));
        assert_eq!(text, format!("cannot connect: {}", std::fmt::Error));
        let error = StreamError::Ended(EndReason::NothingToWatch);
        assert_eq!(super::text(&error), error.to_string());
    }

    #[test]
    fn an_error_is_text() {
        let json = serde_json::to_string(&Err::<u8, _>(StreamError::Lagged { missed: 2 }));
        let text = r#"{"Err":"2 changes were dropped because the reader was too slow"}"#;
        assert_eq!(json.unwrap(), text);
    }
}
