//! The items of a stream: what happened to which row.

use serde_json::Value;

use crate::patch::Patchable;

/// A change of a row, with the row as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update<T> {
    /// The whole row came: in a snapshot, by an upsert, after a resync that changed it, or because
    /// it was there when this reader came.
    Upsert {
        /// The row's key.
        key: String,
        /// The row.
        data: T,
    },
    /// Some fields came, the first of a row included.
    Patch {
        /// The row's key.
        key: String,
        /// The row after the merge.
        data: T,
    },
    /// The row was deleted, left the view's window, or was evicted from the cache.
    Delete {
        /// The row's key.
        key: String,
    },
}

impl<T> Update<T> {
    /// The row's key.
    pub fn key(&self) -> &str {
        match self {
            Update::Upsert { key, .. } | Update::Patch { key, .. } | Update::Delete { key } => key,
        }
    }

    /// The row, unless this is a delete.
    pub fn data(&self) -> Option<&T> {
        match self {
            Update::Upsert { data, .. } | Update::Patch { data, .. } => Some(data),
            Update::Delete { .. } => None,
        }
    }

    /// Whether the row is gone.
    pub fn is_delete(&self) -> bool {
        matches!(self, Update::Delete { .. })
    }

    /// Whether there is a row.
    pub fn has_data(&self) -> bool {
        !self.is_delete()
    }

    /// The row, unless this is a delete.
    pub fn into_data(self) -> Option<T> {
        match self {
            Update::Upsert { data, .. } | Update::Patch { data, .. } => Some(data),
            Update::Delete { .. } => None,
        }
    }

    /// The row's key.
    pub fn into_key(self) -> String {
        match self {
            Update::Upsert { key, .. } | Update::Patch { key, .. } | Update::Delete { key } => key,
        }
    }

    /// The same change of another form of the row.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Update<U> {
        match self {
            Update::Upsert { key, data } => Update::Upsert { key, data: f(data) },
            Update::Patch { key, data } => Update::Patch { key, data: f(data) },
            Update::Delete { key } => Update::Delete { key },
        }
    }
}

/// A change of a row, with the row before and after.
#[derive(Debug, Clone, PartialEq)]
pub enum RichUpdate<T> {
    /// This reader had no such row.
    Created {
        /// The row's key.
        key: String,
        /// The row.
        data: T,
    },
    /// The row changed.
    Updated {
        /// The row's key.
        key: String,
        /// The row as this reader had it.
        before: T,
        /// The row as it is now.
        after: T,
        /// The JSON of what differs between the two, whatever frames made the difference.
        patch: Option<Value>,
    },
    /// The row was deleted, left the view's window, or was evicted from the cache.
    Deleted {
        /// The row's key.
        key: String,
        /// The row as this reader had it.
        last_known: Option<T>,
    },
}

impl<T> RichUpdate<T> {
    /// The row's key.
    pub fn key(&self) -> &str {
        match self {
            RichUpdate::Created { key, .. }
            | RichUpdate::Updated { key, .. }
            | RichUpdate::Deleted { key, .. } => key,
        }
    }

    /// The row as it is now, unless it is gone.
    pub fn data(&self) -> Option<&T> {
        match self {
            RichUpdate::Created { data, .. } => Some(data),
            RichUpdate::Updated { after, .. } => Some(after),
            RichUpdate::Deleted { .. } => None,
        }
    }

    /// The row as this reader had it.
    pub fn before(&self) -> Option<&T> {
        match self {
            RichUpdate::Created { .. } => None,
            RichUpdate::Updated { before, .. } => Some(before),
            RichUpdate::Deleted { last_known, .. } => last_known.as_ref(),
        }
    }

    /// The JSON of what changed; only an update of a row has it.
    pub fn patch(&self) -> Option<&Value> {
        match self {
            RichUpdate::Updated { patch, .. } => patch.as_ref(),
            _ => None,
        }
    }

    /// Whether the field changed: a name, or a dotted path such as `trading.last_trade_price`.
    ///
    /// Names are those of the wire. `false` for rows that were created or deleted.
    pub fn has_patch_field(&self, path: &str) -> bool {
        let step = |json: &'_ Value, name: &str| json.get(name).is_some();
        let Some(mut json) = self.patch() else {
            return false;
        };
        if step(json, path) {
            return true;
        }
        path.split('.').all(|name| match json.get(name) {
            Some(inner) => {
                json = inner;
                true
            }
            None => false,
        })
    }

    /// Whether what `field` reads from a row changed. `false` for rows that were created or deleted.
    ///
    /// The compiler knows the field, and no name is spelled out: `update.changed(|token| token.price)`
    /// asks for one field, `|token| &token.trading` for a section, `|token| (token.price, token.supply)`
    /// for either of two.
    ///
    /// ```
    /// use hyperstack_sdk::prelude::*;
    ///
    /// #[derive(Debug, Clone, PartialEq, Entity)]
    /// struct Round {
    ///     state: State,
    ///     winners: Vec<String>,
    /// }
    ///
    /// #[derive(Debug, Clone, PartialEq, Section)]
    /// struct State {
    ///     motherlode: Option<f64>,
    /// }
    ///
    /// fn report(update: &RichUpdate<Round>) {
    ///     if update.changed(|round| round.state.motherlode) {
    ///         println!("the motherlode changed: {:?}", update.data());
    ///     }
    /// }
    /// # let round = |motherlode| Round { state: State { motherlode }, winners: Vec::new() };
    /// # let (before, after, key) = (round(None), round(Some(1.0)), String::new());
    /// # let update = RichUpdate::Updated { key, before, after, patch: None };
    /// # report(&update);
    /// # assert!(update.changed(|round| round.state.motherlode));
    /// # assert!(!update.changed(|round| &round.winners));
    /// ```
    pub fn changed<'a, F: PartialEq>(&'a self, field: impl Fn(&'a T) -> F) -> bool {
        match self {
            RichUpdate::Updated { before, after, .. } => field(before) != field(after),
            _ => false,
        }
    }

    /// Whether the row is new.
    pub fn is_created(&self) -> bool {
        matches!(self, RichUpdate::Created { .. })
    }

    /// Whether the row changed.
    pub fn is_updated(&self) -> bool {
        matches!(self, RichUpdate::Updated { .. })
    }

    /// Whether the row is gone.
    pub fn is_deleted(&self) -> bool {
        matches!(self, RichUpdate::Deleted { .. })
    }

    /// The same change of another form of the row.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> RichUpdate<U> {
        match self {
            RichUpdate::Created { key, data } => RichUpdate::Created { key, data: f(data) },
            RichUpdate::Updated {
                key,
                before,
                after,
                patch,
            } => RichUpdate::Updated {
                key,
                before: f(before),
                after: f(after),
                patch,
            },
            RichUpdate::Deleted { key, last_known } => RichUpdate::Deleted {
                key,
                last_known: last_known.map(f),
            },
        }
    }
}

impl<T: Patchable> RichUpdate<T> {
    /// What changed, as the row's typed patch; only an update of a row has it.
    ///
    /// ```
    /// use hyperstack_sdk::prelude::*;
    ///
    /// #[derive(Debug, Clone, PartialEq, Entity)]
    /// struct Player {
    ///     score: i64,
    /// }
    ///
    /// let update = RichUpdate::Updated {
    ///     key: "ada".to_owned(),
    ///     before: Player { score: 1 },
    ///     after: Player { score: 5 },
    ///     patch: None,
    /// };
    /// assert_eq!(update.diff().unwrap().score, Some(Some(5)));
    /// ```
    pub fn diff(&self) -> Option<T::Patch> {
        match self {
            RichUpdate::Updated { before, after, .. } => Some(before.diff(after)),
            _ => None,
        }
    }
}
