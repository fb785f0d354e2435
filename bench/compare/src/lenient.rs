//! Decoding that the other libraries leave to serde. All of them use it.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::{DisplayFromStr, PickFirst, Same};

/// An integer as a number or in a string, for `serde_with::As`.
pub type Lenient = PickFirst<(Same, DisplayFromStr)>;

/// Arrays of any length, which serde itself does not support.
#[derive(Clone, Copy)]
pub struct Cells<T, const N: usize>([T; N]);

impl<T: Default, const N: usize> Default for Cells<T, N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| T::default()))
    }
}

impl<T: Serialize, const N: usize> Serialize for Cells<T, N> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Cells<T, N> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let cells = Vec::deserialize(d)?;
        let array = <[T; N]>::try_from(cells);
        array
            .map(Self)
            .map_err(|_| D::Error::custom("not as many cells as expected"))
    }
}

pub fn decode<P: DeserializeOwned>(json: &str) -> Result<P, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// The error of a wrong patch, with its path.
pub fn traced<P: DeserializeOwned>(json: &str) -> Option<String> {
    let mut json = serde_json::Deserializer::from_str(json);
    let decoded: Result<P, _> = serde_path_to_error::deserialize(&mut json);
    decoded.err().map(|error| error.to_string())
}

/// Implements `Subject` for rows whose patches are read by serde. A row is the default with a patch of all
/// fields merged in, as a client builds it from a message.
macro_rules! subjects {
    (merge: $merge:expr, diff: $diff:expr, $($row:ty => $patch:ty,)*) => {$(
        impl crate::judge::Subject for $row {
            type Patch = $patch;

            fn row(json: &str) -> Result<Self, String> {
                let mut row = Self::default();
                row.merge(Self::decode(json, &[])?)?;
                Ok(row)
            }

            fn is(&self, json: &str) -> bool {
                let json: serde_json::Value = serde_json::from_str(json).expect("this is JSON");
                serde_json::to_value(self).is_ok_and(|row| row == json)
            }

            fn decode(json: &str, _append: &[&str]) -> Result<$patch, String> {
                crate::lenient::decode(json)
            }

            fn encode(patch: &$patch) -> serde_json::Value {
                serde_json::to_value(patch).expect("patches are JSON")
            }

            fn merge(&mut self, patch: $patch) -> Result<(), String> {
                let merge: fn(&mut Self, $patch) -> Result<(), String> = $merge;
                merge(self, patch)
            }

            fn diff(&self, later: &Self) -> Option<$patch> {
                let diff: fn(&Self, &Self) -> Option<$patch> = $diff;
                diff(self, later)
            }

            fn traced(json: &str) -> Option<String> {
                crate::lenient::traced::<$patch>(json)
            }
        }
    )*};
}

pub(crate) use subjects;
