//! The subscriptions of a connection.

use crate::contender::Generation;
use crate::frames::Of;
use crate::request::Subscription;
use crate::view::Part;
use std::collections::HashMap;

pub struct Subscriptions {
    of: Of,
    ids: Vec<(String, Part)>,
    /// Those that get every update, as indices.
    whole: Vec<usize>,
    /// Those that get the updates of a row.
    by_row: HashMap<u32, Vec<usize>>,
}

impl Subscriptions {
    pub fn new(of: Of) -> Self {
        Subscriptions {
            of,
            ids: Vec::new(),
            whole: Vec::new(),
            by_row: HashMap::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.by_row.is_empty()
    }

    pub fn add(&mut self, subscription: Subscription) {
        self.ids.push((subscription.id, subscription.part));
        self.sort();
    }

    pub fn remove(&mut self, id: &str) {
        self.ids.retain(|(its, _)| its != id);
        self.sort();
    }

    /// Returns the ids of the subscriptions that get the updates of a row.
    pub fn of_row(&self, row: u32) -> impl Iterator<Item = &str> {
        let of_row = self.by_row.get(&row).into_iter().flatten();
        let indices = self.whole.iter().chain(of_row);
        indices.map(|index| self.ids[*index].0.as_str())
    }

    fn sort(&mut self) {
        self.whole.clear();
        self.by_row.clear();
        if self.of.generation == Generation::V1 {
            // A v1 frame names a view and a key, not a subscription, and the connection gets each update once.
            self.whole.extend(self.ids.first().map(|_| 0));
            return;
        }
        for (index, (_, part)) in self.ids.iter().enumerate() {
            match part {
                Part::List | Part::Tape => self.whole.push(index),
                Part::Key(_) | Part::Window { .. } => {
                    for row in self.of.rows_of(part) {
                        self.by_row.entry(row).or_default().push(index);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::key;
    use crate::scenario::find;
    use serde_json::Value;

    fn subscriptions(generation: Generation) -> Subscriptions {
        let scenario = find("one-100").unwrap();
        let mut subscriptions = Subscriptions::new(Of::new(&scenario, generation));
        assert!(subscriptions.is_empty());
        let parts = [
            Part::List,
            Part::Key(key(99)),
            Part::Window { skip: 0, take: 10 },
            Part::Window { skip: 5, take: 95 },
        ];
        for (id, part) in ["a", "b", "c", "d"].into_iter().zip(parts) {
            subscriptions.add(Subscription {
                id: id.to_owned(),
                part,
                query: Value::Null,
                snapshot: true,
            });
        }
        assert!(!subscriptions.is_empty());
        subscriptions
    }

    #[test]
    fn an_update_goes_to_each_v2_subscription_that_it_matches() {
        let mut subscriptions = subscriptions(Generation::V2);
        let ids = |subscriptions: &Subscriptions, row| {
            subscriptions.of_row(row).collect::<Vec<_>>().concat()
        };
        // The last row is the first of the sorted view.
        assert_eq!(ids(&subscriptions, 99), "abc");
        assert_eq!(ids(&subscriptions, 92), "acd");
        assert_eq!(ids(&subscriptions, 0), "ad");
        subscriptions.remove("a");
        assert_eq!(ids(&subscriptions, 0), "d");
    }

    #[test]
    fn a_v1_connection_gets_an_update_once() {
        let subscriptions = subscriptions(Generation::V1);
        assert_eq!(subscriptions.of_row(0).count(), 1);
    }
}
