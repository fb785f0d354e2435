//! The items of a stream.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::patch::Patchable;

/// A change of a row, with the row after the change.
///
/// `data` is always the whole row, so most programs treat `Upsert` and `Patch` alike. If you need the row before the
/// change or the changed fields, use [`RichUpdate`] or [`RowChange`](crate::RowChange).
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { name: Option<String> }
/// # async fn run(hs: HyperStack) {
/// let mut updates = hs.watch::<Token>();
/// while let Some(update) = updates.next().await {
///     match update {
///         Update::Upsert { key, data } => println!("{key} is {data:?}"),
///         Update::Patch { key, data } => println!("{key} is now {data:?}"),
///         Update::Delete { key } => println!("{key} left the view"),
///     }
/// }
/// # }
/// ```
///
/// # As JSON
///
/// If the row derives serde's traits, so does the update. `op` names the kind of change:
///
/// ```
/// use hyperstack_sdk::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, PartialEq, Entity, Serialize, Deserialize)]
/// struct Token {
///     price: f64,
/// }
///
/// let update = Update::Patch { key: "ore".to_owned(), data: Token { price: 1.5 } };
/// let json = r#"{"op":"patch","key":"ore","data":{"price":1.5}}"#;
/// assert_eq!(serde_json::to_string(&update)?, json);
/// assert_eq!(serde_json::from_str::<Update<Token>>(json)?, update);
///
/// let delete = Update::<Token>::Delete { key: "ore".to_owned() };
/// assert_eq!(serde_json::to_string(&delete)?, r#"{"op":"delete","key":"ore"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// To send only the changed fields, use [`RowChange`](crate::RowChange).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Update<T> {
    /// A whole row: from a snapshot, an upsert of the server or a resync.
    ///
    /// A stream starts with one for each current row.
    Upsert {
        /// The row's key.
        key: String,
        /// The row.
        data: T,
    },
    /// The server sent some fields of the row. The row can be new to this stream.
    Patch {
        /// The row's key.
        key: String,
        /// The whole row after the merge.
        data: T,
    },
    /// The row left the stream's rows: it was deleted, left the window, no longer matches the filter, or exceeds the
    /// row limit.
    Delete {
        /// The row's key.
        key: String,
    },
}

impl<T> Update<T> {
    /// Returns the row's key.
    pub fn key(&self) -> &str {
        match self {
            Update::Upsert { key, .. } | Update::Patch { key, .. } | Update::Delete { key } => key,
        }
    }

    /// Returns the row, or `None` for a delete.
    pub fn data(&self) -> Option<&T> {
        match self {
            Update::Upsert { data, .. } | Update::Patch { data, .. } => Some(data),
            Update::Delete { .. } => None,
        }
    }

    /// Returns whether this is a delete.
    pub fn is_delete(&self) -> bool {
        matches!(self, Update::Delete { .. })
    }

    /// Returns whether the update has a row: `true` unless it is a delete.
    pub fn has_data(&self) -> bool {
        !self.is_delete()
    }

    /// Returns the row by value, or `None` for a delete.
    pub fn into_data(self) -> Option<T> {
        match self {
            Update::Upsert { data, .. } | Update::Patch { data, .. } => Some(data),
            Update::Delete { .. } => None,
        }
    }

    /// Returns the row's key by value.
    pub fn into_key(self) -> String {
        match self {
            Update::Upsert { key, .. } | Update::Patch { key, .. } | Update::Delete { key } => key,
        }
    }

    /// Converts the row with `f`. The key and the kind of change stay.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Update<U> {
        match self {
            Update::Upsert { key, data } => Update::Upsert { key, data: f(data) },
            Update::Patch { key, data } => Update::Patch { key, data: f(data) },
            Update::Delete { key } => Update::Delete { key },
        }
    }
}

// Not derived: serde would buffer `data`, which loses integers of more than 64 bits.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Update<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Op {
            Upsert,
            Patch,
            Delete,
        }

        #[derive(Deserialize)]
        #[serde(rename = "Update", bound = "T: Deserialize<'de>")]
        struct Fields<T> {
            op: Op,
            key: String,
            // A row can be null, which a plain `Option` takes for a missing row.
            #[serde(default = "none", deserialize_with = "some")]
            data: Option<T>,
        }

        fn none<T>() -> Option<T> {
            None
        }

        fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
            d: D,
        ) -> Result<Option<T>, D::Error> {
            T::deserialize(d).map(Some)
        }

        let Fields { op, key, data } = Fields::deserialize(deserializer)?;
        let data = || data.ok_or_else(|| serde::de::Error::missing_field("data"));
        Ok(match op {
            Op::Upsert => Update::Upsert { key, data: data()? },
            Op::Patch => Update::Patch { key, data: data()? },
            Op::Delete => Update::Delete { key },
        })
    }
}

/// A change of a row, with the row before and after the change.
///
/// Streams of `watch_rich()` and [`rich()`](crate::Watch::rich) yield it. To test one field, use
/// [`changed`](RichUpdate::changed); for all changes as a typed patch, use [`diff`](RichUpdate::diff).
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { price: f64 }
/// # async fn run(hs: HyperStack) {
/// let mut updates = hs.watch_rich::<Token>();
/// while let Some(update) = updates.next().await {
///     if let RichUpdate::Updated { key, before, after, .. } = &update {
///         println!("{key}: {} -> {}", before.price, after.price);
///     }
/// }
/// # }
/// ```
///
/// # As JSON
///
/// If the row implements `Serialize`, so does the update. It has either the whole row or the changed fields:
///
/// ```
/// use hyperstack_sdk::RichUpdate;
/// use serde_json::json;
///
/// let key = || "ore".to_owned();
/// let (before, after) = (json!({"name": "Ore", "price": 1}), json!({"name": "Ore", "price": 2}));
/// let created = RichUpdate::Created { key: key(), data: before.clone() };
/// let patch = Some(json!({"price": 2}));
/// let updated = RichUpdate::Updated { key: key(), before, after: after.clone(), patch };
/// let deleted = RichUpdate::Deleted { key: key(), last_known: Some(after) };
/// let json = |update| serde_json::to_string(&update);
/// assert_eq!(json(created)?, r#"{"op":"created","key":"ore","data":{"name":"Ore","price":1}}"#);
/// assert_eq!(json(updated)?, r#"{"op":"updated","key":"ore","patch":{"price":2}}"#);
/// assert_eq!(json(deleted)?, r#"{"op":"deleted","key":"ore"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// An `Updated` without a `patch` has the row `after` as `data` instead.
#[derive(Debug, Clone, PartialEq)]
pub enum RichUpdate<T> {
    /// The row is new to this stream.
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
        /// The row before, as this stream last yielded it.
        before: T,
        /// The row after.
        after: T,
        /// The changed fields as JSON. A stream always sets it.
        patch: Option<Value>,
    },
    /// The row left the stream's rows: it was deleted, left the window, no longer matches the filter, or exceeds the
    /// row limit.
    Deleted {
        /// The row's key.
        key: String,
        /// The row before, as this stream last yielded it.
        last_known: Option<T>,
    },
}

impl<T> RichUpdate<T> {
    /// Returns the row's key.
    pub fn key(&self) -> &str {
        match self {
            RichUpdate::Created { key, .. }
            | RichUpdate::Updated { key, .. }
            | RichUpdate::Deleted { key, .. } => key,
        }
    }

    /// Returns the row after the change, or `None` for a delete.
    pub fn data(&self) -> Option<&T> {
        match self {
            RichUpdate::Created { data, .. } => Some(data),
            RichUpdate::Updated { after, .. } => Some(after),
            RichUpdate::Deleted { .. } => None,
        }
    }

    /// Returns the row before the change, or `None` for a new row.
    pub fn before(&self) -> Option<&T> {
        match self {
            RichUpdate::Created { .. } => None,
            RichUpdate::Updated { before, .. } => Some(before),
            RichUpdate::Deleted { last_known, .. } => last_known.as_ref(),
        }
    }

    /// Returns the changed fields as JSON, or `None` for a new row or a delete.
    pub fn patch(&self) -> Option<&Value> {
        match self {
            RichUpdate::Updated { patch, .. } => patch.as_ref(),
            _ => None,
        }
    }

    /// Returns whether the field with this name or dotted path, such as `trading.last_trade_price`, changed.
    ///
    /// Names are wire names. Returns `false` for a new row or a delete. Prefer [`changed`](Self::changed), which the
    /// compiler checks.
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

    /// Returns whether `field` returns different values for the row before and after.
    ///
    /// Read one field (`|token| token.price`), a section (`|token| &token.trading`), or several fields
    /// (`|token| (token.price, token.supply)`). Returns `false` for a new row or a delete.
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

    /// Returns whether the row is new to this stream.
    pub fn is_created(&self) -> bool {
        matches!(self, RichUpdate::Created { .. })
    }

    /// Returns whether an existing row changed.
    pub fn is_updated(&self) -> bool {
        matches!(self, RichUpdate::Updated { .. })
    }

    /// Returns whether this is a delete.
    pub fn is_deleted(&self) -> bool {
        matches!(self, RichUpdate::Deleted { .. })
    }

    /// Converts the rows with `f`. The key, the kind of change and the patch stay.
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

impl<T: Serialize> Serialize for RichUpdate<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (op, data, patch) = match self {
            RichUpdate::Created { data, .. } => ("created", Some(data), None),
            RichUpdate::Updated {
                patch: Some(patch), ..
            } => ("updated", None, Some(patch)),
            RichUpdate::Updated { after, .. } => ("updated", Some(after), None),
            RichUpdate::Deleted { .. } => ("deleted", None, None),
        };
        let fields = 2 + usize::from(op != "deleted");
        let mut json = serializer.serialize_struct("RichUpdate", fields)?;
        json.serialize_field("op", op)?;
        json.serialize_field("key", self.key())?;
        if let Some(data) = data {
            json.serialize_field("data", data)?;
        }
        if let Some(patch) = patch {
            json.serialize_field("patch", patch)?;
        }
        json.end()
    }
}

impl<T: Patchable> RichUpdate<T> {
    /// Returns the changed fields as a typed patch, or `None` for a new row or a delete.
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
