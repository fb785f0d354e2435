//! The order of a v1 view, with the server's quirks.

use crate::session::rank::{Rank, RankValue};
use crate::wire::{Direction, Scalar};

/// Ranks a row by its sort value. `arrival` counts the values ranked so far.
///
/// A v1 server puts rows without a value first in both directions. Its order of text does not follow the
/// direction that it announces, but it sends whole windows in its own order, so text keeps the order in
/// which it arrived.
pub(crate) fn rank(value: Scalar, direction: Direction, arrival: u64) -> Rank {
    let (class, value) = match value {
        Scalar::Null => (0, RankValue::Arrival(arrival)),
        Scalar::Bool(value) => (1, RankValue::Bool(value)),
        Scalar::Integer(value) => (2, RankValue::Integer(value)),
        // Adding zero turns `-0.0` into `0.0`, which equals the integer.
        Scalar::Float(value) => (2, RankValue::Float(value + 0.0)),
        Scalar::Text(_) => (3, RankValue::Arrival(arrival)),
    };
    let is_directed = !matches!(value, RankValue::Arrival(_));
    Rank {
        class,
        value,
        descending: is_directed && direction == Direction::Descending,
    }
}
