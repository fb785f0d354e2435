//! Where a row stands in a sorted view.

use std::cmp::Ordering;
use std::sync::Arc;

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
    /// When the value arrived, as a count.
    Arrival(u64),
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(Arc<str>),
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
    /// Exact: an integer beyond 2^53 is not rounded to be compared with a float.
    fn compare(&self, other: &RankValue) -> Ordering {
        use RankValue::{Arrival, Bool, Float, Integer, Text};
        match (self, other) {
            (Arrival(a), Arrival(b)) => a.cmp(b),
            (Bool(a), Bool(b)) => a.cmp(b),
            (Integer(a), Integer(b)) => a.cmp(b),
            (Float(a), Float(b)) => a.total_cmp(b),
            (Text(a), Text(b)) => a.cmp(b),
            (Integer(a), Float(b)) => compare_mixed(*a, *b),
            (Float(a), Integer(b)) => compare_mixed(*b, *a).reverse(),
            // Values of one class are of one kind.
            _ => Ordering::Equal,
        }
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
