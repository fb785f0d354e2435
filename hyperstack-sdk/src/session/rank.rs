//! The rank of a row in a sorted view.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::wire::Seq;

/// A row's rank by its sort value: first by class, then by value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rank {
    /// The class of the value. Classes follow each other in this order.
    pub(super) class: u8,
    pub(super) value: RankValue,
    /// Whether greater values come first within the class.
    pub(super) descending: bool,
}

/// What is compared within a class.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RankValue {
    /// There is no value. All such rows are equal.
    Missing,
    /// When the value arrived, as a count.
    Arrival(u64),
    Bool(bool),
    Integer(i128),
    /// An integer that an `i128` cannot hold.
    BigInteger(BigInteger),
    Float(f64),
    Text(Arc<str>),
    Position(Seq),
}

/// An integer beyond the range of `i128`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BigInteger {
    pub(super) is_negative: bool,
    /// Its digits without leading zeros.
    pub(super) digits: Arc<str>,
}

impl Rank {
    /// Whether the rank depends on when the value arrived.
    pub(crate) fn is_by_arrival(&self) -> bool {
        matches!(self.value, RankValue::Arrival(_))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_class = self.class.cmp(&other.class);
        by_class.then_with(|| {
            let by_value = self.value.compare(&other.value);
            if self.descending {
                by_value.reverse()
            } else {
                by_value
            }
        })
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Rank {}

impl RankValue {
    /// Compares exactly: an integer beyond 2^53 is not rounded for a comparison with a float.
    fn compare(&self, other: &RankValue) -> Ordering {
        use RankValue::{Arrival, BigInteger, Bool, Float, Integer, Position, Text};
        match (self, other) {
            (Arrival(a), Arrival(b)) => a.cmp(b),
            (Bool(a), Bool(b)) => a.cmp(b),
            (Integer(a), Integer(b)) => a.cmp(b),
            (Float(a), Float(b)) => a.total_cmp(b),
            (Text(a), Text(b)) => a.cmp(b),
            (Integer(a), Float(b)) => compare_mixed(*a, *b),
            (Float(a), Integer(b)) => compare_mixed(*b, *a).reverse(),
            (BigInteger(a), BigInteger(b)) => a.cmp(b),
            (BigInteger(a), Integer(_)) => a.compare_with_small(),
            (Integer(_), BigInteger(b)) => b.compare_with_small().reverse(),
            (Position(a), Position(b)) => a.cmp(b),
            // Unreachable: all values of one class are of one kind.
            _ => Ordering::Equal,
        }
    }
}

impl BigInteger {
    /// Compares with any `i128`. The sign decides.
    fn compare_with_small(&self) -> Ordering {
        if self.is_negative {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    }
}

impl Ord for BigInteger {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = other.is_negative.cmp(&self.is_negative);
        by_sign.then_with(|| {
            let by_length = self.digits.len().cmp(&other.digits.len());
            let by_size = by_length.then_with(|| self.digits.cmp(&other.digits));
            if self.is_negative {
                by_size.reverse()
            } else {
                by_size
            }
        })
    }
}

impl PartialOrd for BigInteger {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare_mixed(integer: i128, float: f64) -> Ordering {
    /// 2^127, the first float beyond an i128.
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    let floor = float.floor();
    let by_fraction = if float > floor {
        Ordering::Less
    } else {
        Ordering::Equal
    };
    integer.cmp(&(floor as i128)).then(by_fraction)
}
