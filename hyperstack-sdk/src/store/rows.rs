//! The table: rows by key, patched in place, in the view's order.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::index::Index;
use super::order::{Order, RowId};
use super::repair::{self, Fault, Stale};
use crate::patch::record::Fields;
use crate::patch::{is_within, DecodeError, Patch, PatchError, PatchErrorKind, Record};
use crate::session::{Guard, Mark, RemovalCause, Version};
use crate::stream::{Change, ChangeKind, RowErrorCause};
use crate::wire::{Protocol, Seq, Sort};

/// The maximum length, in bytes, of a patch that is copied without its position and version.
const MOST_COPIED: usize = 4 << 10;

/// The rows of one view as one Rust type.
#[derive(Debug)]
pub(super) struct Rows<T: Record> {
    index: Index,
    slots: Vec<Option<TableRow<T>>>,
    free: Vec<RowId>,
    order: Order,
    sort: Option<Sort>,
    protocol: Protocol,
    /// Whether the first frame of a row that the client does not have is the whole row.
    whole_entities: bool,
    /// The number of snapshots that have started.
    generation: u32,
    /// The rows of the present snapshot, with their positions.
    snapshot: Vec<(RowId, Seq)>,
    guard: Guard,
    /// The number of partial rows.
    partial: usize,
    /// Units of the latest update that were left out.
    faults: Vec<Fault>,
    /// Whether rows must be fetched again, because later patches cannot replace the units that were left out.
    needs_fetch: bool,
    /// Whether `T` has no field for a row's position and version.
    ignores_stamps: bool,
    /// A copy of the latest patch without position and version, which the guard reads. Ignoring a member costs the
    /// decoder 390 instructions, but copying the others costs 60.
    fields: String,
}

#[derive(Debug)]
struct TableRow<T: Record> {
    key: Arc<str>,
    row: Content<T>,
    /// The latest snapshot during or after which the server sent the row.
    generation: u32,
    mark: Mark,
    /// Boxed, because few rows have any, and a smaller table takes fewer reads from memory.
    stale: Option<Box<Stale>>,
}

/// A row's change.
#[derive(Debug)]
pub(super) struct Changed<T> {
    pub(super) id: RowId,
    pub(super) change: Change<T>,
    /// Whether the change is live, not part of a snapshot.
    pub(super) live: bool,
}

/// A whole row, or the fields of a partial row.
#[derive(Debug)]
enum Content<T: Record> {
    Whole(Arc<T>),
    Partial(Box<T::Patch>),
}

/// The JSON of a row or patch, with its details.
pub(super) struct Input<'a> {
    pub(super) key: &'a str,
    pub(super) data: &'a str,
    /// Whether the change is live, not part of a snapshot.
    pub(super) live: bool,
    /// The change's position, if it has one.
    pub(super) seq: Option<Seq>,
    /// The change's version, if it has one.
    pub(super) version: Option<Version>,
    /// The offset of the first field in `data`, if position and version come before it.
    pub(super) fields: Option<usize>,
    /// Whether a reader needs the row as it was before.
    pub(super) keep_before: bool,
}

impl<T: Record> Rows<T> {
    pub(super) fn new() -> Self {
        Rows {
            index: Index::default(),
            slots: Vec::new(),
            free: Vec::new(),
            order: Order::new(None, Protocol::V1),
            sort: None,
            protocol: Protocol::V1,
            whole_entities: false,
            generation: 0,
            snapshot: Vec::new(),
            guard: Guard::default(),
            partial: 0,
            faults: Vec::new(),
            needs_fetch: false,
            ignores_stamps: !T::Patch::KEEPS_UNKNOWN
                && T::Patch::find("_seq").is_none()
                && T::Patch::find("_version").is_none(),
            fields: "{".to_owned(),
        }
    }

    /// Takes the units of the latest update that were left out.
    pub(super) fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// Whether rows must be fetched again, because later patches cannot replace the units that were left out.
    pub(super) fn needs_fetch(&self) -> bool {
        self.needs_fetch
    }

    /// Requests that rows are fetched again.
    pub(super) fn request_fetch(&mut self) {
        self.needs_fetch = true;
    }

    /// Returns the dotted paths of a row's stale fields.
    pub(super) fn stale_fields(&self, key: &str) -> &[String] {
        let slot = self
            .find(key)
            .and_then(|id| self.slots[id as usize].as_ref());
        slot.map_or(&[], TableRow::stale_fields)
    }

    /// Iterates over the whole rows, front to back.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RowId, &Arc<str>, &Arc<T>)> {
        self.order.iter().filter_map(|id| {
            let (key, row) = self.at(id)?;
            Some((id, key, row))
        })
    }

    /// Returns the row with this id, if it is whole.
    pub(super) fn at(&self, id: RowId) -> Option<(&Arc<str>, &Arc<T>)> {
        let slot = self.slots.get(id as usize)?.as_ref()?;
        Some((&slot.key, slot.row.whole()?))
    }

    /// Returns the position of a row's latest change.
    pub(super) fn seq(&self, id: RowId) -> Seq {
        let slot = self.slots.get(id as usize).and_then(Option::as_ref);
        slot.map_or(Seq::default(), |slot| slot.mark.seq())
    }

    /// Returns the guard, which tracks positions and versions.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(super) fn guard_mut(&mut self) -> &mut Guard {
        &mut self.guard
    }

    /// Records that a change could not be applied.
    pub(super) fn note_gap(&mut self) {
        self.guard.note_gap();
    }

    /// Whether the places of rows depend on when they arrived. Such an order is correct only when all rows of a window
    /// have arrived.
    pub(super) fn depend_on_arrival(&self) -> bool {
        self.order.depends_on_arrival()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Arc<T>> {
        self.at(self.find(key)?).map(|(_, row)| row)
    }

    /// Returns the stored key, to share it.
    pub(super) fn key(&self, key: &str) -> Option<Arc<str>> {
        let slot = self.slots[self.find(key)? as usize].as_ref()?;
        Some(slot.key.clone())
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether all rows are partial, and there are any.
    pub(super) fn are_partial(&self) -> bool {
        self.partial > 0 && self.partial == self.len()
    }

    /// Iterates over the partial rows, or only over the row with this key. Yields a field that the row lacks, and
    /// whether a bad value is the reason.
    pub(super) fn lacking<'a>(
        &'a self,
        key: Option<&str>,
    ) -> impl Iterator<Item = (PatchError, bool)> + 'a {
        let slots = match key.map(|key| self.find(key)) {
            None => &self.slots[..],
            Some(Some(id)) => &self.slots[id as usize..=id as usize],
            Some(None) => &[],
        };
        slots.iter().flatten().filter_map(|slot| {
            let Content::Partial(patch) = &slot.row else {
                return None;
            };
            let error = repair::build_error::<T>(patch)?;
            let mut stale = slot.stale_fields().iter();
            let is_bad = stale.any(|path| is_within(error.path(), path));
            Some((error, is_bad))
        })
    }

    /// Returns the number of partial rows.
    pub(super) fn partial(&self) -> usize {
        self.partial
    }

    /// Returns the keys that have rows, starting with the row furthest from the front.
    pub(super) fn rear_first<'k>(
        &self,
        keys: impl ExactSizeIterator<Item = &'k Arc<str>>,
    ) -> Vec<Arc<str>> {
        if keys.len() < 2 {
            return keys.cloned().collect();
        }
        let keys: HashSet<&Arc<str>> = keys.collect();
        let slots = self
            .order
            .iter()
            .filter_map(|id| self.slots[id as usize].as_ref());
        let held = slots.map(|slot| &slot.key).filter(|key| keys.contains(key));
        let mut held: Vec<_> = held.cloned().collect();
        held.reverse();
        held
    }

    /// Starts a subscription, to the whole view in this order or to one row.
    pub(super) fn begin(
        &mut self,
        whole: bool,
        sort: Option<&Sort>,
        protocol: Protocol,
        whole_entities: bool,
        positions: bool,
        rolls_back: bool,
    ) {
        self.guard.begin(protocol, whole, positions, rolls_back);
        self.whole_entities = whole_entities;
        self.needs_fetch = false;
        if !whole && sort.is_none() && protocol == Protocol::V1 {
            return;
        }
        self.begin_snapshot();
        if self.sort.as_ref() != sort || self.protocol != protocol {
            self.sort = sort.cloned();
            self.protocol = protocol;
            self.order = Order::new(sort, protocol);
            for (id, slot) in self.slots.iter().enumerate() {
                if let Some(slot) = slot {
                    self.order.insert(id as RowId, &slot.key, "null", false);
                    self.order.note(id as RowId, slot.mark.seq());
                }
            }
        }
    }

    /// Starts a snapshot.
    pub(super) fn begin_snapshot(&mut self) {
        self.generation += 1;
        self.guard.begin_snapshot();
        self.snapshot.clear();
    }

    /// Whether a present row already contains a live change. `replaces` says whether the change replaces the row.
    fn is_old(&self, held: Option<RowId>, input: &Input<'_>, replaces: bool) -> bool {
        let slot = held.and_then(|id| self.slots[id as usize].as_ref());
        let is_old = |slot: &TableRow<T>| self.guard.is_old(&slot.mark, input.version, replaces);
        input.live && slot.is_some_and(is_old)
    }

    /// Ends a snapshot. In a view ordered by recency, its rows come first. In a view ordered by position, each row
    /// goes to its place, also among the rows that the snapshot lacks if these stay (`keeps_absent`).
    pub(super) fn complete(&mut self, keeps_absent: bool) {
        let slots = &self.slots;
        let by_key = matches!(self.order, Order::Position(_));
        if by_key && self.snapshot.len() < self.index.len() {
            // A row of the snapshot that does not decode keeps its earlier position.
            let generation = self.generation;
            let rows = slots.iter().enumerate().filter_map(|(id, slot)| {
                let slot = slot.as_ref()?;
                let stays = keeps_absent || slot.generation == generation;
                stays.then_some((id as RowId, slot.mark.seq()))
            });
            self.snapshot.clear();
            self.snapshot.extend(rows);
        }
        self.snapshot.sort_by(|(a, a_seq), (b, b_seq)| {
            let keys = || key_of(slots, *a).cmp(key_of(slots, *b));
            let by_seq = b_seq.cmp(a_seq);
            if by_key {
                by_seq.then_with(keys)
            } else {
                by_seq
            }
        });
        self.order
            .move_to_front(self.snapshot.drain(..).map(|(id, _)| id));
    }

    /// Returns the keys of rows that the server has not sent since the snapshot started.
    pub(super) fn absent(&self) -> Vec<Arc<str>> {
        let slots = self.slots.iter().flatten();
        let absent = slots.filter(|slot| slot.generation != self.generation);
        absent.map(|slot| slot.key.clone()).collect()
    }

    /// Returns all keys, including those of partial rows.
    pub(super) fn keys(&self) -> Vec<Arc<str>> {
        let slots = self.slots.iter().flatten();
        slots.map(|slot| slot.key.clone()).collect()
    }

    /// Replaces a row. Returns `None` if nothing changed for a reader.
    pub(super) fn upsert(
        &mut self,
        input: &Input<'_>,
    ) -> Result<Option<Changed<T>>, RowErrorCause> {
        let held = self.find_present(input.key);
        if self.is_old(held, input, true) {
            return Ok(None);
        }
        let slot = held.and_then(|id| self.slots[id as usize].as_mut());
        if let Some(slot) = slot.filter(|_| !input.live) {
            // If this row does not decode, the present row is older than the snapshot.
            slot.mark.leave_snapshot();
        }
        let (mut stale, mut faults) = (None, Vec::new());
        let content = match decode_row(input.data) {
            Some(row) => Content::Whole(row),
            None => {
                let slot = held.and_then(|id| self.slots[id as usize].as_ref());
                let row = slot.and_then(|slot| slot.row.whole());
                let repaired = repair::whole(row.map(|row| &**row), input.data);
                if let (Err(_), Some(id)) = (&repaired, held) {
                    self.mark_stale(id);
                }
                let repaired = repaired?;
                stale = Stale::of(&repaired.faults);
                faults = repaired.faults;
                Content::from_patch(repaired.patch)?
            }
        };
        self.faults = faults;
        let Some((id, slot)) = held.and_then(|id| Some((id, self.slots[id as usize].as_mut()?)))
        else {
            return Ok(self.insert(input, content, stale, ChangeKind::Upsert));
        };
        slot.stale = stale;
        let change = match (&mut slot.row, content) {
            // A row without its required fields does not replace a row that has them.
            (Content::Whole(_), Content::Partial(_)) => None,
            (Content::Partial(partial), Content::Partial(patch)) => {
                *partial = patch;
                None
            }
            (Content::Whole(held), Content::Whole(row)) if *held == row => None,
            (held, Content::Whole(row)) => {
                let before = std::mem::replace(held, Content::Whole(row.clone()));
                self.partial -= usize::from(before.whole().is_none());
                Some(Change {
                    key: slot.key.clone(),
                    kind: ChangeKind::Upsert,
                    is_new: before.whole().is_none(),
                    before: before.into_whole(),
                    after: Some(row),
                })
            }
        };
        self.reorder(id, input, true);
        Ok(change.map(|change| input.changed(id, change)))
    }

    /// Merges fields into a row, or keeps them until the row has all required fields.
    pub(super) fn patch(
        &mut self,
        input: &Input<'_>,
        append: &[Cow<'_, str>],
    ) -> Result<Option<Changed<T>>, RowErrorCause> {
        let held = self.find_present(input.key);
        match held {
            Some(id) => self.prefetch(id),
            // The row was left out, or the server sends all of it first.
            None if self.whole_entities => return Ok(None),
            None => {}
        }
        if self.is_old(held, input, false) {
            return Ok(None);
        }
        let slot = held.and_then(|id| self.slots[id as usize].as_mut());
        let mark = slot.map(|slot| &mut slot.mark);
        let may_repeat = self.guard.may_repeat(mark, input.seq);
        match held {
            Some(id) => self.patch_held(id, input, append, may_repeat),
            None => self.patch_new(input, append),
        }
    }

    fn patch_held(
        &mut self,
        id: RowId,
        input: &Input<'_>,
        append: &[Cow<'_, str>],
        may_repeat: bool,
    ) -> Result<Option<Changed<T>>, RowErrorCause> {
        let mut patch = T::Patch::default();
        let is_short = input.data.len() <= MOST_COPIED;
        let data = match input.fields.filter(|_| self.ignores_stamps && is_short) {
            Some(fields) => {
                self.fields.truncate(1);
                self.fields.push_str(&input.data[fields..]);
                &self.fields
            }
            None => input.data,
        };
        let decoded = patch.decode_update(data, append, self.guard.caps_arrays());
        let slot = self.slots[id as usize].as_ref();
        let is_stale = slot.is_some_and(|slot| !slot.stale_fields().is_empty());
        let merged = if decoded.is_err() || is_stale {
            None
        } else {
            self.merge(id, &mut patch, input, append, may_repeat).ok()
        };
        let change = match merged {
            Some(change) => change,
            None => {
                let mut patch = self.repair(Some(id), input, append)?;
                self.merge(id, &mut patch, input, append, may_repeat)?
            }
        };
        if let Some(slot) = self.slots[id as usize].as_mut().filter(|_| may_repeat) {
            slot.mark.note_repeated(input.data, append);
        }
        self.reorder(id, input, false);
        Ok(change.map(|change| input.changed(id, change)))
    }

    fn patch_new(
        &mut self,
        input: &Input<'_>,
        append: &[Cow<'_, str>],
    ) -> Result<Option<Changed<T>>, RowErrorCause> {
        let mut patch = Box::<T::Patch>::default();
        let decoded = patch.decode_update(input.data, append, self.guard.caps_arrays());
        let row = decoded.ok().and_then(|()| Content::from_patch(patch).ok());
        let row = match row {
            Some(row) => row,
            None => Content::from_patch(self.repair(None, input, append)?)?,
        };
        let stale = Stale::of(&self.faults);
        Ok(self.insert(input, row, stale, ChangeKind::Patch))
    }

    /// Merges a patch into a present row. After an error, the row is unchanged.
    #[inline]
    fn merge(
        &mut self,
        id: RowId,
        patch: &mut T::Patch,
        input: &Input<'_>,
        append: &[Cow<'_, str>],
        may_repeat: bool,
    ) -> Result<Option<Change<T>>, RowErrorCause> {
        let Some(slot) = self.slots[id as usize].as_mut() else {
            return Ok(None);
        };
        if may_repeat && !append.is_empty() {
            slot.remove_repeated(patch, append)?;
        }
        let is_new = slot.row.whole().is_none();
        let change = |before, after: &Arc<T>| Change {
            key: slot.key.clone(),
            kind: ChangeKind::Patch,
            is_new,
            before,
            after: Some(after.clone()),
        };
        Ok(match &mut slot.row {
            Content::Whole(row) => {
                let before = input.keep_before.then(|| row.clone());
                let changed = match Arc::get_mut(row) {
                    Some(row) => T::merge_patch(row, patch)?,
                    // A shared row is copied only if the patch changes it.
                    None => {
                        let is_held = append.is_empty() && T::holds(row, patch);
                        !is_held && T::merge_patch(Arc::make_mut(row), patch)?
                    }
                };
                changed.then(|| change(before, row))
            }
            Content::Partial(partial) => {
                let mut both = partial.clone();
                T::Patch::then_fields(&mut both, patch);
                slot.row = Content::from_patch(both)?;
                let whole = slot.row.whole();
                self.partial -= usize::from(whole.is_some());
                whole.map(|row| change(None, row))
            }
        })
    }

    /// Decodes a patch again without the bad units, and records them.
    #[cold]
    fn repair(
        &mut self,
        held: Option<RowId>,
        input: &Input<'_>,
        append: &[Cow<'_, str>],
    ) -> Result<Box<T::Patch>, RowErrorCause> {
        let is_capped = self.guard.caps_arrays();
        let mut none = Stale::default();
        let slot = held.and_then(|id| self.slots[id as usize].as_mut());
        let (row, stale) = match slot {
            Some(slot) => {
                let stale = slot.stale.get_or_insert_default();
                (slot.row.whole().cloned(), &mut **stale)
            }
            None => (None, &mut none),
        };
        let repaired = repair::patch(row.as_deref(), input.data, append, is_capped, stale)?;
        self.needs_fetch |= stale.update(&*repaired.patch, append, &repaired.faults);
        self.faults = repaired.faults;
        self.needs_fetch |= repaired.needs_fetch;
        if let Some(slot) = held.and_then(|id| self.slots[id as usize].as_mut()) {
            slot.stale.take_if(|stale| stale.paths().is_empty());
        }
        Ok(repaired.patch)
    }

    /// Marks all fields of a row as stale.
    fn mark_stale(&mut self, id: RowId) {
        if let Some(slot) = &mut self.slots[id as usize] {
            slot.stale = Some(Box::new(Stale::row::<T::Patch>()));
        }
    }

    fn find(&self, key: &str) -> Option<RowId> {
        self.index.get(key, |id| key_of(&self.slots, id))
    }

    /// Finds a row and records that the server still has it, whether or not the update decodes.
    fn find_present(&mut self, key: &str) -> Option<RowId> {
        let id = self.find(key)?;
        self.slots[id as usize].as_mut()?.generation = self.generation;
        Some(id)
    }

    /// Reads the memory of a row and its neighbours that the merge will touch first. With many rows it is not in the
    /// processor's caches, and it arrives while the patch is decoded.
    pub(super) fn prefetch(&self, id: RowId) {
        if let Some((_, row)) = self.at(id) {
            std::hint::black_box(Arc::strong_count(row));
        }
        self.order.prefetch(id);
    }

    /// Removes a row. Returns `None` if no reader had it.
    pub(super) fn delete(&mut self, key: &str, cause: RemovalCause) -> Option<Changed<T>> {
        let slots = &self.slots;
        let id = self.index.remove(key, |id| key_of(slots, id))?;
        let slot = self.slots[id as usize].take()?;
        self.order.remove(id, &slot.key);
        self.free.push(id);
        self.partial -= usize::from(slot.row.whole().is_none());
        let change = Change::removal(slot.key, Some(slot.row.into_whole()?), cause);
        let live = true;
        Some(Changed { id, change, live })
    }

    /// Returns the key of the row furthest from the front among the rows whose keys match. O(n).
    pub(super) fn last_where(&self, matches: impl Fn(&Arc<str>) -> bool) -> Option<Arc<str>> {
        let slots = self.order.iter();
        let slots = slots.filter_map(|id| self.slots[id as usize].as_ref());
        let keys = slots.map(|slot| &slot.key).filter(|key| matches(key));
        keys.last().cloned()
    }

    /// Returns the key of the row furthest from the front.
    pub(super) fn last(&self) -> Option<Arc<str>> {
        let slot = self.slots[self.order.last()? as usize].as_ref()?;
        Some(slot.key.clone())
    }

    fn insert(
        &mut self,
        input: &Input<'_>,
        row: Content<T>,
        stale: Option<Box<Stale>>,
        kind: ChangeKind,
    ) -> Option<Changed<T>> {
        let key: Arc<str> = input.key.into();
        let change = row.whole().map(|row| Change {
            key: key.clone(),
            kind,
            is_new: true,
            before: None,
            after: Some(row.clone()),
        });
        self.partial += usize::from(row.whole().is_none());
        let slot = Some(TableRow {
            key: key.clone(),
            row,
            generation: self.generation,
            mark: Mark::default(),
            stale,
        });
        let id = match self.free.pop() {
            Some(id) => {
                self.slots[id as usize] = slot;
                id
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as RowId
            }
        };
        self.order.insert(id, &key, input.data, input.live);
        let slots = &self.slots;
        self.index.insert(id, |id| key_of(slots, id));
        self.note(id, input, kind == ChangeKind::Upsert);
        change.map(|change| input.changed(id, change))
    }

    fn reorder(&mut self, id: RowId, input: &Input<'_>, whole: bool) {
        if let Some(slot) = &self.slots[id as usize] {
            self.order
                .update(id, &slot.key, input.data, whole, input.live);
        }
        self.note(id, input, whole);
    }

    /// Records a row's position. For a snapshot's row, also records where [`complete`](Self::complete) will put it.
    fn note(&mut self, id: RowId, input: &Input<'_>, whole: bool) {
        let Some(slot) = &mut self.slots[id as usize] else {
            return;
        };
        if !input.live && matches!(self.order, Order::Recency(_) | Order::Position(_)) {
            self.snapshot.push((id, input.seq.unwrap_or_default()));
        }
        let mark = &mut slot.mark;
        self.guard
            .note(mark, input.seq, input.version, input.live, whole);
        let seq = mark.seq();
        let slots = &self.slots;
        if input.live {
            self.order.place(id, seq, |id| key_of(slots, id));
        } else {
            self.order.note(id, seq);
        }
    }
}

impl<T: Record> TableRow<T> {
    /// Returns the dotted paths of the row's stale fields.
    fn stale_fields(&self) -> &[String] {
        self.stale.as_deref().map_or(&[], Stale::paths)
    }

    /// Removes appended elements that the list already has. After an error, the patch cannot be used.
    fn remove_repeated(
        &self,
        patch: &mut T::Patch,
        append: &[Cow<'_, str>],
    ) -> Result<(), DecodeError> {
        let row = match &self.row {
            Content::Whole(row) => serde_json::to_value(T::diff_slots(row, row, true)),
            Content::Partial(row) => serde_json::to_value(row),
        };
        let (Ok(row), Ok(mut json)) = (row, serde_json::to_value(&*patch)) else {
            return Ok(());
        };
        if self.mark.remove_repeated(&row, &mut json, append) {
            *patch = T::Patch::default();
            patch.decode_into(&json.to_string(), append)?;
        }
        Ok(())
    }
}

/// Returns the key of an indexed row.
fn key_of<T: Record>(slots: &[Option<TableRow<T>>], id: RowId) -> &str {
    let slot = slots.get(id as usize).and_then(Option::as_ref);
    slot.map_or("", |slot| &slot.key)
}

impl Input<'_> {
    fn changed<T>(&self, id: RowId, change: Change<T>) -> Changed<T> {
        let live = self.live;
        Changed { id, change, live }
    }
}

/// Decodes a whole row. Returns `None` if it has an error.
fn decode_row<T: Record>(data: &str) -> Option<Arc<T>> {
    let mut patch = T::Patch::default();
    patch.decode_into(data, &[] as &[&str]).ok()?;
    build(&mut patch).ok()
}

/// Builds a row from a patch alone.
fn build<T: Record>(patch: &mut T::Patch) -> Result<Arc<T>, PatchError> {
    T::build_slots(patch).map(Arc::new)
}

impl<T: Record> Content<T> {
    fn from_patch(patch: Box<T::Patch>) -> Result<Self, PatchError> {
        match build::<T>(&mut patch.clone()) {
            Ok(row) => Ok(Content::Whole(row)),
            Err(error) if is_partial(&error) => Ok(Content::Partial(patch)),
            Err(error) => Err(error),
        }
    }

    fn whole(&self) -> Option<&Arc<T>> {
        match self {
            Content::Whole(row) => Some(row),
            Content::Partial(_) => None,
        }
    }

    fn into_whole(self) -> Option<Arc<T>> {
        match self {
            Content::Whole(row) => Some(row),
            Content::Partial(_) => None,
        }
    }
}

/// Whether the fields that a row lacks may still arrive.
fn is_partial(error: &PatchError) -> bool {
    error.kind() == PatchErrorKind::Missing
}
