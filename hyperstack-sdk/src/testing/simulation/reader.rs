//! A reader: its stream, the items that it read, and the rows that these add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::Stream;
use futures_util::{FutureExt, StreamExt as _};
use serde_json::Value;

use super::journal::{Entry, Journal};
use super::row::Pool;
use super::script::{Filter, Form, Part, Policy, Source, Spec, VIEWS};
use crate::client::{source, ViewSource};
use crate::stream::{Identity, Item, Operator, WindowRows, WindowStream};
use crate::view::{ListView, WindowView};
use crate::{HyperStack, Patchable, RichUpdate, RowChange, StreamError, Update, Watch};

/// An item of any kind of stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    Put {
        key: String,
        row: Pool,
        patched: bool,
    },
    Gone {
        key: String,
    },
    Created {
        key: String,
        row: Pool,
    },
    Updated {
        key: String,
        before: Pool,
        after: Pool,
        patch: Option<Value>,
    },
    Deleted {
        key: String,
        last_known: Option<Pool>,
    },
    Row(Pool),
    Missed(u64),
    Fault(String),
}

impl Seen {
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Seen::Put { key, .. }
            | Seen::Gone { key }
            | Seen::Created { key, .. }
            | Seen::Updated { key, .. }
            | Seen::Deleted { key, .. } => Some(key),
            Seen::Row(row) => Some(&row.name[..1]),
            Seen::Missed(_) | Seen::Fault(_) => None,
        }
    }
}

impl Seen {
    fn is_gone(&self) -> bool {
        matches!(self, Seen::Gone { .. } | Seen::Deleted { .. })
    }

    /// Returns the rows in the item.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Pool> {
        let (one, other) = match self {
            Seen::Put { row, .. } | Seen::Created { row, .. } | Seen::Row(row) => (Some(row), None),
            Seen::Updated { before, after, .. } => (Some(before), Some(after)),
            Seen::Deleted { last_known, .. } => (last_known.as_ref(), None),
            Seen::Gone { .. } | Seen::Missed(_) | Seen::Fault(_) => (None, None),
        };
        one.into_iter().chain(other)
    }
}

type Items = Pin<Box<dyn Stream<Item = Seen>>>;

fn update(update: Update<Pool>) -> Seen {
    let patched = matches!(update, Update::Patch { .. });
    match update {
        Update::Upsert { key, data: row } | Update::Patch { key, data: row } => {
            Seen::Put { key, row, patched }
        }
        Update::Delete { key } => Seen::Gone { key },
    }
}

fn rich(update: RichUpdate<Pool>) -> Seen {
    match update {
        RichUpdate::Created { key, data: row } => Seen::Created { key, row },
        RichUpdate::Updated {
            key,
            before,
            after,
            patch,
        } => Seen::Updated {
            key,
            before,
            after,
            patch,
        },
        RichUpdate::Deleted { key, last_known } => Seen::Deleted { key, last_known },
    }
}

fn change(change: RowChange<Pool>) -> Seen {
    match change {
        RowChange::Added { key, row } => Seen::Created { key, row },
        RowChange::Changed {
            key,
            before,
            after,
            patch,
        } => Seen::Updated {
            key,
            before,
            after,
            patch: serde_json::to_value(patch).ok(),
        },
        RowChange::Removed { key, last, .. } => Seen::Deleted {
            key,
            last_known: Some(last),
        },
    }
}

fn result(item: Result<Update<Pool>, StreamError>) -> Seen {
    match item {
        Ok(item) => update(item),
        Err(StreamError::Lagged { missed }) => Seen::Missed(missed),
        Err(error) => Seen::Fault(error.to_string()),
    }
}

fn boxed<I, F>(watch: Watch<I>, policy: Policy, seen: F) -> Items
where
    I: Item + 'static,
    Identity: Operator<I, Out = I>,
    F: FnMut(I) -> Seen + Send + 'static,
{
    let watch = match policy {
        Policy::Default | Policy::DropOldest(_) => watch,
        Policy::Conflate(capacity) => watch.conflate(capacity),
        Policy::Unbounded => watch.unbounded(),
    };
    Box::pin(watch.map(seen))
}

macro_rules! items {
    ($view:expr, ($($key:expr)?), $form:expr, $policy:expr) => {{
        let (view, policy) = ($view, $policy);
        match $form {
            Form::Watch => boxed(view.watch($($key)?), policy, update),
            Form::Shared => boxed(view.watch($($key)?).shared(), policy, |item| {
                update(item.map(|row: Arc<Pool>| (*row).clone()))
            }),
            Form::Rich => boxed(view.watch_rich($($key)?), policy, rich),
            Form::RichShared => boxed(view.watch_rich($($key)?).shared(), policy, |item| {
                rich(item.map(|row: Arc<Pool>| (*row).clone()))
            }),
            Form::Changes => boxed(view.watch($($key)?).changes(), policy, change),
            Form::Try => match policy {
                Policy::DropOldest(capacity) => {
                    let watch = view.try_watch($($key)?).drop_oldest(capacity);
                    Box::pin(watch.map(result))
                }
                policy => boxed(view.try_watch($($key)?), policy, result),
            },
            Form::Listen => boxed(view.listen($($key)?), policy, Seen::Row),
        }
    }};
}

fn views(client: &HyperStack) -> ViewSource<Pool> {
    source(client, "Pool")
}

fn part<Kind>(mut view: ListView<Pool, Kind>, part: &Part) -> ListView<Pool, Kind> {
    if part.skip > 0 {
        view = view.skip(part.skip);
    }
    if let Some(take) = part.take {
        view = view.take(take);
    }
    match part.filter {
        None => view,
        Some(Filter::Open) => view.filter("meta.status", "open"),
        Some(Filter::Unlimited) => view.filter("limit", Value::Null),
        Some(Filter::Scored(score)) => view.filter("score", score),
        Some(Filter::Level(level)) => view.filter("meta.level", level),
    }
}

fn list(client: &HyperStack, of: &Part) -> ListView<Pool> {
    part(views(client).list(), of).with_snapshot(!of.no_snapshot)
}

fn window(client: &HyperStack, view: usize, of: &Part) -> WindowView<Pool> {
    part(views(client).collection(VIEWS[view].0), of)
}

fn open(client: &HyperStack, spec: &Spec, policy: Policy) -> Items {
    let views = views(client);
    match &spec.source {
        Source::Part { view: None, part } => items!(list(client, part), (), spec.form, policy),
        Source::Part {
            view: Some(view),
            part,
        } => items!(window(client, *view, part), (), spec.form, policy),
        Source::Key(None, key) => items!(views.state(), (*key), spec.form, policy),
        Source::Key(Some(view), key) => {
            items!(views.keyed(VIEWS[*view].0), (*key), spec.form, policy)
        }
        Source::Keys(keys) => boxed(views.state().watch_keys(keys), policy, update),
    }
}

/// A stream of whole windows.
struct Windows {
    stream: WindowStream<Pool>,
    last: Option<WindowRows<Pool>>,
    repeated: bool,
}

impl Windows {
    fn open(client: &HyperStack, spec: &Spec) -> Self {
        let views = views(client);
        let stream = match &spec.source {
            Source::Part { view: None, part } => list(client, part).watch_window(),
            Source::Part {
                view: Some(view),
                part,
            } => window(client, *view, part).watch_window(),
            Source::Key(None, key) => views.state().watch(key).windows(),
            Source::Key(Some(view), key) => views.keyed(VIEWS[*view].0).watch(key).windows(),
            Source::Keys(keys) => views.state().watch_keys(keys).windows(),
        };
        Windows {
            stream,
            last: None,
            repeated: false,
        }
    }

    fn read(&mut self) {
        while let Some(Some(rows)) = self.stream.next().now_or_never() {
            self.repeated |= self.last.as_ref() == Some(&rows);
            self.last = Some(rows);
        }
    }
}

/// Returns the rows that a handle with this spec reads from the cache now.
pub(super) fn cached(client: &HyperStack, spec: &Spec) -> Vec<Pool> {
    let views = views(client);
    let one = |row: Option<Pool>| row.into_iter().collect();
    match &spec.source {
        Source::Part { view: None, part } => list(client, part).get_sync(),
        Source::Part {
            view: Some(view),
            part,
        } => window(client, *view, part).get_sync(),
        Source::Key(None, key) => one(views.state().get_sync(key)),
        Source::Key(Some(view), key) => one(views.keyed(VIEWS[*view].0).get_sync(key)),
        Source::Keys(keys) => {
            let keys: BTreeSet<_> = keys.iter().collect();
            let rows = keys.into_iter();
            rows.filter_map(|key| views.state().get_sync(key)).collect()
        }
    }
}

pub(super) struct Reader {
    pub(super) spec: Spec,
    items: Items,
    /// The same stream, read at once.
    twin: Items,
    windows: Windows,
    pub(super) read: Vec<Seen>,
    pub(super) expected: Vec<Seen>,
    /// The keys whose rows changed on the server since the reader joined.
    pub(super) touched: BTreeSet<String>,
    /// Whether a connection was lost, so that missed changes may come in a snapshot.
    pub(super) lost: bool,
    /// The list's complete rows and the length of its journal when the reader joined.
    since: (BTreeMap<String, Pool>, usize),
}

impl Reader {
    pub(super) fn join(client: &HyperStack, spec: Spec, journal: &Journal) -> Self {
        let items = open(client, &spec, spec.policy);
        let twin = open(client, &spec, Policy::Conflate(10_000));
        let windows = Windows::open(client, &spec);
        let mut reader = Reader {
            spec,
            items,
            twin,
            windows,
            read: Vec::new(),
            expected: Vec::new(),
            touched: BTreeSet::new(),
            lost: false,
            since: (journal.whole(), journal.entries.len()),
        };
        reader.read(1);
        reader.keep_up();
        reader
    }

    /// Reads at most this many pending items.
    pub(super) fn read(&mut self, items: usize) {
        self.read.extend(take(&mut self.items, items));
    }

    /// Lets the twin read everything. It may be late, because its large queue conflates nothing.
    fn keep_up(&mut self) {
        self.expected.extend(take(&mut self.twin, usize::MAX));
        self.windows.read();
    }

    /// Checks the last window against the cached rows.
    pub(super) fn check_window(&self, client: &HyperStack) -> Result<(), String> {
        if self.windows.repeated {
            return Err("a window came twice".to_owned());
        }
        let Some(last) = &self.windows.last else {
            return Err("no window came".to_owned());
        };
        let window: Vec<Pool> = last.iter().map(|row| (**row).clone()).collect();
        let should = match &self.spec.source {
            // The stream leaves out rows that did not change, and a read does not.
            Source::Part { part, .. } if part.no_snapshot => return Ok(()),
            Source::Part { .. } => cached(client, &self.spec),
            // Such a stream does not report that a row left.
            _ if self.spec.form == Form::Listen => return Ok(()),
            // A read may take the row from another source.
            Source::Key(..) => rebuild(&self.expected, true)?.into_values().collect(),
            Source::Keys(keys) => {
                let mut rows = rebuild(&self.expected, true)?;
                let rows = keys.iter().filter_map(|key| rows.remove(*key));
                rows.collect()
            }
        };
        if window == should {
            Ok(())
        } else {
            Err(format!("the window is {window:?}, should be {should:?}"))
        }
    }

    /// Reads everything, and checks that the queue stayed within its capacity.
    pub(super) fn drain(&mut self, capacity: usize) -> Result<(), String> {
        let from = self.read.len();
        self.read(usize::MAX);
        self.keep_up();
        let pending: Vec<_> = self.read[from..].iter().filter_map(Seen::key).collect();
        let limit = match (self.spec.policy, self.spec.form) {
            (Policy::Unbounded, _) => return Ok(()),
            (Policy::DropOldest(capacity), Form::Try) if !self.is_keys() => capacity.max(1),
            (Policy::Conflate(capacity), _) => capacity.max(distinct(&pending)),
            // The client's own capacity.
            _ => capacity.max(distinct(&pending)),
        };
        if pending.len() > limit {
            return Err(format!("{} items pending: {pending:?}", pending.len()));
        }
        Ok(())
    }

    /// Checks the expected items against the frames, for a reader whose rows do not depend on their content.
    pub(super) fn check_journal(&self, journal: &Journal) -> Result<(), String> {
        let (whole, at) = &self.since;
        let first = whole.iter().map(|(key, row)| Entry {
            key: key.clone(),
            before: None,
            after: Some(row.clone()),
            patched: false,
        });
        let entries = first.chain(journal.entries[*at..].iter().cloned());
        let entries = entries.filter(|entry| self.spec.reads(&entry.key) == Some(true));
        let mut wanted: Vec<_> = entries.filter_map(|entry| self.item(entry)).collect();
        let mut there = without_faults(&self.expected);
        // Rows that a snapshot lacks leave in any order.
        for items in [&mut wanted, &mut there] {
            for left in items.chunk_by_mut(|a, b| a.is_gone() && b.is_gone()) {
                left.sort_by_key(|item| item.key().map(str::to_owned));
            }
        }
        // The initial rows come in the order of the list, or of the keys.
        let firsts = whole
            .keys()
            .filter(|key| self.spec.reads(key) == Some(true));
        let firsts = firsts.count();
        for items in [&mut wanted, &mut there] {
            let firsts = firsts.min(items.len());
            items[..firsts].sort_by_key(|item| item.key().map(str::to_owned));
        }
        if wanted == there {
            Ok(())
        } else {
            Err(format!("the frames said:{}", lines(&wanted)))
        }
    }

    /// Returns the item for an entry of the journal.
    fn item(&self, entry: Entry) -> Option<Seen> {
        let Entry {
            key,
            before,
            after,
            patched,
        } = entry;
        let form = if self.is_keys() {
            Form::Watch
        } else {
            self.spec.form
        };
        Some(match (form, before, after) {
            (Form::Listen, _, row) => Seen::Row(row?),
            (Form::Rich | Form::RichShared | Form::Changes, None, Some(row)) => {
                Seen::Created { key, row }
            }
            (Form::Rich | Form::RichShared | Form::Changes, Some(before), Some(after)) => {
                Seen::Updated {
                    patch: serde_json::to_value(before.diff(&after)).ok(),
                    key,
                    before,
                    after,
                }
            }
            (Form::Rich | Form::RichShared | Form::Changes, last_known, None) => {
                Seen::Deleted { key, last_known }
            }
            (_, _, Some(row)) => Seen::Put { key, row, patched },
            (_, _, None) => Seen::Gone { key },
        })
    }

    fn is_keys(&self) -> bool {
        matches!(self.spec.source, Source::Keys(_))
    }

    /// Whether the stream may drop items and report how many.
    pub(super) fn drops(&self) -> bool {
        let drops = matches!(self.spec.policy, Policy::DropOldest(_));
        drops && self.spec.form == Form::Try && !self.is_keys()
    }

    /// Checks the items read against the expected ones, and returns the rows that they add up to.
    pub(super) fn check(&self) -> Result<BTreeMap<String, Pool>, String> {
        let (read, expected) = (without_faults(&self.read), without_faults(&self.expected));
        let mut at = 0;
        if self.drops() || self.spec.policy == Policy::Unbounded {
            for item in &read {
                match item {
                    Seen::Missed(missed) => at += *missed as usize,
                    item if expected.get(at) == Some(item) => at += 1,
                    item => {
                        return Err(format!("item {at} is {item:?}, not {:?}", expected.get(at)))
                    }
                }
            }
            if at != expected.len() {
                return Err(format!("{at} items of {}", expected.len()));
            }
        } else if read.len() > expected.len() {
            return Err(format!("{} items of {}", read.len(), expected.len()));
        }
        let rows = rebuild(&expected, true).map_err(|error| format!("eager: {error}"))?;
        if self.drops() {
            // The reader knows that it missed items.
            return Ok(rows);
        }
        rebuild(&read, false)
    }
}

/// Formats items for people.
pub(super) fn lines(seen: &[Seen]) -> String {
    let lines = seen.iter().map(|seen| format!("\n    {seen:?}"));
    lines.collect()
}

/// Returns the items without faults, which change nothing.
fn without_faults(seen: &[Seen]) -> Vec<Seen> {
    let items = seen.iter().filter(|seen| !matches!(seen, Seen::Fault(_)));
    items.cloned().collect()
}

fn distinct(keys: &[&str]) -> usize {
    keys.iter().collect::<BTreeSet<_>>().len()
}

fn take(items: &mut Items, most: usize) -> Vec<Seen> {
    let mut read = Vec::new();
    while read.len() < most {
        match items.next().now_or_never() {
            Some(Some(item)) => read.push(item),
            Some(None) => {
                read.push(Seen::Fault("the end".to_owned()));
                break;
            }
            None => break,
        }
    }
    read
}

/// Returns the rows after these items. If `eager`, the reader read each item in time, so every item must
/// change something.
fn rebuild(items: &[Seen], eager: bool) -> Result<BTreeMap<String, Pool>, String> {
    let mut rows: BTreeMap<String, Pool> = BTreeMap::new();
    for item in items {
        let Some(key) = item.key() else { continue };
        let had = rows.get(key).cloned();
        let check = |holds: bool, what: &str| {
            if holds {
                Ok(())
            } else {
                Err(format!("{what}: had {had:?}, got {item:?}"))
            }
        };
        match item {
            Seen::Put { row, .. } => {
                check(!eager || had.as_ref() != Some(row), "nothing changed")?;
                rows.insert(key.to_owned(), row.clone());
            }
            // The row may have left and come back meanwhile.
            Seen::Row(row) => {
                rows.insert(key.to_owned(), row.clone());
            }
            Seen::Created { row, .. } => {
                check(had.is_none(), "created again")?;
                rows.insert(key.to_owned(), row.clone());
            }
            Seen::Updated {
                before,
                after,
                patch,
                ..
            } => {
                check(had.as_ref() == Some(before), "another before")?;
                check(before != after, "nothing changed")?;
                let mut patched = before.clone();
                let diff = before.diff(after);
                let json = serde_json::to_value(&diff).ok();
                check(json.is_some() && json == *patch, "another patch")?;
                let patch = serde_json::from_value(patch.clone().unwrap_or_default());
                let patch = patch.map_err(|error| error.to_string())?;
                check(patch == diff, "a patch that does not come back")?;
                patched.apply(patch).map_err(|error| error.to_string())?;
                if after.limit.is_none() {
                    // The row was created again: no patch sets a field back to "never received".
                    patched.limit = None;
                }
                check(patched == *after, "a patch that does not apply")?;
                rows.insert(key.to_owned(), after.clone());
            }
            Seen::Gone { .. } => {
                check(!eager || had.is_some(), "nothing to delete")?;
                rows.remove(key);
            }
            Seen::Deleted { last_known, .. } => {
                check(!eager || had.is_some(), "nothing to delete")?;
                check(had == *last_known, "wrong last known row")?;
                rows.remove(key);
            }
            Seen::Missed(_) | Seen::Fault(_) => {}
        }
    }
    Ok(rows)
}
