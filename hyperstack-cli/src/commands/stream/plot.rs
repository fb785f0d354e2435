//! `--plot`: the values of a field over time, for each row.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use hyperstack_sdk::Value;

use super::number::Number;
use super::path::Path;

/// How many rows the chart shows.
pub(super) const LINES: usize = 6;
/// How much time the chart shows.
const WINDOW: Duration = Duration::from_secs(60);
/// A row keeps one value per step: the last one.
const STEP: Duration = Duration::from_millis(250);
/// How many values a row keeps. If it changes in each step, they fill the window.
const POINTS: usize = 240;
/// How long the chart keeps its rows if others change more often. Shorter at the start, when little is known.
const HOLD: Duration = Duration::from_secs(5);

/// A field's values over time, and the rows that the chart shows.
#[derive(Debug)]
pub(super) struct Plot {
    path: Path,
    series: HashMap<String, Series>,
    /// The keys of the rows in the chart. A row keeps its place, and so its colour, as long as it is shown.
    lines: [Option<String>; LINES],
    /// When the rows were chosen.
    chosen: Duration,
}

/// The values of a row from their times on. `None`: the field was null, or the row did not have it.
#[derive(Debug, Default)]
struct Series(VecDeque<(Duration, Option<f64>)>);

/// A row in the chart.
#[derive(Debug, PartialEq)]
pub(super) struct Trace<'p> {
    pub(super) key: &'p str,
    /// The latest value.
    pub(super) value: Option<f64>,
    /// The points, in seconds since the start. A gap separates two parts.
    pub(super) parts: Vec<Vec<(f64, f64)>>,
}

impl Plot {
    pub(super) fn new(path: Path) -> Self {
        Plot {
            path,
            series: HashMap::new(),
            lines: Default::default(),
            chosen: Duration::ZERO,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Observes a row's new state.
    pub(super) fn observe(&mut self, key: &str, row: &Value, now: Duration) {
        let value = self.path.find(row).and_then(Number::of);
        let value = value.map(|number| number.float);
        match self.series.get_mut(key) {
            Some(series) => series.push(now, value),
            None => {
                let series = Series(VecDeque::from([(now, value)]));
                self.series.insert(key.to_owned(), series);
            }
        }
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, key: &str) {
        self.series.remove(key);
        for line in &mut self.lines {
            line.take_if(|shown| shown == key);
        }
    }

    /// Chooses the rows that changed most often within the window, if there is place for more rows or the last choice
    /// is old.
    pub(super) fn choose(&mut self, now: Duration) {
        let shown = self.lines.iter().flatten().count();
        let is_full = shown == LINES.min(self.series.len());
        if is_full && now.saturating_sub(self.chosen) < HOLD.min(now / 3) {
            return;
        }
        self.chosen = now;
        let from = now.saturating_sub(WINDOW);
        let has_numbers = |series: &Series| series.0.iter().any(|(_, value)| value.is_some());
        let mut best: Vec<_> = self
            .series
            .iter()
            .filter(|(_, series)| has_numbers(series))
            .map(|(key, series)| {
                let is_shown = self.lines.iter().flatten().any(|line| line == key);
                (Reverse(series.changes(from)), !is_shown, key)
            })
            .collect();
        best.sort_unstable();
        best.truncate(LINES);
        let mut best: Vec<_> = best.into_iter().map(|(_, _, key)| key.clone()).collect();
        for line in &mut self.lines {
            let place = line
                .as_ref()
                .and_then(|shown| best.iter().position(|key| key == shown));
            match place {
                Some(place) => drop(best.remove(place)),
                None => *line = None,
            }
        }
        let mut rest = best.into_iter();
        for line in &mut self.lines {
            if line.is_none() {
                *line = rest.next();
            }
        }
    }

    /// Returns when the chart begins.
    pub(super) fn start(now: Duration) -> Duration {
        now.saturating_sub(WINDOW)
    }

    /// Returns the rows of the chart with their places.
    pub(super) fn traces(&self, now: Duration) -> Vec<(usize, Trace<'_>)> {
        let from = Self::start(now);
        let trace = |(place, line): (usize, &'_ Option<String>)| {
            let (key, series) = self.series.get_key_value(line.as_ref()?)?;
            let trace = Trace {
                key,
                value: series.0.back().and_then(|(_, value)| *value),
                parts: series.parts(from, now),
            };
            Some((place, trace))
        };
        self.lines.iter().enumerate().filter_map(trace).collect()
    }

    /// Returns the last values of a row, oldest first, scaled from 1 (the lowest) to 8 (the highest).
    pub(super) fn levels(&self, key: &str, count: usize) -> Vec<Option<u64>> {
        let Some(Series(points)) = self.series.get(key) else {
            return Vec::new();
        };
        let last = points.iter().skip(points.len().saturating_sub(count));
        let values: Vec<_> = last.map(|(_, value)| *value).collect();
        let Some((low, high)) = range(values.iter().flatten().copied()) else {
            return Vec::new();
        };
        let level = |value: f64| match (value - low) / (high - low) {
            // The share is between 0 and 1, so the cast is exact.
            share if share.is_finite() => 1 + (share * 7.0).round() as u64,
            _ => 4,
        };
        values.into_iter().map(|value| value.map(level)).collect()
    }
}

impl Series {
    /// Adds a value, unless it equals the last one.
    fn push(&mut self, now: Duration, value: Option<f64>) {
        let step = |time: Duration| time.as_millis() / STEP.as_millis();
        match self.0.back_mut() {
            Some((_, last)) if *last == value => return,
            Some((time, last)) if step(*time) == step(now) => {
                *last = value;
                return;
            }
            _ => {}
        }
        if self.0.len() == POINTS {
            self.0.pop_front();
        }
        self.0.push_back((now, value));
    }

    /// Returns how often the value changed since a time. The first value is not a change.
    fn changes(&self, from: Duration) -> usize {
        let recent = |(time, _): &&(Duration, _)| *time >= from;
        self.0.iter().skip(1).filter(recent).count()
    }

    /// Returns the line between two times. A value lasts until the next one, so the line has steps.
    fn parts(&self, from: Duration, to: Duration) -> Vec<Vec<(f64, f64)>> {
        let ends = self.0.iter().skip(1).map(|(time, _)| *time);
        let ends = ends.chain(std::iter::once(to));
        let mut parts = vec![Vec::new()];
        for ((start, value), end) in self.0.iter().zip(ends) {
            match (value, parts.last_mut()) {
                (Some(value), Some(part)) if end >= from => {
                    part.push((start.max(&from).as_secs_f64(), *value));
                    part.push((end.as_secs_f64(), *value));
                }
                (None, _) => parts.push(Vec::new()),
                _ => {}
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }
}

/// Returns the lowest and the highest value.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn plot(changes: &[(u64, &str, Value)]) -> Plot {
        let mut plot = Plot::new("a.n".parse().unwrap());
        for (at, key, value) in changes {
            plot.observe(key, &json!({"a": {"n": value}}), second(*at));
        }
        plot
    }

    fn shown(plot: &Plot) -> Vec<&str> {
        plot.lines.iter().flatten().map(String::as_str).collect()
    }

    #[test]
    fn a_line_has_steps_and_gaps() {
        let mut plot = plot(&[
            (0, "k", json!(1)),
            (2, "k", json!("3")),
            (3, "k", json!(null)),
            (5, "k", json!(2.5)),
            (6, "k", json!(2.5)),
        ]);
        plot.choose(second(8));
        let trace = Trace {
            key: "k",
            value: Some(2.5),
            parts: vec![
                vec![(0.0, 1.0), (2.0, 1.0), (2.0, 3.0), (3.0, 3.0)],
                vec![(5.0, 2.5), (8.0, 2.5)],
            ],
        };
        assert_eq!(plot.traces(second(8)), [(0, trace)]);
        // A value from before the window continues into it.
        let parts = &plot.traces(second(64))[0].1.parts;
        assert_eq!(*parts, [vec![(5.0, 2.5), (64.0, 2.5)]]);
        let parts = &plot.traces(second(70))[0].1.parts;
        assert_eq!(*parts, [vec![(10.0, 2.5), (70.0, 2.5)]]);
    }

    #[test]
    fn a_row_keeps_a_bounded_number_of_values() {
        let mut plot = Plot::new("n".parse().unwrap());
        for n in 0..10_000_u32 {
            plot.observe("k", &json!({"n": n}), STEP * n);
        }
        let series = &plot.series["k"].0;
        assert_eq!(series.len(), POINTS);
        assert_eq!(series[0], (STEP * 9_760, Some(9_760.0)));
        // Within one step, the last value counts.
        let at = STEP * 20_000;
        for n in 0..5_u32 {
            plot.observe("k", &json!({"n": n}), at + Duration::from_millis(1) * n);
        }
        let series = &plot.series["k"].0;
        assert_eq!(series.len(), POINTS);
        assert_eq!(series[POINTS - 1], (at, Some(4.0)));
    }

    #[test]
    fn the_rows_that_change_most_are_shown_and_keep_their_places() {
        let mut plot = plot(&[]);
        let change = |plot: &mut Plot, key: &str, from: u64, times: u64| {
            for n in 0..times {
                plot.observe(key, &json!({"a": {"n": from + n}}), second(from + n));
            }
        };
        for (key, times) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)] {
            change(&mut plot, key, 0, times);
        }
        plot.observe("text", &json!({"a": {"n": "x"}}), second(0));
        plot.choose(second(30));
        assert_eq!(shown(&plot), ["f", "e", "d", "c", "b", "a"]);
        // A row that changes more often gets the place of the one that changed least, but not at once.
        change(&mut plot, "g", 30, 3);
        plot.choose(second(33));
        assert_eq!(shown(&plot), ["f", "e", "d", "c", "b", "a"]);
        plot.choose(second(35));
        assert_eq!(shown(&plot), ["f", "e", "d", "c", "b", "g"]);
        // Changes before the window do not count.
        change(&mut plot, "a", 66, 2);
        plot.choose(second(72));
        assert!(shown(&plot).contains(&"a"), "{plot:?}");
        // A row that leaves gives up its place at once.
        plot.remove("f");
        plot.choose(second(72));
        assert!(!shown(&plot).contains(&"f") && shown(&plot).len() == LINES);
    }

    #[test]
    fn levels_are_scaled_for_each_row() {
        let plot = plot(&[
            (0, "up", json!(1)),
            (1, "up", json!(4)),
            (2, "up", json!(null)),
            (3, "up", json!(8)),
            (0, "flat", json!(7)),
            (0, "text", json!("x")),
        ]);
        assert_eq!(plot.levels("up", 9), [Some(1), Some(4), None, Some(8)]);
        assert_eq!(plot.levels("up", 3), [Some(1), None, Some(8)]);
        assert_eq!(plot.levels("flat", 9), [Some(4)]);
        assert_eq!(plot.levels("text", 9), []);
        assert_eq!(plot.levels("none", 9), []);
    }
}
