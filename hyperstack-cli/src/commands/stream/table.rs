//! A stream as a table: what there is to show, and how. It reads no clock and no terminal.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hyperstack_sdk::{ConnectionState, StateChange, Stats, Update, Value};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row};
use ratatui::Frame;

use super::cells::{cut, line, text, widen, widths, wrapped};
use super::columns::{titles, Columns};
use super::follow;
use super::path::Path;

/// How long a row that changed stands out.
const FRESH: Duration = Duration::from_secs(1);
/// How long a note is news.
const NEWS: Duration = Duration::from_secs(60);

/// What a key does to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scroll {
    Up,
    Down,
    PageUp,
    PageDown,
    Start,
    End,
}

/// The rows of a view, and how it goes.
#[derive(Debug)]
pub(super) struct Table {
    view: String,
    columns: Columns,
    /// What they want to be whole, since they were chosen.
    wanted: Vec<usize>,
    /// Keys, top to bottom.
    order: Vec<String>,
    rows: HashMap<String, Shown>,
    /// Whether the rows of the beginning have been drawn: newcomers then come on top.
    begun: bool,
    state: String,
    connected: bool,
    notes: u64,
    /// The last one, and when it came.
    note: Option<(String, Duration)>,
    pace: Pace,
    now: Duration,
    top: usize,
    page: usize,
}

#[derive(Debug)]
struct Shown {
    row: Arc<Value>,
    changed: Duration,
}

impl Table {
    /// An empty table; without fields it chooses its columns by what comes.
    pub(super) fn new(view: String, fields: Vec<Path>) -> Self {
        Table {
            view,
            columns: Columns::new(fields),
            wanted: Vec::new(),
            order: Vec::new(),
            rows: HashMap::new(),
            begun: false,
            state: "connecting".to_owned(),
            connected: false,
            notes: 0,
            note: None,
            pace: Pace::default(),
            now: Duration::ZERO,
            top: 0,
            page: 1,
        }
    }

    /// Takes in an update.
    pub(super) fn update(&mut self, update: Update<Arc<Value>>) {
        self.pace.updates += 1;
        let key = update.key().to_owned();
        let Some(row) = update.into_data() else {
            self.rows.remove(&key);
            self.order.retain(|known| *known != key);
            return;
        };
        let before = self.rows.get(&key).map(|shown| &*shown.row);
        self.columns.take(&key, before, &row);
        let changed = self.now;
        let shown = Shown { row, changed };
        if self.rows.insert(key.clone(), shown).is_none() {
            match self.begun {
                true => self.order.insert(0, key),
                false => self.order.push(key),
            }
        }
    }

    /// Puts the rows in this order. One that is not among them, since it is about to leave or to
    /// change, comes last.
    pub(super) fn arrange(&mut self, ranked: &[Arc<Value>]) {
        let places = ranked.iter().enumerate();
        let places: HashMap<_, _> = places.map(|(n, row)| (Arc::as_ptr(row), n)).collect();
        let place = |key: &String| {
            let shown = self.rows.get(key)?;
            places.get(&Arc::as_ptr(&shown.row)).copied()
        };
        self.order
            .sort_by_cached_key(|key| place(key).unwrap_or(usize::MAX));
    }

    /// Takes in a state of the connection.
    pub(super) fn state(&mut self, change: &StateChange) {
        self.connected = change.state == ConnectionState::Connected;
        self.state = follow::state(change);
    }

    /// Takes in what is to be said.
    pub(super) fn note(&mut self, note: String) {
        self.notes += 1;
        self.note = Some((note, self.now));
    }

    /// Takes in the time since the start, and the client's counts.
    pub(super) fn tick(&mut self, now: Duration, stats: &Stats) {
        self.now = now;
        self.pace.tick(now, stats);
        if self.columns.choose() {
            self.wanted.clear();
        }
        self.begun |= !self.order.is_empty();
    }

    /// Moves what is seen.
    pub(super) fn scroll(&mut self, scroll: Scroll) {
        self.top = match scroll {
            Scroll::Up => self.top.saturating_sub(1),
            Scroll::Down => self.top + 1,
            Scroll::PageUp => self.top.saturating_sub(self.page),
            Scroll::PageDown => self.top + self.page,
            Scroll::Start => 0,
            Scroll::End => usize::MAX,
        };
        self.stop();
    }

    /// The last page is the last one.
    fn stop(&mut self) {
        self.top = self.top.min(self.order.len().saturating_sub(self.page));
    }

    /// Draws it.
    pub(super) fn render(&mut self, frame: &mut Frame<'_>) {
        let note = self.news(usize::from(frame.area().width));
        let [head, body, keys, foot] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Min(1),
            Constraint::Length(1),
            Constraint::Length(u16::try_from(note.len()).unwrap_or(0)),
        ])
        .areas(frame.area());
        self.page = usize::from(body.height.saturating_sub(1)).max(1);
        self.stop();
        frame.render_widget(Paragraph::new(vec![self.head(), self.pace()]), head);
        self.body(frame, body);
        frame.render_widget(self.keys(usize::from(keys.width)), keys);
        frame.render_widget(Paragraph::new(note), foot);
    }

    fn head(&self) -> Line<'_> {
        let state = Span::raw(line(&self.state));
        let state = match self.connected {
            true => state.green(),
            false => state.red(),
        };
        Line::from(vec![Span::raw(&self.view).bold(), Span::raw("  "), state])
    }

    fn pace(&self) -> Line<'_> {
        let Pace { stats, heard, .. } = &self.pace;
        let (updates, bytes) = self.pace.rates();
        let silent = self.now.saturating_sub(*heard).as_secs();
        Line::raw(format!(
            "{} rows  {updates:.0} updates/s  {}/s  {} pending  last message {silent} s ago",
            self.order.len(),
            size(bytes),
            stats.queue_depth,
        ))
    }

    /// The keys, and how many fields there is no room for.
    fn keys(&self, room: usize) -> Line<'_> {
        let more = self.columns.more().unwrap_or_default();
        let keys = format!("q quits, arrows and page keys scroll  {more}");
        Line::raw(cut(keys, room)).dim()
    }

    /// The last note, while it is news.
    fn news(&self, room: usize) -> Vec<Line<'static>> {
        match &self.note {
            Some((note, since)) if self.now.saturating_sub(*since) < NEWS => {
                let note = wrapped(&format!("[{}] {}", self.notes, line(note)), room);
                let note = note.into_iter();
                note.map(|line| Line::raw(line).yellow()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn body(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let room = usize::from(area.width);
        let seen: Vec<_> = self.order.iter().skip(self.top).take(self.page).collect();
        let titles = titles(self.columns.paths()).into_iter();
        let mut texts = vec![std::iter::once("key".to_owned())
            .chain(titles)
            .collect::<Vec<_>>()];
        widen(&mut self.wanted, &texts);
        // What has no room for its title is not written out: it may be long.
        let most = widths(&self.wanted, room).len();
        texts.extend(seen.iter().map(|key| self.cells(key).take(most).collect()));
        widen(&mut self.wanted, &texts);
        let widths = widths(&self.wanted, room);
        let mut rows = texts.into_iter().map(|cells| {
            let cells = cells.into_iter().zip(&widths);
            Row::new(cells.map(|(cell, width)| Cell::from(cut(cell, *width))))
        });
        let header = rows.next().unwrap_or_default();
        let style = |key: &str| match self.rows.get(key) {
            Some(shown) if self.now.saturating_sub(shown.changed) < FRESH => Style::new().bold(),
            _ => Style::new(),
        };
        let rows = rows.zip(&seen).map(|(row, key)| row.style(style(key)));
        let constraints = widths
            .iter()
            .map(|width| Constraint::Length(u16::try_from(*width).unwrap_or(u16::MAX)));
        let table = ratatui::widgets::Table::new(rows, constraints)
            .header(header.style(Style::new().underlined()));
        frame.render_widget(table, area);
        if !self.order.is_empty() {
            self.columns.seen = widths.len().saturating_sub(1);
        }
    }

    fn cells<'t>(&'t self, key: &'t str) -> impl Iterator<Item = String> + 't {
        let row = self.rows.get(key).map(|shown| &*shown.row);
        let cell = move |path: &Path| {
            row.and_then(|row| path.find(row))
                .map_or(String::new(), text)
        };
        std::iter::once(line(key)).chain(self.columns.paths().iter().map(cell))
    }
}

fn size(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        bytes if bytes >= 1e3 => format!("{:.1} kB", bytes / 1e3),
        bytes => format!("{bytes:.0} B"),
    }
}

/// How fast it goes.
#[derive(Debug, Default)]
struct Pace {
    updates: u64,
    stats: Stats,
    /// When the last message came.
    heard: Duration,
    /// Time, updates and bytes of the last seconds.
    samples: VecDeque<(Duration, u64, u64)>,
}

impl Pace {
    const SPAN: Duration = Duration::from_secs(2);

    fn tick(&mut self, now: Duration, stats: &Stats) {
        if stats.frames != self.stats.frames {
            self.heard = now;
        }
        self.stats = *stats;
        self.samples.push_back((now, self.updates, stats.bytes));
        while self.samples.len() > 2 && self.samples[1].0 + Self::SPAN <= now {
            self.samples.pop_front();
        }
    }

    /// Updates and bytes in a second.
    fn rates(&self) -> (f64, f64) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return (0.0, 0.0);
        };
        let seconds = last.0.saturating_sub(first.0).as_secs_f64();
        match seconds > 0.0 {
            // A count of so many would have other troubles than its precision.
            true => (
                (last.1 - first.1) as f64 / seconds,
                (last.2 - first.2) as f64 / seconds,
            ),
            false => (0.0, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::backend::TestBackend;
    use ratatui::Terminal;
    use serde_json::json;

    fn upsert(key: &str, row: Value) -> Update<Arc<Value>> {
        Update::Upsert {
            key: key.to_owned(),
            data: Arc::new(row),
        }
    }

    fn drawn(table: &mut Table, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| table.render(frame)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let lines = buffer.content().chunks(usize::from(width));
        let text = |cells: &[ratatui::buffer::Cell]| -> String {
            cells.iter().map(ratatui::buffer::Cell::symbol).collect()
        };
        lines.map(|line| text(line).trim_end().to_owned()).collect()
    }

    fn counts(frames: u64, bytes: u64, queue_depth: usize) -> Stats {
        let mut stats = Stats::default();
        stats.frames = frames;
        stats.bytes = bytes;
        stats.queue_depth = queue_depth;
        stats
    }

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn rows_and_the_pace_are_shown() {
        let mut table = Table::new("OreRound/list".to_owned(), Vec::new());
        table.tick(second(0), &counts(1, 100, 0));
        let row = |n: u64| json!({"_seq": "1:2", "id": {"n": n}, "open": true, "paid": n + 1, "log": [1]});
        table.update(upsert("7", row(7)));
        table.update(upsert("6", row(6)));
        table.tick(second(1), &counts(3, 2600, 4));
        table.update(upsert("8", row(8)));
        table.tick(second(5), &counts(3, 2600, 0));
        assert_eq!(
            drawn(&mut table, 70, 7),
            [
                "OreRound/list  connecting",
                "3 rows  0 updates/s  0 B/s  0 pending  last message 4 s ago",
                "key paid open n log",
                "8   9    true 8 [1]",
                "7   8    true 7 [1]",
                "6   7    true 6 [1]",
                "q quits, arrows and page keys scroll",
            ]
        );
        table.update(Update::Delete {
            key: "7".to_owned(),
        });
        table.note("a row did not fit\n\u{1b}[2J".to_owned());
        let lines = drawn(&mut table, 70, 7);
        assert_eq!(lines[3..5], ["8   9    true 8 [1]", "6   7    true 6 [1]"]);
        assert_eq!(lines[5], "q quits, arrows and page keys scroll");
        assert_eq!(lines[6], "[1] a row did not fit \u{fffd}[2J");
        table.tick(second(65), &counts(3, 2600, 0));
        let keys = "q quits, arrows and page keys scroll";
        assert_eq!(drawn(&mut table, 70, 7)[6], keys);
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let mut pace = Pace::default();
        for n in 0..10 {
            pace.updates = n * 20;
            pace.tick(second(n), &counts(n, n * 1500, 0));
        }
        assert_eq!(pace.rates(), (20.0, 1500.0));
        pace.tick(second(60), &counts(9, 9 * 1500, 0));
        pace.tick(second(63), &counts(9, 9 * 1500, 0));
        assert_eq!((pace.rates(), pace.heard), ((0.0, 0.0), second(9)));
        assert_eq!(
            (size(12.0), size(1500.0)),
            ("12 B".to_owned(), "1.5 kB".to_owned())
        );
    }

    #[test]
    fn what_is_asked_for_are_the_columns() {
        let fields = ["b.id", "a.id", "log"].map(|path| path.parse().unwrap());
        let mut table = Table::new("A/list".to_owned(), fields.to_vec());
        let log = "x".repeat(50);
        table.update(upsert(
            "k",
            json!({"a": {"id": 1}, "b": {"id": null}, "log": [log]}),
        ));
        table.tick(second(0), &counts(1, 1, 0));
        let lines = drawn(&mut table, 45, 5);
        assert_eq!(lines[2], "key b.id a.id log");
        assert_eq!(lines[3], format!("k   null 1    [\"{}…", "x".repeat(28)));
        // A column that has no room is left out.
        assert_eq!(drawn(&mut table, 20, 5)[2], "key b.id a.id");
    }

    #[test]
    fn what_changes_gets_a_place() {
        let mut table = Table::new("A/list".to_owned(), Vec::new());
        let key = "x".repeat(44);
        let mut drawn = |paid: u64, taken: u64| {
            let row =
                json!({"address": key, "paid_by_everybody": paid, "taken_by_everybody": taken});
            table.update(upsert(&key, row));
            table.tick(second(1), &counts(1, 1, 0));
            drawn(&mut table, 50, 5);
            // What is seen is known once it was drawn.
            drawn(&mut table, 50, 5)
        };
        let title = |name: &str| format!("key{name:>47}");
        let lines = drawn(1, 1);
        assert_eq!(lines[2], title("paid_by_everybody"));
        assert_eq!(lines[3], format!("{}… 1", "x".repeat(31)));
        let foot = "q quits, arrows and page keys scroll  +2 fields, …";
        assert_eq!(lines[4], foot);
        assert_eq!(drawn(1, 2)[2], title("taken_by_everybody"));
    }

    #[test]
    fn a_window_is_in_its_own_order() {
        let mut table = Table::new("A/top".to_owned(), Vec::new());
        let rows = [3, 1, 2].map(|n| Arc::new(json!({"n": n})));
        for row in &rows {
            let (key, data) = (row["n"].to_string(), row.clone());
            table.update(Update::Upsert { key, data });
        }
        let [three, one, two] = rows;
        table.arrange(&[one.clone(), two.clone(), three]);
        assert_eq!(table.order, ["1", "2", "3"]);
        table.arrange(&[two, one]);
        assert_eq!(table.order, ["2", "1", "3"]);
    }

    #[test]
    fn scrolling_ends_with_the_last_page() {
        let mut table = Table::new("A/list".to_owned(), Vec::new());
        for n in 0..9 {
            table.update(upsert(&n.to_string(), json!({})));
        }
        let first = |table: &mut Table, scroll| {
            table.scroll(scroll);
            drawn(table, 20, 7)[3].clone()
        };
        let _ = drawn(&mut table, 20, 7);
        for (scroll, top) in [
            (Scroll::Up, "0"),
            (Scroll::Down, "1"),
            (Scroll::PageDown, "4"),
            (Scroll::PageDown, "6"),
            (Scroll::PageUp, "3"),
            (Scroll::End, "6"),
            (Scroll::Start, "0"),
        ] {
            assert_eq!(first(&mut table, scroll), top, "{scroll:?}");
        }
    }

    #[test]
    fn a_terminal_without_room_is_no_reason_to_panic() {
        let mut table = Table::new("A/list".to_owned(), Vec::new());
        table.update(upsert("key", json!({"a": 1})));
        table.tick(second(0), &counts(1, 1, 0));
        table.note("more than there is room for".to_owned());
        for (width, height) in [(1, 1), (3, 2), (80, 3)] {
            drawn(&mut table, width, height);
        }
    }
}
