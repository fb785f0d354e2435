//! Renders a stream as a table. Time and terminal are arguments.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyperstack_sdk::{ConnectionState, StateChange, Stats, Update, Value};
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Cell, Paragraph, Row};
use ratatui::Frame;

use super::cells::{self, cut, line, text, widths, wrapped, Need};
use super::chart;
use super::columns::{titles, Columns};
use super::follow;
use super::number::Number;
use super::pace::{size, Pace};
use super::path::Path;
use super::plot::Plot;
use super::sort::Sort;
use super::times::time;

/// How long a changed cell is highlighted.
const HIGHLIGHT: Duration = Duration::from_secs(1);
/// How long a note is shown.
const NOTE: Duration = Duration::from_secs(60);
/// The width of the column with sparklines.
const SPARK: usize = 12;
/// The place of that column: after the key and the plotted field.
const SPARK_PLACE: usize = 2;

/// What the table shows, and how.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The fields to show. Empty means those that fit best.
    pub(super) fields: Vec<Path>,
    /// The field of the chart and the sparklines.
    pub(super) plot: Option<Path>,
    /// The order of the rows. `None`: the view's.
    pub(super) sort: Option<Sort>,
    /// Whether to show Unix times as numbers.
    pub(super) raw: bool,
    /// Whether to highlight changes.
    pub(super) highlight: bool,
}

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
    plot: Option<Plot>,
    sort: Option<Sort>,
    raw: bool,
    highlight: bool,
    /// The widths that the columns need, since they were chosen.
    needs: Vec<Need>,
    /// The keys from top to bottom.
    order: Vec<String>,
    rows: HashMap<String, Shown>,
    /// Whether the order may differ from that of `sort`.
    is_unsorted: bool,
    /// Whether all keys so far were numbers.
    has_numeric_keys: bool,
    /// Whether the first rows were drawn. From then on, new rows go to the top.
    has_first_rows: bool,
    state: String,
    connected: bool,
    notes: u64,
    errors: u64,
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
    /// When the row appeared, unless it was one of the first.
    appeared: Option<Duration>,
    /// When the cells changed. Has those of the last second, and maybe older ones.
    changed: HashMap<Path, Duration>,
}

impl Table {
    /// Creates an empty table. Without fields it chooses its columns from the rows.
    pub(super) fn new(view: String, look: Look) -> Self {
        let sorted = look.sort.as_ref().map(|sort| sort.path.clone());
        let mut pinned: Vec<_> = look.plot.iter().cloned().chain(sorted).collect();
        pinned.dedup();
        Table {
            view,
            columns: Columns::new(look.fields, pinned),
            plot: look.plot.map(Plot::new),
            sort: look.sort,
            raw: look.raw,
            highlight: look.highlight,
            needs: Vec::new(),
            order: Vec::new(),
            rows: HashMap::new(),
            is_unsorted: false,
            has_numeric_keys: true,
            has_first_rows: false,
            state: "connecting".to_owned(),
            connected: false,
            notes: 0,
            errors: 0,
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
            if let Some(plot) = &mut self.plot {
                plot.remove(&key);
            }
            return;
        };
        if let Some(plot) = &mut self.plot {
            plot.observe(&key, &row, self.now);
        }
        self.is_unsorted = true;
        let before = self.rows.get(&key).map(|shown| &*shown.row);
        let changes = self.columns.observe(&key, before, &row);
        if let Some(shown) = self.rows.get_mut(&key) {
            shown.row = row;
            shown.changed.retain(|_, at| is_recent(*at, self.now));
            let changes = changes.into_iter().map(|path| (path, self.now));
            shown.changed.extend(changes);
            return;
        }
        let shown = Shown {
            row,
            appeared: self.has_first_rows.then_some(self.now),
            changed: HashMap::new(),
        };
        self.has_numeric_keys &= is_number(&key);
        self.rows.insert(key.clone(), shown);
        if self.has_first_rows {
            self.order.insert(0, key);
        } else {
            self.order.push(key);
        }
    }

    /// Sorts the rows in this order, unless the user chose another one. Rows that are not in it, because an update of
    /// them is still queued, come last.
    pub(super) fn arrange(&mut self, ranked: &[Arc<Value>]) {
        if self.sort.is_some() {
            return;
        }
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

    /// Shows a note, together with others of the same moment.
    pub(super) fn set_note(&mut self, note: String) {
        self.notes += 1;
        let note = match self.note.take() {
            Some((earlier, at)) if at == self.now => format!("{earlier}; {note}"),
            _ => note,
        };
        self.note = Some((note, self.now));
    }

    /// Shows an error, and counts it.
    pub(super) fn set_error(&mut self, error: String) {
        self.errors += 1;
        self.set_note(error);
    }

    /// Returns a line that sums up the stream at its end.
    pub(super) fn summary(&self, now: Duration, stats: &Stats) -> String {
        let rows = counted(self.rows.len() as u64, "row");
        let updates = counted(self.pace.updates, "update");
        let errors = counted(self.errors, "error");
        let reconnects = match stats.reconnects {
            0 => String::new(),
            count => format!(", {}", counted(count, "reconnect")),
        };
        let view = line(&self.view);
        format!(
            "{view}: {rows}, {updates}, {errors}{reconnects} in {}",
            span(now)
        )
    }

    /// Sets the time since the start and the client's counts.
    pub(super) fn tick(&mut self, now: Duration, stats: &Stats) {
        self.now = now;
        self.pace.tick(now, stats);
        if self.columns.choose() {
            self.needs.clear();
        }
        if let Some(plot) = &mut self.plot {
            plot.choose(now);
        }
        self.sort();
        self.has_first_rows |= !self.order.is_empty();
    }

    /// Sorts the rows by the field of `--sort`, if there is one.
    fn sort(&mut self) {
        if let (Some(sort), true) = (&self.sort, self.is_unsorted) {
            let row = |key: &String| self.rows.get(key).map(|shown| &*shown.row);
            self.order
                .sort_by_cached_key(|key| sort.rank(key, row(key)));
            self.is_unsorted = false;
        }
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
        let notes = u16::try_from(note.len()).unwrap_or(0);
        let chart = match self.plot {
            // The head and the help for keys take three lines.
            Some(_) => chart::height(frame.area().height.saturating_sub(3 + notes)),
            None => 0,
        };
        let [head, plot, body, keys, foot] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Length(chart),
            Constraint::Min(1),
            Constraint::Length(1),
            Constraint::Length(notes),
        ])
        .areas(frame.area());
        self.page = usize::from(body.height.saturating_sub(1)).max(1);
        self.limit_scroll();
        let width = usize::from(head.width);
        let pace = Line::raw(cut(self.pace(), width));
        frame.render_widget(Paragraph::new(vec![self.head(width), pace]), head);
        if let (Some(shown), 1..) = (&self.plot, chart) {
            chart::render(shown, self.now, frame, plot);
        }
        self.body(frame, body);
        frame.render_widget(self.keys(usize::from(keys.width)), keys);
        frame.render_widget(Paragraph::new(note), foot);
    }

    fn head(&self, width: usize) -> Line<'_> {
        let left = width.saturating_sub(cells::width(&self.view) + 2);
        let state = Span::raw(cut(line(&self.state), left));
        let state = if self.connected {
            state.green()
        } else {
            state.red()
        };
        Line::from(vec![Span::raw(&self.view).bold(), Span::raw("  "), state])
    }

    fn pace(&self) -> String {
        let stats = &self.pace.stats;
        let (updates, bytes) = self.pace.rates();
        let silent = self.now.saturating_sub(self.pace.last_message).as_secs();
        format!(
            "{}  {updates:.0} updates/s  {}/s  {} queued  last message {silent} s ago",
            counted(self.order.len() as u64, "row"),
            size(bytes),
            stats.queue_depth,
        )
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
        let titles = self.titles();
        self.needs.resize(titles.len(), Need::default());
        for (need, title) in self.needs.iter_mut().zip(&titles) {
            need.add_text(title);
        }
        // Cells may be long, so format only those of columns whose titles fit.
        let fitting = widths(&self.needs, width).len();
        let cells: Vec<Vec<_>> = visible
            .iter()
            .map(|key| self.cells(key).into_iter().take(fitting).collect())
            .collect();
        let numeric: Vec<_> = (0..fitting).map(|place| self.is_numeric(place)).collect();
        for cells in &cells {
            for ((need, cell), is_numeric) in self.needs.iter_mut().zip(cells).zip(&numeric) {
                if *is_numeric {
                    need.add_number(&cell.text);
                } else {
                    need.add_text(&cell.text);
                }
            }
        }
        let widths = widths(&self.needs, width);
        let drawn = |text: String, place: usize, width: usize| {
            let is_numeric = numeric.get(place).is_some_and(|is_numeric| *is_numeric);
            let side = if is_numeric {
                Alignment::Right
            } else {
                Alignment::Left
            };
            Text::from(cut(text, width)).alignment(side)
        };
        let header = titles.into_iter().zip(&widths).enumerate();
        let header = header.map(|(place, (title, width))| drawn(title, place, *width));
        let header = Row::new(header).style(Style::new().underlined());
        let rows = cells.into_iter().map(|cells| {
            let cells = cells.into_iter().zip(&widths).enumerate();
            Row::new(cells.map(|(place, (shown, width))| {
                let cell = Cell::from(drawn(shown.text, place, *width));
                if shown.is_recent {
                    cell.style(Style::new().bold().fg(Color::Yellow))
                } else {
                    cell
                }
            }))
        });
        let lengths = widths.iter().map(|width| columns(*width));
        let table = ratatui::widgets::Table::new(rows, lengths.map(Constraint::Length));
        frame.render_widget(table.header(header), area);
        self.sparklines(frame, area, &visible, &widths);
        if !self.order.is_empty() {
            let sparklines = usize::from(self.plot.is_some() && widths.len() > SPARK_PLACE);
            self.columns.visible = widths.len().saturating_sub(1 + sparklines);
        }
    }

    /// Draws the sparklines over the cells that [`cells`](Self::cells) leaves empty.
    fn sparklines(&self, frame: &mut Frame<'_>, area: Rect, keys: &[&String], widths: &[usize]) {
        let (Some(plot), Some(width)) = (&self.plot, widths.get(SPARK_PLACE)) else {
            return;
        };
        let before: usize = widths[..SPARK_PLACE].iter().map(|width| width + 1).sum();
        let column = Rect {
            x: area.x + columns(before),
            width: columns(*width),
            ..area
        };
        // The first line is the header.
        for (key, cell) in keys.iter().zip(column.intersection(area).rows().skip(1)) {
            frame.render_widget(chart::sparkline(plot, key, cell.width), cell);
        }
    }

    /// Returns the title of each column.
    fn titles(&self) -> Vec<String> {
        let mut titles = titles(self.columns.paths());
        if let Some(sort) = &self.sort {
            let paths = self.columns.paths().iter();
            for (title, _) in titles
                .iter_mut()
                .zip(paths)
                .filter(|(_, path)| **path == sort.path)
            {
                *title += if sort.is_descending { " ▼" } else { " ▲" };
            }
        }
        titles.insert(0, "key".to_owned());
        if self.plot.is_some() {
            titles.insert(SPARK_PLACE, format!("{:SPARK$}", "trend"));
        }
        titles
    }

    /// Returns the field of a column, unless it is that of the keys or of the sparklines.
    fn field(&self, place: usize) -> Option<&Path> {
        let fields = match place {
            0 => return None,
            SPARK_PLACE if self.plot.is_some() => return None,
            place if self.plot.is_some() && place > SPARK_PLACE => place - 2,
            place => place - 1,
        };
        self.columns.paths().get(fields)
    }

    /// Returns whether a column has only numbers, which are aligned right.
    fn is_numeric(&self, place: usize) -> bool {
        match self.field(place) {
            Some(path) => self.columns.is_numeric(path),
            None => place == 0 && self.has_numeric_keys,
        }
    }

    /// Returns the cells of a row. The one of the sparkline is empty.
    fn cells(&self, key: &str) -> Vec<CellText> {
        let shown = self.rows.get(key);
        let is_new = shown.and_then(|shown| shown.appeared);
        let is_new = is_new.is_some_and(|at| is_recent(at, self.now));
        let field = |path: &Path| {
            let value = shown.and_then(|shown| path.find(&shown.row));
            let changed = shown.and_then(|shown| shown.changed.get(path));
            CellText {
                text: value.map_or(String::new(), |value| self.value(path, value)),
                is_recent: is_new || changed.is_some_and(|at| is_recent(*at, self.now)),
            }
        };
        let mut cells: Vec<_> = self.columns.paths().iter().map(field).collect();
        let (text, is_recent) = (line(key), is_new);
        cells.insert(0, CellText { text, is_recent });
        if self.plot.is_some() {
            cells.insert(SPARK_PLACE, CellText::default());
        }
        if !self.highlight {
            cells.iter_mut().for_each(|cell| cell.is_recent = false);
        }
        cells
    }

    /// Formats a value, as a date if it is a time.
    fn value(&self, path: &Path, value: &Value) -> String {
        let date = match self.raw {
            true => None,
            false => time(path.name(), value),
        };
        date.unwrap_or_else(|| text(value))
    }
}

/// The text of a cell, and whether it changed within the last second.
#[derive(Debug, Default)]
struct CellText {
    text: String,
    is_recent: bool,
}

fn is_recent(at: Duration, now: Duration) -> bool {
    now.saturating_sub(at) < HIGHLIGHT
}

fn is_number(key: &str) -> bool {
    Number::of(&Value::from(key)).is_some()
}

/// Converts a number of columns, which the width of the terminal limits.
fn columns(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

/// Returns `1 row` or `2 rows`.
fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Formats a time span.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let minutes = seconds / 60;
    if minutes == 0 {
        format!("{:.1} s", span.as_secs_f64())
    } else if minutes < 60 {
        format!("{minutes} min {} s", seconds % 60)
    } else {
        format!("{} h {} min", minutes / 60, minutes % 60)
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
        let mut table = Table::new("OreRound/list".to_owned(), Look::default());
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
                "  8    9 true 8 [1]",
                "  7    8 true 7 [1]",
                "  6    7 true 6 [1]",
                "q quits, arrows and page keys scroll",
            ]
        );
        table.apply(Update::Delete {
            key: "7".to_owned(),
        });
        table.set_note("decode error\n\u{1b}[2J".to_owned());
        let lines = drawn(&mut table, 70, 7);
        assert_eq!(lines[3..5], ["  8    9 true 8 [1]", "  6    7 true 6 [1]"]);
        assert_eq!(lines[5], "q quits, arrows and page keys scroll");
        assert_eq!(lines[6], "[1] decode error \u{fffd}[2J");
        table.set_note("another".to_owned());
        let lines = drawn(&mut table, 70, 7);
        assert_eq!(lines[6], "[2] decode error \u{fffd}[2J; another");
        table.tick(second(65), &counts(3, 2600, 0));
        let keys = "q quits, arrows and page keys scroll";
        assert_eq!(drawn(&mut table, 70, 7)[6], keys);
    }

    #[test]
    fn requested_fields_are_the_columns() {
        let fields = ["b.id", "a.id", "log"].map(|path| path.parse().unwrap());
        let look = Look {
            fields: fields.to_vec(),
            ..Look::default()
        };
        let mut table = Table::new("A/list".to_owned(), look);
        let log = "x".repeat(50);
        table.apply(upsert(
            "k",
            json!({"a": {"id": 1}, "b": {"id": null}, "log": [log]}),
        ));
        table.tick(second(0), &counts(1, 1, 0));
        let lines = drawn(&mut table, 45, 5);
        assert_eq!(lines[2], "key b.id a.id log");
        assert_eq!(lines[3], format!("k   null    1 [\"{}…", "x".repeat(28)));
        // A column that does not fit is left out.
        assert_eq!(drawn(&mut table, 20, 5)[2], "key b.id a.id");
    }

    #[test]
    fn a_field_that_changes_becomes_visible() {
        let mut table = Table::new("A/list".to_owned(), Look::default());
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
        assert_eq!(lines[3], format!("{}… {:>17}", "x".repeat(31), 1));
        let foot = "q quits, arrows and page keys scroll  +2 fields, …";
        assert_eq!(lines[4], foot);
        assert_eq!(drawn(1, 2)[2], title("taken_by_everybody"));
    }

    #[test]
    fn a_window_keeps_its_own_order() {
        let mut table = Table::new("A/top".to_owned(), Look::default());
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

    /// A table for one field `n` of rows, which is plotted and sorted by.
    fn look(sort: &str) -> Look {
        Look {
            plot: "n".parse().ok(),
            sort: sort.parse().ok(),
            highlight: true,
            ..Look::default()
        }
    }

    #[test]
    fn numbers_are_aligned_right() {
        let mut table = Table::new("A/list".to_owned(), Look::default());
        table.apply(upsert(
            "9",
            json!({"n": 5, "wide": "1234567890123", "name": "x", "mix": 1}),
        ));
        table.apply(upsert(
            "10",
            json!({"n": 1.25, "wide": null, "name": "yz", "mix": "y"}),
        ));
        table.tick(second(0), &counts(1, 1, 0));
        let lines = drawn(&mut table, 60, 6);
        assert_eq!(
            lines[2..5],
            [
                "key    n          wide mix name",
                "  9    5 1234567890123 1   x",
                " 10 1.25          null y   yz",
            ]
        );
    }

    #[test]
    fn times_are_dates_unless_they_are_raw() {
        let row = || {
            upsert(
                "k",
                json!({"paid_at": 1_776_515_696, "slot_at": 312_026_850}),
            )
        };
        let shown = |raw: bool| {
            let look = Look {
                raw,
                ..Look::default()
            };
            let mut table = Table::new("A/list".to_owned(), look);
            table.apply(row());
            table.tick(second(0), &counts(1, 1, 0));
            drawn(&mut table, 60, 5)[3].clone()
        };
        assert_eq!(shown(false), "k   2026-04-18 12:34:56Z 312026850");
        assert_eq!(shown(true), "k   1776515696 312026850");
    }

    #[test]
    fn the_user_sorts_by_a_field() {
        let mut table = Table::new("A/top".to_owned(), look("n:desc"));
        let row = |n: Value| Arc::new(json!({"a": 1, "n": n}));
        let rows = [json!(9), json!("10"), json!(null), json!(9.5)].map(row);
        for (key, data) in rows.iter().enumerate() {
            let (key, data) = (key.to_string(), data.clone());
            table.apply(Update::Upsert { key, data });
        }
        // The server's order does not matter then.
        table.arrange(&rows);
        table.tick(second(0), &counts(1, 1, 0));
        assert_eq!(table.order, ["1", "3", "0", "2"]);
        table.apply(upsert("0", json!({"n": 11})));
        table.apply(upsert("4", json!({"n": 7})));
        table.tick(second(1), &counts(1, 1, 0));
        assert_eq!(table.order, ["0", "1", "3", "4", "2"]);
        assert!(drawn(&mut table, 60, 7)[2].contains("n ▼ trend"));
    }

    /// Returns the texts that are highlighted.
    fn highlighted(table: &mut Table) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(40, 6)).unwrap();
        terminal.draw(|frame| table.render(frame)).unwrap();
        let cells = terminal.backend().buffer().content();
        let is_lit = |cell: &ratatui::buffer::Cell| cell.fg == Color::Yellow;
        let parts = cells.chunk_by(|one, other| is_lit(one) == is_lit(other));
        let text = |cells: &[ratatui::buffer::Cell]| -> String {
            cells.iter().map(ratatui::buffer::Cell::symbol).collect()
        };
        let lit = parts.filter(|cells| is_lit(&cells[0]));
        lit.map(|cells| text(cells).trim().to_owned()).collect()
    }

    #[test]
    fn a_changed_cell_is_highlighted_for_a_second() {
        let look = || Look {
            highlight: true,
            ..Look::default()
        };
        let mut table = Table::new("A/list".to_owned(), look());
        let at = Duration::from_millis;
        table.apply(upsert("k", json!({"a": 1, "b": 1})));
        table.tick(at(0), &counts(1, 1, 0));
        assert_eq!(highlighted(&mut table), [""; 0]);
        table.apply(upsert("k", json!({"a": 2, "b": 1})));
        table.tick(at(500), &counts(1, 1, 0));
        assert_eq!(highlighted(&mut table), ["2"]);
        table.apply(upsert("k", json!({"a": 2, "b": 3})));
        table.tick(at(999), &counts(1, 1, 0));
        assert_eq!(highlighted(&mut table), ["2", "3"]);
        table.tick(at(1000), &counts(1, 1, 0));
        assert_eq!(highlighted(&mut table), ["3"]);
        table.tick(at(1500), &counts(1, 1, 0));
        assert_eq!(highlighted(&mut table), [""; 0]);
        // A new row is highlighted as a whole.
        table.apply(upsert("new", json!({"a": 8, "b": 9})));
        assert_eq!(highlighted(&mut table), ["new", "8", "9"]);
        table.highlight = false;
        assert_eq!(highlighted(&mut table), [""; 0]);
    }

    #[test]
    fn a_plot_adds_a_chart_and_sparklines() {
        let mut table = Table::new("A/list".to_owned(), look("n:desc"));
        for n in 0..=10_u64 {
            table.tick(second(n), &counts(n, 1, 0));
            table.apply(upsert("up", json!({"n": n, "name": "x"})));
            table.apply(upsert("down", json!({"n": 10 - n, "name": "y"})));
        }
        table.tick(second(10), &counts(1, 1, 0));
        let lines = drawn(&mut table, 60, 18);
        assert_eq!(lines[2], "n");
        assert!(lines[3].ends_with("━━ up    10.000"), "{lines:#?}");
        assert!(lines[4].ends_with("━━ down       0"), "{lines:#?}");
        assert_eq!(
            lines[8..11],
            [
                "key  n ▼ trend        name",
                "up    10  ▁▂▂▃▄▅▅▆▇▇█ x",
                "down   0  █▇▇▆▅▅▄▃▂▂▁ y",
            ]
        );
        // A low terminal has no place for the chart.
        assert!(drawn(&mut table, 60, 14)[2].starts_with("key"));
        table.apply(Update::Delete {
            key: "up".to_owned(),
        });
        table.tick(second(11), &counts(1, 1, 0));
        assert!(!drawn(&mut table, 60, 18).concat().contains("━━ up"));
    }

    #[test]
    fn the_summary_counts_rows_updates_and_errors() {
        let mut table = Table::new("A/list".to_owned(), Look::default());
        let summary = |table: &Table, seconds, reconnects| {
            let mut stats = Stats::default();
            stats.reconnects = reconnects;
            table.summary(Duration::from_secs_f64(seconds), &stats)
        };
        assert_eq!(
            summary(&table, 0.04, 0),
            "A/list: 0 rows, 0 updates, 0 errors in 0.0 s"
        );
        table.apply(upsert("k", json!({})));
        table.apply(upsert("k", json!({"a": 1})));
        table.set_note("resynced".to_owned());
        table.set_error("malformed".to_owned());
        assert_eq!(
            summary(&table, 83.0, 1),
            "A/list: 1 row, 2 updates, 1 error, 1 reconnect in 1 min 23 s"
        );
        let long = summary(&table, 7325.0, 0);
        assert!(long.ends_with("1 error in 2 h 2 min"), "{long}");
    }

    #[test]
    fn scrolling_stops_at_the_last_page() {
        let mut table = Table::new("A/list".to_owned(), Look::default());
        for n in 0..9 {
            table.apply(upsert(&n.to_string(), json!({})));
        }
        let first = |table: &mut Table, scroll| {
            table.scroll(scroll);
            drawn(table, 20, 7)[3].trim().to_owned()
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
        let mut table = Table::new("A/list".to_owned(), Look::default());
        table.apply(upsert("key", json!({"a": 1})));
        table.tick(second(0), &counts(1, 1, 0));
        table.set_note("a note that does not fit".to_owned());
        let mut plotted = Table::new("A/list".to_owned(), look("n"));
        plotted.apply(upsert("key", json!({"n": 1})));
        plotted.tick(second(0), &counts(1, 1, 0));
        for (width, height) in [(1, 1), (3, 2), (80, 3), (1, 40), (9, 40), (20, 15)] {
            drawn(&mut table, width, height);
            drawn(&mut plotted, width, height);
        }
    }
}
