//! The table: rows by key, patched in place, in the view's order.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::index::Index;
use super::order::{Id, Order};
use super::overlap::without_repeated;
use crate::patch::{Patch, PatchError, PatchErrorKind, Record};
use crate::stream::{Change, Kind, RowErrorCause};
use crate::wire::{Seq, Sort};

/// The rows of one view as one Rust type.
#[derive(Debug)]
pub(super) struct Rows<T: Record> {
    index: Index,
    slots: Vec<Option<Slot<T>>>,
    free: Vec<Id>,
    order: Order,
    sort: Option<Sort>,
    /// How many snapshots have begun.
    generation: u32,
    /// The rows of the snapshot under way, with their positions.
    snapshot: Vec<(Id, Seq)>,
    /// The greatest position that was seen.
    last_seq: Option<Seq>,
    /// Whether the whole view is subscribed, and not some of its rows.
    whole: bool,
    /// Whether changes may come that are in the snapshot already.
    overlaps: bool,
    /// Whether a change since the snapshot began was not taken in.
    missed: bool,
    /// Whether there ever was a change that its position does not tell from those before it.
    wavers: bool,
    /// How many rows still lack a required field.
    partial: usize,
}

#[derive(Debug)]
struct Slot<T: Record> {
    key: Arc<str>,
    row: Row<T>,
    /// The snapshot during or since which the row was last sent.
    generation: u32,
    /// The position of what was last sent of it.
    seq: Seq,
    /// Whether that was a snapshot, and nothing newer came since.
    in_snapshot: bool,
}

/// How many slots a cursor is rewound: positions are not in order, and that of a change that comes late
/// is still within that of what came before it. A minute, about.
const REWIND: u64 = 150;

/// A row's change.
#[derive(Debug)]
pub(super) struct Changed<T> {
    pub(super) id: Id,
    pub(super) change: Change<T>,
    /// Live, or part of a snapshot.
    pub(super) live: bool,
}

/// A row, or, while it lacks a required field, what is known of it.
#[derive(Debug)]
enum Row<T: Record> {
    Whole(Arc<T>),
    Partial(Box<T::Patch>),
}

/// A row's JSON on its way into the table.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) key: &'a str,
    pub(super) data: &'a str,
    /// Live, or part of a snapshot.
    pub(super) live: bool,
    /// Where the frame says so.
    pub(super) seq: Option<Seq>,
    /// Whether somebody wants to know what the row was before.
    pub(super) keep_before: bool,
}

impl<T: Record> Rows<T> {
    pub(super) fn new() -> Self {
        Rows {
            index: Index::default(),
            slots: Vec::new(),
            free: Vec::new(),
            order: Order::new(None),
            sort: None,
            generation: 0,
            snapshot: Vec::new(),
            last_seq: None,
            whole: false,
            overlaps: false,
            missed: false,
            wavers: false,
            partial: 0,
        }
    }

    /// All whole rows, front to back.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, &Arc<str>, &Arc<T>)> {
        self.order.iter().filter_map(|id| {
            let (key, row) = self.at(id)?;
            Some((id, key, row))
        })
    }

    /// The whole row of this id.
    pub(super) fn at(&self, id: Id) -> Option<(&Arc<str>, &Arc<T>)> {
        let slot = self.slots.get(id as usize)?.as_ref()?;
        Some((&slot.key, slot.row.whole()?))
    }

    /// The position of what was last sent of a row.
    pub(super) fn seq(&self, id: Id) -> Seq {
        let slot = self.slots.get(id as usize).and_then(Option::as_ref);
        slot.map_or(Seq::default(), |slot| slot.seq)
    }

    /// The greatest position that was seen.
    pub(super) fn last_seq(&self) -> Option<Seq> {
        self.last_seq
    }

    /// The position from which on changes must be sent again so that none is missing; `None` where the
    /// positions do not tell.
    pub(super) fn cursor(&self) -> Option<Seq> {
        let is_sure = !self.missed && !self.wavers;
        self.rewound().filter(|_| is_sure)
    }

    fn rewound(&self) -> Option<Seq> {
        let last = self.last_seq?;
        Some(Seq::new(last.slot.saturating_sub(REWIND), 0))
    }

    /// A change was not taken in.
    pub(super) fn miss(&mut self) {
        self.missed = true;
    }

    /// Whether the order is that in which rows come, in part: then it turns once for every time that
    /// the server sends the window, and holds only between these.
    pub(super) fn turns(&self) -> bool {
        self.order.turns()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Arc<T>> {
        self.at(self.find(key)?).map(|(_, row)| row)
    }

    /// The key as it is held, to share rather than copy.
    pub(super) fn key(&self, key: &str) -> Option<Arc<str>> {
        let slot = self.slots[self.find(key)? as usize].as_ref()?;
        Some(slot.key.clone())
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// How many rows still lack a required field.
    pub(super) fn partial(&self) -> usize {
        self.partial
    }

    /// Those of these rows that are held, the one furthest from the front first.
    pub(super) fn rear_first(&self, keys: &[Arc<str>]) -> Vec<Arc<str>> {
        if keys.len() < 2 {
            return keys.to_vec();
        }
        let keys: HashSet<&Arc<str>> = keys.iter().collect();
        let slots = self
            .order
            .iter()
            .filter_map(|id| self.slots[id as usize].as_ref());
        let held = slots.map(|slot| &slot.key).filter(|key| keys.contains(key));
        let mut held: Vec<_> = held.cloned().collect();
        held.reverse();
        held
    }

    /// A snapshot begins, of the whole view in this order, or of one row.
    pub(super) fn begin(&mut self, whole: bool, sort: Option<&Sort>) {
        self.whole = whole;
        self.overlaps = true;
        if !whole && sort.is_none() {
            return;
        }
        self.generation += 1;
        self.missed = false;
        self.snapshot.clear();
        if self.sort.as_ref() != sort {
            self.sort = sort.cloned();
            self.order = Order::new(sort);
            for (id, slot) in self.slots.iter().enumerate() {
                if let Some(slot) = slot {
                    self.order.insert(id as Id, &slot.key, "null", false);
                }
            }
        }
    }

    /// A snapshot is over: its rows lead a view that is in order of recency.
    pub(super) fn finish(&mut self) {
        self.snapshot
            .sort_by_key(|(_, seq)| std::cmp::Reverse(*seq));
        self.order.lead(self.snapshot.drain(..).map(|(id, _)| id));
    }

    /// The keys that the server did not send since the snapshot began.
    pub(super) fn missed(&self) -> Vec<Arc<str>> {
        let slots = self.slots.iter().flatten();
        let missed = slots.filter(|slot| slot.generation != self.generation);
        missed.map(|slot| slot.key.clone()).collect()
    }

    /// All keys, of rows that are not whole too.
    pub(super) fn keys(&self) -> Vec<Arc<str>> {
        let slots = self.slots.iter().flatten();
        slots.map(|slot| slot.key.clone()).collect()
    }

    /// Takes in a whole row. `None` where nothing changed for a reader.
    pub(super) fn upsert(&mut self, input: Input<'_>) -> Result<Option<Changed<T>>, RowErrorCause> {
        let held = self.seen(input.key);
        let decode = || T::Patch::decode(input.data, &[] as &[&str]);
        let built = match T::from_patch(decode()?) {
            Ok(row) => Ok(Arc::new(row)),
            Err(error) if is_partial(&error) => Err(error),
            Err(error) => return Err(error.into()),
        };
        let Some((id, slot)) = held.and_then(|id| Some((id, self.slots[id as usize].as_mut()?)))
        else {
            let row = match built {
                Ok(row) => Row::Whole(row),
                Err(_) => Row::Partial(Box::new(decode()?)),
            };
            return Ok(self.insert(input, row, Kind::Upsert));
        };
        let change = match (&mut slot.row, built) {
            (Row::Whole(_), Err(error)) => return Err(error.into()),
            (Row::Partial(partial), Err(_)) => {
                **partial = decode()?;
                None
            }
            (Row::Whole(held), Ok(row)) if *held == row => None,
            (held, Ok(row)) => {
                let before = std::mem::replace(held, Row::Whole(row.clone()));
                self.partial -= usize::from(before.whole().is_none());
                Some(Change {
                    key: slot.key.clone(),
                    kind: Kind::Upsert,
                    before: before.into_whole(),
                    after: Some(row),
                })
            }
        };
        self.reorder(id, input, true);
        Ok(change.map(|change| input.changed(id, change)))
    }

    /// Merges some fields into a row, or keeps them until the row is whole.
    pub(super) fn patch(
        &mut self,
        input: Input<'_>,
        append: &[Cow<'_, str>],
    ) -> Result<Option<Changed<T>>, RowErrorCause> {
        let held = self.seen(input.key);
        if let Some(id) = held {
            self.warm(id);
        }
        let repeats = self.repeats(held, input.seq);
        let mut patch = T::Patch::default();
        patch.decode_into(input.data, append)?;
        if repeats && !append.is_empty() {
            let row = held.and_then(|id| self.slots[id as usize].as_ref());
            patch = match row.map(|slot| &slot.row) {
                Some(Row::Whole(row)) => {
                    without_repeated(&T::diff_slots(row, row, true), patch, append)?
                }
                Some(Row::Partial(held)) => without_repeated(&**held, patch, append)?,
                None => patch,
            };
        }
        let Some((id, slot)) = held.and_then(|id| Some((id, self.slots[id as usize].as_mut()?)))
        else {
            let row = Row::from_patch(patch)?;
            return Ok(self.insert(input, row, Kind::Patch));
        };
        let change = |before, after: &Arc<T>| Change {
            key: slot.key.clone(),
            kind: Kind::Patch,
            before,
            after: Some(after.clone()),
        };
        let change = match &mut slot.row {
            Row::Whole(row) => {
                let before = input.keep_before.then(|| row.clone());
                // A row that others hold is copied only for what changes it.
                let is_shared = Arc::get_mut(row).is_none();
                let is_held = is_shared && append.is_empty() && T::holds(row, &patch);
                let changed = !is_held && T::merge_patch(Arc::make_mut(row), patch)?;
                changed.then(|| change(before, row))
            }
            Row::Partial(partial) => {
                slot.row = Row::from_patch((**partial).clone().then(patch))?;
                let whole = slot.row.whole();
                self.partial -= usize::from(whole.is_some());
                whole.map(|row| change(None, row))
            }
        };
        self.reorder(id, input, false);
        Ok(change.map(|change| input.changed(id, change)))
    }

    /// Whether a change may be in its row already, which a snapshot brought. Changes come in the order
    /// in which they were made, so with the first that is new the overlap is over, as far as one
    /// subscription reaches: for all rows, or for its own.
    fn repeats(&mut self, held: Option<Id>, seq: Option<Seq>) -> bool {
        if !self.overlaps {
            return false;
        }
        let slot = held.and_then(|id| self.slots[id as usize].as_mut());
        let slot = slot.filter(|slot| slot.in_snapshot);
        let repeats = slot.is_some();
        // Of a row that was not in the snapshot, or was there and is not held since it did not fit, only
        // a slot after all others is new for sure.
        let newest = slot.as_ref().map(|slot| slot.seq).or(self.last_seq);
        if seq.is_some_and(|seq| newest.is_some_and(|newest| seq.slot <= newest.slot)) {
            return repeats;
        }
        if let Some(slot) = slot {
            slot.in_snapshot = false;
        }
        self.overlaps = !self.whole;
        false
    }

    fn find(&self, key: &str) -> Option<Id> {
        self.index.get(key, |id| key_of(&self.slots, id))
    }

    /// Finds a row and notes that the server still has it, whether or not what it says fits.
    fn seen(&mut self, key: &str) -> Option<Id> {
        let id = self.find(key)?;
        self.slots[id as usize].as_mut()?.generation = self.generation;
        Some(id)
    }

    /// Reads what of a row the merge is going to touch first, and of its neighbours. Of many rows each
    /// is far from the processor; while the patch is decoded they are on their way.
    fn warm(&self, id: Id) {
        if let Some((_, row)) = self.at(id) {
            std::hint::black_box(Arc::strong_count(row));
        }
        self.order.warm(id);
    }

    /// Takes a row out. `None` where no reader knew it.
    pub(super) fn delete(&mut self, key: &str) -> Option<Changed<T>> {
        let slots = &self.slots;
        let id = self.index.remove(key, |id| key_of(slots, id))?;
        let slot = self.slots[id as usize].take()?;
        self.order.remove(id, &slot.key);
        self.free.push(id);
        self.partial -= usize::from(slot.row.whole().is_none());
        let change = Change {
            key: slot.key,
            kind: Kind::Delete,
            before: Some(slot.row.into_whole()?),
            after: None,
        };
        let live = true;
        Some(Changed { id, change, live })
    }

    /// The key of the row furthest from the front.
    pub(super) fn last(&self) -> Option<Arc<str>> {
        let slot = self.slots[self.order.last()? as usize].as_ref()?;
        Some(slot.key.clone())
    }

    fn insert(&mut self, input: Input<'_>, row: Row<T>, kind: Kind) -> Option<Changed<T>> {
        let key: Arc<str> = input.key.into();
        let change = row.whole().map(|row| Change {
            key: key.clone(),
            kind,
            before: None,
            after: Some(row.clone()),
        });
        self.partial += usize::from(row.whole().is_none());
        let slot = Some(Slot {
            key: key.clone(),
            row,
            generation: self.generation,
            seq: Seq::default(),
            in_snapshot: false,
        });
        let id = match self.free.pop() {
            Some(id) => {
                self.slots[id as usize] = slot;
                id
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as Id
            }
        };
        self.order.insert(id, &key, input.data, input.live);
        let slots = &self.slots;
        self.index.insert(id, |id| key_of(slots, id));
        self.note(id, input);
        change.map(|change| input.changed(id, change))
    }

    fn reorder(&mut self, id: Id, input: Input<'_>, whole: bool) {
        if let Some(slot) = &self.slots[id as usize] {
            self.order
                .moved(id, &slot.key, input.data, whole, input.live);
        }
        self.note(id, input);
    }

    /// Remembers a row's position, and of a snapshot the row, for [`finish`](Self::finish).
    fn note(&mut self, id: Id, input: Input<'_>) {
        let earliest = self.rewound();
        let Some(slot) = &mut self.slots[id as usize] else {
            return;
        };
        if !input.live && matches!(self.order, Order::Recency(_)) {
            self.snapshot.push((id, input.seq.unwrap_or_default()));
        }
        self.wavers |= match input.seq {
            Some(seq) => earliest.is_some_and(|earliest| seq < earliest) && input.live,
            None => true,
        };
        slot.in_snapshot = !input.live && input.seq.is_some() || slot.in_snapshot && input.live;
        if let Some(seq) = input.seq {
            slot.seq = match slot.in_snapshot && input.live {
                true => slot.seq.max(seq),
                false => seq,
            };
            self.last_seq = self.last_seq.max(Some(seq));
        }
    }
}

/// The key of a row that is indexed.
fn key_of<T: Record>(slots: &[Option<Slot<T>>], id: Id) -> &str {
    let slot = slots.get(id as usize).and_then(Option::as_ref);
    slot.map_or("", |slot| &slot.key)
}

impl Input<'_> {
    fn changed<T>(self, id: Id, change: Change<T>) -> Changed<T> {
        let live = self.live;
        Changed { id, change, live }
    }
}

impl<T: Record> Row<T> {
    fn from_patch(patch: T::Patch) -> Result<Self, PatchError> {
        match T::from_patch(patch.clone()) {
            Ok(row) => Ok(Row::Whole(Arc::new(row))),
            Err(error) if is_partial(&error) => Ok(Row::Partial(Box::new(patch))),
            Err(error) => Err(error),
        }
    }

    fn whole(&self) -> Option<&Arc<T>> {
        match self {
            Row::Whole(row) => Some(row),
            Row::Partial(_) => None,
        }
    }

    fn into_whole(self) -> Option<Arc<T>> {
        match self {
            Row::Whole(row) => Some(row),
            Row::Partial(_) => None,
        }
    }
}

/// Whether what a row lacks may still come.
fn is_partial(error: &PatchError) -> bool {
    error.kind() == PatchErrorKind::Missing
}
