//! The order of a v2 view.

use crate::session::rank::{Rank, RankValue};
use crate::wire::{Direction, Scalar};

/// The class of rows without a value, behind all others in both directions.
const MISSING: u8 = u8::MAX;

/// Ranks a row by its sort value: booleans, then numbers and integers in text, then text by its bytes, all of
/// it reversed for a descending order; rows without a value come last.
pub(crate) fn rank(value: Scalar, direction: Direction) -> Rank {
    let (class, value) = match value {
        Scalar::Null => (MISSING, RankValue::Arrival(0)),
        Scalar::Bool(value) => (0, RankValue::Bool(value)),
        Scalar::Integer(value) => (1, RankValue::Integer(value)),
        // Adding zero turns `-0.0` into `0.0`, which equals the integer.
        Scalar::Float(value) => (1, RankValue::Float(value + 0.0)),
        Scalar::Text(text) => (2, RankValue::Text(text.into())),
    };
    let descending = direction == Direction::Descending;
    let class = match class {
        MISSING => MISSING,
        class if descending => 2 - class,
        class => class,
    };
    Rank {
        class,
        value,
        descending,
    }
}
