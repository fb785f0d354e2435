//! Renders a stream as a table. Time and terminal are arguments.

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

/// How long a changed row is highlighted.
const HIGHLIGHT: Duration = Duration::from_secs(1);
/// How long a note is shown.
const NOTE: Duration = Duration::from_secs(60);

/// How a key scrolls the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scroll {
    Up,
    Down,
    PageUp,
    PageDown,
    Start,
    End,
}

/// The rows of a view, and the state of its stream.
#[derive(Debug)]
pub(super) struct Table {
    view: String,
    columns: Columns,
    /// The widths that show the columns in full, since they were chosen.
    wanted: Vec<usize>,
    /// The keys from top to bottom.
    order: Vec<String>,
    rows: HashMap<String, Shown>,
    /// Whether the first rows were drawn. From then on, new rows go to the top.
    has_first_rows: bool,
    state: String,
    connected: bool,
    notes: u64,
    /// The last note and when it arrived.
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
    /// Creates an empty table. Without fields it chooses its columns from the rows.
    pub(super) fn new(view: String, fields: Vec<Path>) -> Self {
        Table {
            view,
            columns: Columns::new(fields),
            wanted: Vec::new(),
            order: Vec::new(),
            rows: HashMap::new(),
            has_first_rows: false,
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

    /// Applies an update.
    pub(super) fn apply(&mut self, update: Update<Arc<Value>>) {
        self.pace.updates += 1;
        let key = update.key().to_owned();
        let Some(row) = update.into_data() else {
            self.rows.remove(&key);
            self.order.retain(|known| *known != key);
            return;
        };
        let before = self.rows.get(&key).map(|shown| &*shown.row);
        self.columns.observe(&key, before, &row);
        let changed = self.now;
        let shown = Shown { row, changed };
        if self.rows.insert(key.clone(), shown).is_none() {
            if self.has_first_rows {
                self.order.insert(0, key);
            } else {
                self.order.push(key);
            }
        }
    }

    /// Sorts the rows in this order. Rows that are not in it, because an update of them is still queued, come
    /// last.
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

    /// Sets the state of the connection.
    pub(super) fn set_state(&mut self, change: &StateChange) {
        self.connected = change.state == ConnectionState::Connected;
        self.state = follow::state(change);
    }

    /// Shows a note.
    pub(super) fn set_note(&mut self, note: String) {
        self.notes += 1;
        self.note = Some((note, self.now));
    }

    /// Sets the time since the start and the client's counts.
    pub(super) fn tick(&mut self, now: Duration, stats: &Stats) {
        self.now = now;
        self.pace.tick(now, stats);
        if self.columns.choose() {
            self.wanted.clear();
        }
        self.has_first_rows |= !self.order.is_empty();
    }

    /// Scrolls the rows.
    pub(super) fn scroll(&mut self, scroll: Scroll) {
        self.top = match scroll {
            Scroll::Up => self.top.saturating_sub(1),
            Scroll::Down => self.top + 1,
            Scroll::PageUp => self.top.saturating_sub(self.page),
            Scroll::PageDown => self.top + self.page,
            Scroll::Start => 0,
            Scroll::End => usize::MAX,
        };
        self.limit_scroll();
    }

    /// Limits scrolling to the last page.
    fn limit_scroll(&mut self) {
        self.top = self.top.min(self.order.len().saturating_sub(self.page));
    }

    /// Draws the table.
    pub(super) fn render(&mut self, frame: &mut Frame<'_>) {
        let note = self.note_lines(usize::from(frame.area().width));
        let [head, body, keys, foot] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Min(1),
            Constraint::Length(1),
            Constraint::Length(u16::try_from(note.len()).unwrap_or(0)),
        ])
        .areas(frame.area());
        self.page = usize::from(body.height.saturating_sub(1)).max(1);
        self.limit_scroll();
        frame.render_widget(Paragraph::new(vec![self.head(), self.pace()]), head);
        self.body(frame, body);
        frame.render_widget(self.keys(usize::from(keys.width)), keys);
        frame.render_widget(Paragraph::new(note), foot);
    }

    fn head(&self) -> Line<'_> {
        let state = Span::raw(line(&self.state));
        let state = if self.connected {
            state.green()
        } else {
            state.red()
        };
        Line::from(vec![Span::raw(&self.view).bold(), Span::raw("  "), state])
    }

    fn pace(&self) -> Line<'_> {
        let stats = &self.pace.stats;
        let (updates, bytes) = self.pace.rates();
        let silent = self.now.saturating_sub(self.pace.last_message).as_secs();
        Line::raw(format!(
            "{} rows  {updates:.0} updates/s  {}/s  {} queued  last message {silent} s ago",
            self.order.len(),
            size(bytes),
            stats.queue_depth,
        ))
    }

    /// Returns the help for keys, and the hint about hidden columns.
    fn keys(&self, width: usize) -> Line<'_> {
        let hidden = self.columns.hidden().unwrap_or_default();
        let keys = format!("q quits, arrows and page keys scroll  {hidden}");
        Line::raw(cut(keys, width)).dim()
    }

    /// Returns the last note, unless it is older than [`NOTE`].
    fn note_lines(&self, width: usize) -> Vec<Line<'static>> {
        match &self.note {
            Some((note, since)) if self.now.saturating_sub(*since) < NOTE => {
                let note = wrapped(&format!("[{}] {}", self.notes, line(note)), width);
                let note = note.into_iter();
                note.map(|line| Line::raw(line).yellow()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn body(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(area.width);
        let visible: Vec<_> = self.order.iter().skip(self.top).take(self.page).collect();
        let titles = titles(self.columns.paths()).into_iter();
        let mut texts = vec![std::iter::once("key".to_owned())
            .chain(titles)
            .collect::<Vec<_>>()];
        widen(&mut self.wanted, &texts);
        // Cells may be long, so format only those of columns whose titles fit.
        let fitting = widths(&self.wanted, width).len();
        texts.extend(
            visible
                .iter()
                .map(|key| self.cells(key).take(fitting).collect()),
        );
        widen(&mut self.wanted, &texts);
        let widths = widths(&self.wanted, width);
        let mut rows = texts.into_iter().map(|cells| {
            let cells = cells.into_iter().zip(&widths);
            Row::new(cells.map(|(cell, width)| Cell::from(cut(cell, *width))))
        });
        let header = rows.next().unwrap_or_default();
        let style = |key: &str| match self.rows.get(key) {
            Some(shown) if self.now.saturating_sub(shown.changed) < HIGHLIGHT => {
                Style::new().bold()
            }
            _ => Style::new(),
        };
        let rows = rows.zip(&visible).map(|(row, key)| row.style(style(key)));
        let constraints = widths
            .iter()
            .map(|width| Constraint::Length(u16::try_from(*width).unwrap_or(u16::MAX)));
        let table = ratatui::widgets::Table::new(rows, constraints)
            .header(header.style(Style::new().underlined()));
        frame.render_widget(table, area);
        if !self.order.is_empty() {
            self.columns.visible = widths.len().saturating_sub(1);
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

/// The rates of updates and bytes.
#[derive(Debug, Default)]
struct Pace {
    updates: u64,
    stats: Stats,
    /// When the last message arrived.
    last_message: Duration,
    /// Time, updates and bytes of the last seconds.
    samples: VecDeque<(Duration, u64, u64)>,
}

impl Pace {
    const SPAN: Duration = Duration::from_secs(2);

    fn tick(&mut self, now: Duration, stats: &Stats) {
        if stats.frames != self.stats.frames {
            self.last_message = now;
        }
        self.stats = *stats;
        self.samples.push_back((now, self.updates, stats.bytes));
        while self.samples.len() > 2 && self.samples[1].0 + Self::SPAN <= now {
            self.samples.pop_front();
        }
    }

    /// Returns updates and bytes per second.
    fn rates(&self) -> (f64, f64) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return (0.0, 0.0);
        };
        let seconds = last.0.saturating_sub(first.0).as_secs_f64();
        if seconds > 0.0 {
            // The counts are far below 2^53, so the conversion is exact.
            (
                (last.1 - first.1) as f64 / seconds,
                (last.2 - first.2) as f64 / seconds,
            )
        } else {
            (0.0, 0.0)
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
    fn rows_and_rates_are_shown() {
        let mut table = Table::new("OreRound/list".to_owned(), Vec::new());
        table.tick(second(0), &counts(1, 100, 0));
        let row = |n: u64| json!({"_seq": "1:2", "id": {"n": n}, "open": true, "paid": n + 1, "log": [1]});
        table.apply(upsert("7", row(7)));
        table.apply(upsert("6", row(6)));
        table.tick(second(1), &counts(3, 2600, 4));
        table.apply(upsert("8", row(8)));
        table.tick(second(5), &counts(3, 2600, 0));
        assert_eq!(
            drawn(&mut table, 70, 7),
            [
                "OreRound/list  connecting",
                "3 rows  0 updates/s  0 B/s  0 queued  last message 4 s ago",
                "key paid open n log",
                "8   9    true 8 [1]",
                "7   8    true 7 [1]",
                "6   7    true 6 [1]",
                "q quits, arrows and page keys scroll",
            ]
        );
        table.apply(Update::Delete {
            key: "7".to_owned(),
        });
        table.set_note("decode error\n\u{1b}[2J".to_owned());
        let lines = drawn(&mut table, 70, 7);
        assert_eq!(lines[3..5], ["8   9    true 8 [1]", "6   7    true 6 [1]"]);
        assert_eq!(lines[5], "q quits, arrows and page keys scroll");
        assert_eq!(lines[6], "[1] decode error \u{fffd}[2J");
        table.tick(second(65), &counts(3, 2600, 0));
        let keys = "q quits, arrows and page keys scroll";
        assert_eq!(drawn(&mut table, 70, 7)[6], keys);
    }

    #[test]
    fn rates_cover_the_last_seconds() {
        let mut pace = Pace::default();
        for n in 0..10 {
            pace.updates = n * 20;
            pace.tick(second(n), &counts(n, n * 1500, 0));
        }
        assert_eq!(pace.rates(), (20.0, 1500.0));
        pace.tick(second(60), &counts(9, 9 * 1500, 0));
        pace.tick(second(63), &counts(9, 9 * 1500, 0));
        assert_eq!((pace.rates(), pace.last_message), ((0.0, 0.0), second(9)));
        assert_eq!(
            (size(12.0), size(1500.0)),
            ("12 B".to_owned(), "1.5 kB".to_owned())
        );
    }

    #[test]
    fn requested_fields_are_the_columns() {
        let fields = ["b.id", "a.id", "log"].map(|path| path.parse().unwrap());
        let mut table = Table::new("A/list".to_owned(), fields.to_vec());
        let log = "x".repeat(50);
        table.apply(upsert(
            "k",
            json!({"a": {"id": 1}, "b": {"id": null}, "log": [log]}),
        ));
        table.tick(second(0), &counts(1, 1, 0));
        let lines = drawn(&mut table, 45, 5);
        assert_eq!(lines[2], "key b.id a.id log");
        assert_eq!(lines[3], format!("k   null 1    [\"{}…", "x".repeat(28)));
        // A column that does not fit is left out.
        assert_eq!(drawn(&mut table, 20, 5)[2], "key b.id a.id");
    }

    #[test]
    fn a_field_that_changes_becomes_visible() {
        let mut table = Table::new("A/list".to_owned(), Vec::new());
        let key = "x".repeat(44);
        let mut drawn = |paid: u64, taken: u64| {
            let row =
                json!({"address": key, "paid_by_everybody": paid, "taken_by_everybody": taken});
            table.apply(upsert(&key, row));
            table.tick(second(1), &counts(1, 1, 0));
            drawn(&mut table, 50, 5);
            // The number of visible columns is known after the first drawing.
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
    fn a_window_keeps_its_own_order() {
        let mut table = Table::new("A/top".to_owned(), Vec::new());
        let rows = [3, 1, 2].map(|n| Arc::new(json!({"n": n})));
        for row in &rows {
            let (key, data) = (row["n"].to_string(), row.clone());
            table.apply(Update::Upsert { key, data });
        }
        let [three, one, two] = rows;
        table.arrange(&[one.clone(), two.clone(), three]);
        assert_eq!(table.order, ["1", "2", "3"]);
        table.arrange(&[two, one]);
        assert_eq!(table.order, ["2", "1", "3"]);
    }

    #[test]
    fn scrolling_stops_at_the_last_page() {
        let mut table = Table::new("A/list".to_owned(), Vec::new());
        for n in 0..9 {
            table.apply(upsert(&n.to_string(), json!({})));
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
    fn a_tiny_terminal_does_not_panic() {
        let mut table = Table::new("A/list".to_owned(), Vec::new());
        table.apply(upsert("key", json!({"a": 1})));
        table.tick(second(0), &counts(1, 1, 0));
        table.set_note("a note that does not fit".to_owned());
        for (width, height) in [(1, 1), (3, 2), (80, 3)] {
            drawn(&mut table, width, height);
        }
    }
}
