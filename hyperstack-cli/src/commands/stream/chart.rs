//! Draws the chart of `--plot`.

use std::time::Duration;

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Paragraph, RenderDirection, Sparkline};
use ratatui::Frame;

use super::cells::{cut, line, width};
use super::plot::{range, Plot, Trace, LINES};

/// The colours of the rows.
const COLORS: [Color; LINES] = [
    Color::Cyan,
    Color::Yellow,
    Color::Green,
    Color::Magenta,
    Color::Blue,
    Color::Red,
];
/// The least number of seconds on the x axis.
const LEAST_SECONDS: f64 = 10.0;
/// The greatest width of the legend.
const LEGEND: u16 = 32;

/// Returns the height of the chart in a part of the screen. In a low terminal, the table needs all lines.
pub(super) fn height(available: u16) -> u16 {
    match available {
        ..12 => 0,
        available => (available * 2 / 5).clamp(6, 20),
    }
}

/// Draws the chart, with a legend on its right. The legend is ordered by the latest values, as the lines are.
pub(super) fn render(plot: &Plot, now: Duration, frame: &mut Frame<'_>, area: Rect) {
    let mut traces = plot.traces(now);
    traces.sort_by(|(_, one), (_, other)| {
        other
            .value
            .partial_cmp(&one.value)
            .unwrap_or_else(|| one.key.cmp(other.key))
    });
    let [title, area] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
    let name = Span::raw(cut(plot.path().to_string(), usize::from(title.width))).bold();
    let points = || {
        traces
            .iter()
            .flat_map(|(_, trace)| trace.parts.iter().flatten())
    };
    let Some((low, high)) = range(points().map(|(_, value)| *value)) else {
        let nothing = Span::raw("  no row has a number here yet").dim();
        frame.render_widget(Line::from(vec![name, nothing]), title);
        return;
    };
    frame.render_widget(Line::from(name), title);

    let scale = Scale::new(low, high);
    let legend = legend(&traces, &scale, LEGEND.min(area.width / 3));
    let legend_width = legend.iter().map(Line::width).max().unwrap_or(0);
    let [area, side] = Layout::horizontal([
        Constraint::Min(1),
        Constraint::Length(u16::try_from(legend_width).unwrap_or(LEGEND)),
    ])
    .spacing(1)
    .areas(area);

    let datasets = traces.iter().flat_map(|(place, trace)| {
        trace.parts.iter().map(|part| {
            Dataset::default()
                .marker(Marker::Braille)
                .graph_type(GraphType::Line)
                .style(COLORS[*place])
                .data(part)
        })
    });
    let start = Plot::start(now).as_secs_f64();
    let end = now.as_secs_f64().max(start + LEAST_SECONDS);
    let seconds = [start, (start + end) / 2.0, end].map(|at| format!("{at:.0} s"));
    let dim = Style::new().dim();
    let chart = Chart::new(datasets.collect())
        .legend_position(None)
        .x_axis(
            Axis::default()
                .bounds([start, end])
                .labels(seconds)
                .style(dim),
        )
        .y_axis(
            Axis::default()
                .bounds([scale.low, scale.high])
                .labels(scale.labels())
                .labels_alignment(ratatui::layout::Alignment::Right)
                .style(dim),
        );
    frame.render_widget(chart, area);
    frame.render_widget(Paragraph::new(legend), side);
}

/// Returns a line for each row: its colour, its key and its latest value.
fn legend(traces: &[(usize, Trace<'_>)], scale: &Scale, max: u16) -> Vec<Line<'static>> {
    let value = |value: Option<f64>| value.map_or("-".to_owned(), |value| scale.fine(value));
    let values: Vec<_> = traces.iter().map(|(_, trace)| value(trace.value)).collect();
    let keys = traces.iter().map(|(_, trace)| width(&line(trace.key)));
    let value_width = values.iter().map(|value| width(value)).max().unwrap_or(0);
    // The line has a mark and three spaces besides.
    let most = usize::from(max).saturating_sub(value_width + 5).max(4);
    let key_width = keys.max().unwrap_or(0).min(most);
    let lines = traces.iter().zip(values).map(|((place, trace), value)| {
        let key = cut(line(trace.key), key_width);
        let pad = " ".repeat(key_width.saturating_sub(width(&key)));
        Line::from(vec![
            Span::raw("━━ ").fg(COLORS[*place]),
            Span::raw(format!("{key}{pad}  {value:>value_width$}")),
        ])
    });
    lines.collect()
}

/// Returns the bars of a row's last values. The newest is on the right.
pub(super) fn sparkline(plot: &Plot, key: &str, width: u16) -> Sparkline<'static> {
    let mut levels = plot.levels(key, usize::from(width));
    levels.reverse();
    Sparkline::default()
        .direction(RenderDirection::RightToLeft)
        .max(8)
        .data(levels)
}

/// The y axis: round values, and how to write them.
#[derive(Debug)]
struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    /// Returns a scale for values between two limits.
    fn new(low: f64, high: f64) -> Self {
        let span = match high - low {
            span if span > 0.0 && span.is_finite() => span,
            _ if high == 0.0 => 1.0,
            _ => high.abs() / 10.0,
        };
        let step = round_up(span / 3.0).max(f64::MIN_POSITIVE);
        let mut scale = Scale {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
        };
        if scale.low == scale.high {
            (scale.low, scale.high) = (scale.low - step, scale.high + step);
        }
        scale
    }

    /// Returns labels for the axis, from the bottom up.
    fn labels(&self) -> Vec<String> {
        // There are at most five steps, unless a float overflows.
        let steps = ((self.high - self.low) / self.step).round().min(5.0) as u32;
        let lowest = (self.low / self.step).round();
        let at = |n: u32| (lowest + f64::from(n)) * self.step;
        (0..=steps.max(1))
            .map(|n| self.text(at(n), self.step))
            .collect()
    }

    /// Writes a value with more digits than the labels have.
    fn fine(&self, value: f64) -> String {
        self.text(value, self.step / 1000.0)
    }

    /// Writes a value so that values that differ by `step` look different.
    fn text(&self, value: f64, step: f64) -> String {
        if value == 0.0 {
            return "0".to_owned();
        }
        let most = self.low.abs().max(self.high.abs());
        // The number of decimals is limited, so the cast is exact.
        let decimals = |unit: f64| -((step / unit).log10().floor().clamp(-9.0, 0.0)) as usize;
        let (unit, suffix) = match most {
            most if !(1e-3..1e18).contains(&most) => {
                let decimals = decimals(10_f64.powf(value.abs().log10().floor()));
                return format!("{value:.decimals$e}");
            }
            most if most >= 1e15 => (1e15, "P"),
            most if most >= 1e12 => (1e12, "T"),
            most if most >= 1e9 => (1e9, "G"),
            most if most >= 1e6 => (1e6, "M"),
            most if most >= 1e4 => (1e3, "k"),
            _ => (1.0, ""),
        };
        let decimals = decimals(unit);
        format!("{:.decimals$}{suffix}", value / unit)
    }
}

/// Rounds up to 1, 2 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    match value / power {
        digit if digit <= 1.0 => power,
        digit if digit <= 2.0 => 2.0 * power,
        digit if digit <= 5.0 => 5.0 * power,
        _ => 10.0 * power,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::backend::TestBackend;
    use ratatui::Terminal;
    use serde_json::json;

    fn labels(low: f64, high: f64) -> Vec<String> {
        Scale::new(low, high).labels()
    }

    #[test]
    fn labels_are_few_round_and_distinct() {
        assert_eq!(labels(0.0, 10.0), ["0", "5", "10"]);
        assert_eq!(
            labels(148.05, 148.31),
            ["148.0", "148.1", "148.2", "148.3", "148.4"]
        );
        assert_eq!(
            labels(793.1e12, 1073e12),
            ["0.7P", "0.8P", "0.9P", "1.0P", "1.1P"]
        );
        assert_eq!(
            labels(1_250_000.0, 1_270_000.0),
            ["1.25M", "1.26M", "1.27M"]
        );
        assert_eq!(
            labels(2.9e-6, 3.5e-6),
            ["2.8e-6", "3.0e-6", "3.2e-6", "3.4e-6", "3.6e-6"]
        );
        assert_eq!(labels(0.0, 285e9), ["0", "100G", "200G", "300G"]);
        assert_eq!(labels(0.0, 0.0), ["-0.5", "0", "0.5"]);
        assert_eq!(labels(-0.2, 0.1), ["-0.2", "0", "0.2"]);
        assert_eq!(labels(-0.3, 0.0)[3], "0");
        assert_eq!(labels(0.0, 4e-6)[1], "2e-6");
        assert_eq!(labels(20.0, 20.0), ["19", "20", "21"]);
        for (low, high) in [
            (-1e300, 1e300),
            (f64::MIN, f64::MAX),
            (5e-324, 5e-324),
            (1e16, 1e16),
        ] {
            let labels = labels(low, high);
            assert!((2..8).contains(&labels.len()), "{labels:?}");
        }
        assert_eq!(Scale::new(148.05, 148.31).fine(148.054_888), "148.0549");
    }

    #[test]
    fn the_chart_shows_lines_axes_and_a_legend() {
        let mut plot = Plot::new("state.paid".parse().unwrap());
        let at = Duration::from_secs;
        for n in 0..=10 {
            plot.observe("up", &json!({"state": {"paid": n}}), at(n));
            plot.observe(
                "a key that is long",
                &json!({"state": {"paid": 10 - n}}),
                at(n),
            );
        }
        plot.choose(at(10));
        let mut terminal = Terminal::new(TestBackend::new(60, 9)).unwrap();
        terminal
            .draw(|frame| render(&plot, at(10), frame, frame.area()))
            .unwrap();
        let buffer = terminal.backend().buffer();
        let lines: Vec<String> = buffer
            .content()
            .chunks(60)
            .map(|cells| cells.iter().map(|cell| cell.symbol()).collect())
            .map(|line: String| line.trim_end().to_owned())
            .collect();
        assert_eq!(
            lines,
            [
                "state.paid",
                "10│⠉⠉⠉⠹⠤⠤⠤⡄                       ⢠⠤⠤⠤⠼ ━━ up         10.000",
                "  │       ⠉⠉⠉⠹⠤⠤⠤⡄         ⢠⠤⠤⠤⠏⠉⠉⠉     ━━ a key th…       0",
                "  │              ⠓⠒⠒⢲⣀⣀⣀⡀⠒⠒⠚",
                " 5│              ⡖⠒⠒⠚   ⠓⠒⠒⢲",
                "  │       ⡤⠤⠤⠼⠉⠉⠉⠁         ⠈⠉⠉⠉⠧⠤⠤⢤",
                " 0│⣀⣀⣀⣸⠉⠉⠉⠁                       ⠈⠉⠉⠉⢹",
                "  └────────────────────────────────────",
                "0 s                 5 s            10 s",
            ]
        );
        // The legend has the colours of the lines.
        assert_eq!(buffer[(3, 1)].fg, buffer[(40, 2)].fg);
        assert_eq!(buffer[(3, 6)].fg, buffer[(40, 1)].fg);
        assert_ne!(buffer[(3, 1)].fg, buffer[(3, 6)].fg);
    }

    #[test]
    fn a_plot_without_numbers_says_so() {
        let mut plot = Plot::new("n".parse().unwrap());
        plot.observe("k", &json!({"n": "x"}), Duration::ZERO);
        plot.choose(Duration::ZERO);
        let mut terminal = Terminal::new(TestBackend::new(40, 6)).unwrap();
        let drawn = terminal.draw(|frame| render(&plot, Duration::ZERO, frame, frame.area()));
        let text: String = drawn.unwrap().buffer.content()[..40]
            .iter()
            .map(|cell| cell.symbol())
            .collect();
        assert_eq!(text.trim_end(), "n  no row has a number here yet");
    }
}
