//! Maps: merged key by key.

use super::context::Context;
use super::entry::Entry;
use super::error::PatchError;
use super::field::{Field, Rule, Slot, Value};
use super::filter::{Asked, FilterError};
use super::key::Key;
use super::paths::Paths;
use super::slot::{SlotRef, SlotSeed};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serializer};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;

/// A change of a map: a change or null for each key. A null removes its key, or sets it to null if the map's value type
/// is nullable.
pub type MapPatch<K, P> = BTreeMap<K, Option<P>>;

/// The common interface of `BTreeMap` and `HashMap`.
pub trait Map: Value + Default {
    /// The map's key.
    type Key: Key;
    /// The map's value.
    type Item;
    /// Returns the item of a key.
    fn item(&self, key: &Self::Key) -> Option<&Self::Item>;
    /// Returns the item of a key, mutably.
    fn item_mut(&mut self, key: &Self::Key) -> Option<&mut Self::Item>;
    /// Sets the item of a key.
    fn put(&mut self, key: Self::Key, item: Self::Item);
    /// Removes a key, and returns whether it was present.
    fn take(&mut self, key: &Self::Key) -> bool;
    /// Iterates over all keys and items.
    fn items(&self) -> impl Iterator<Item = (&Self::Key, &Self::Item)>;
}

macro_rules! maps {
    ($($map:ident<K, V $(, $hasher:ident)?>;)*) => {$(
        impl<K, V, $($hasher)?> Map for $map<K, V $(, $hasher)?>
        where
            K: Key,
            V: Value,
            $($hasher: BuildHasher + Default + Clone + Send + Sync + 'static)?
        {
            type Key = K;
            type Item = V;

            fn item(&self, key: &K) -> Option<&V> {
                self.get(key)
            }

            fn item_mut(&mut self, key: &K) -> Option<&mut V> {
                self.get_mut(key)
            }

            fn put(&mut self, key: K, item: V) {
                self.insert(key, item);
            }

            fn take(&mut self, key: &K) -> bool {
                self.remove(key).is_some()
            }

            fn items(&self) -> impl Iterator<Item = (&K, &V)> {
                self.iter()
            }
        }

        impl<K, V, $($hasher)?> Field for $map<K, V $(, $hasher)?>
        where
            K: Key,
            V: Field,
            $($hasher: BuildHasher + Default + Clone + Send + Sync + 'static)?
        {
            type Change = MapPatch<K, V::Change>;
            type Rule = ByKey<V::Rule>;

            fn decode_field<'de, D: Deserializer<'de>>(
                d: D,
                cx: &mut Context<'_>,
            ) -> Result<Self::Change, D::Error> {
                d.deserialize_map(Entries::<K, V>(cx, PhantomData))
            }

            fn encode_field<S: Serializer>(patch: &Self::Change, s: S) -> Result<S::Ok, S::Error> {
                let mut map = s.serialize_map(Some(patch.len()))?;
                for (key, slot) in patch {
                    map.serialize_entry(&*key.text(), &SlotRef::<V, _>(slot))?;
                }
                map.end()
            }
        }
    )*};
}

maps! {
    BTreeMap<K, V>;
    HashMap<K, V, H>;
}

/// Decodes the change of a map.
struct Entries<'c, 'a, K, V>(&'c mut Context<'a>, PhantomData<(K, V)>);

impl<'de, K: Key, V: Field> Visitor<'de> for Entries<'_, '_, K, V> {
    type Value = MapPatch<K, V::Change>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = MapPatch::new();
        while let Some(text) = map.next_key::<String>()? {
            if self.0.reads_units() {
                let mut entry = Entry(map.next_value()?);
                let decoded = self.0.unit(&text, entry.is_null(), |cx| {
                    let key = parse_key::<K, serde_json::Error>(&text)?;
                    Ok((key, entry.next_value_seed(SlotSeed::<V, _>::new(cx))?))
                });
                entries.extend(decoded);
                continue;
            }
            // A survey treats all entries of a map as one object.
            let name = if self.0.survey().is_some() {
                "*"
            } else {
                &text
            };
            let (key, slot) = self.0.under(name, |cx| {
                let key = parse_key::<K, A::Error>(&text)?;
                Ok((key, map.next_value_seed(SlotSeed::<V, _>::new(cx))?))
            })?;
            entries.insert(key, slot);
        }
        Ok(entries)
    }
}

fn parse_key<K: Key, E: Error>(text: &str) -> Result<K, E> {
    K::parse(text).ok_or_else(|| {
        let kind = std::any::type_name::<K>();
        E::custom(format_args!("invalid key {text:?}, expected {kind}"))
    })
}

/// The rule of maps, given the rule of their values: empty if never sent.
#[derive(Debug)]
pub struct ByKey<R>(PhantomData<R>);

impl<R> ByKey<R> {
    /// Whether this entry of a patch removes its key from the map.
    fn removes<V, P>(slot: &Option<P>) -> bool
    where
        R: Rule<V, P>,
    {
        slot.is_none() && R::null().is_none()
    }
}

impl<M, P, R> Rule<M, MapPatch<M::Key, P>> for ByKey<R>
where
    M: Map,
    M::Item: PartialEq,
    R: Rule<M::Item, P>,
{
    fn absent() -> Result<M, PatchError> {
        Ok(M::default())
    }

    fn make(patch: MapPatch<M::Key, P>) -> Result<M, PatchError> {
        let mut value = M::default();
        Self::merge(&mut value, patch)?;
        Ok(value)
    }

    fn check(base: Option<&M>, patch: &MapPatch<M::Key, P>) -> Result<(), PatchError> {
        let patched = |(key, slot): (&M::Key, &Option<P>)| match slot {
            Some(patch) => R::check(base.and_then(|base| base.item(key)), patch)
                .map_err(|error| error.at(&key.text())),
            None => Ok(()),
        };
        patch.iter().try_for_each(patched)
    }

    fn holds(value: &M, patch: &MapPatch<M::Key, P>) -> bool {
        patch.iter().all(|(key, slot)| match value.item(key) {
            Some(item) => R::holds_slot(item, slot),
            None => Self::removes(slot),
        })
    }

    fn merge(value: &mut M, patch: MapPatch<M::Key, P>) -> Result<bool, PatchError> {
        let mut changed = false;
        for (key, slot) in patch {
            changed |= if Self::removes(&slot) {
                value.take(&key)
            } else if let Some(item) = value.item_mut(&key) {
                R::merge_slot(item, &mut Some(slot)).map_err(|error| error.at(&key.text()))?
            } else {
                let item = R::build_slot(Some(slot)).map_err(|error| error.at(&key.text()))?;
                value.put(key, item);
                true
            };
        }
        Ok(changed)
    }

    fn then(first: &mut MapPatch<M::Key, P>, second: MapPatch<M::Key, P>) {
        for (key, slot) in second {
            let mut both = first.remove(&key);
            R::then_slot(&mut both, &mut Some(slot));
            first.extend(both.map(|slot| (key, slot)));
        }
    }

    fn diff(value: &M, later: &M) -> Slot<MapPatch<M::Key, P>> {
        let set = later.items().filter_map(|(key, later)| {
            let slot = match value.item(key) {
                Some(value) => R::diff(value, later),
                None => R::whole(later),
            };
            slot.map(|slot| (key.clone(), slot))
        });
        let mut patch: MapPatch<_, _> = set.collect();
        if R::null().is_none() {
            let gone = value.items().filter(|(key, _)| later.item(key).is_none());
            patch.extend(gone.map(|(key, _)| (key.clone(), None)));
        }
        (!patch.is_empty()).then_some(Some(patch))
    }

    fn whole(value: &M) -> Slot<MapPatch<M::Key, P>> {
        let items = value.items();
        let set = items.filter_map(|(key, item)| Some((key.clone(), R::whole(item)?)));
        Some(Some(set.collect()))
    }

    fn answers(asked: Asked<'_>) -> Result<(), FilterError> {
        asked.of_items::<M::Item, P, R>()
    }

    fn paths(patch: &MapPatch<M::Key, P>, at: &mut Paths) {
        if patch.is_empty() {
            at.empty();
        }
        for (key, slot) in patch {
            at.under(&key.text(), |at| R::slot_paths(slot, at));
        }
    }
}
