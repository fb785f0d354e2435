//! The results as a picture: bars on a logarithmic scale.

use crate::contender::{Contender, Generation, Kind};
use crate::results::{Results, PER_CPU_SECOND};
use crate::scenario::{Scenario, Task, ALL};

const WIDTH: u32 = 760;
/// The horizontal range of the bars. Names are to the left, figures to the right.
const LEFT: u32 = 270;
const RIGHT: u32 = 680;
const BAR: u32 = 14;
const GAP: u32 = 18;
const TOP: u32 = 100;
/// The ends of the scale, as powers of ten.
const LEAST: i32 = 2;
const MOST: i32 = 7;

/// The image has its own background, so that it is readable everywhere.
const STYLE: &str = "\
text { font: 12px sans-serif; fill: #24292f; }
.head { font-size: 15px; }
.back { fill: #ffffff; }
.line { stroke: #d0d7de; }
.ours { fill: #0969da; }
.ours-shared { fill: #1a7f37; }
.published { fill: #cf222e; }
.floor { fill: #8c959f; }
.v1 { opacity: 0.55; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .back { fill: #0d1117; }
  .line { stroke: #30363d; }
  .ours { fill: #58a6ff; }
  .ours-shared { fill: #3fb950; }
  .published { fill: #ff7b72; }
  .floor { fill: #8b949e; }
}
";

/// Updates per CPU second, by scenario and contender.
pub fn svg(results: &Results) -> String {
    let mut body = String::new();
    let mut y = TOP;
    for scenario in ALL.iter().filter(|scenario| scenario.task != Task::Latency) {
        let bars = bars(results, scenario);
        if bars.is_empty() {
            continue;
        }
        let middle = y + (bars.len() as u32 * BAR + BAR) / 2;
        body += &text(LEFT - 10, middle - BAR / 4, "end", "", scenario.title);
        for (contender, value) in bars {
            let (class, width) = (class(contender), across(value) - LEFT);
            body += &format!(
                "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{width}\" height=\"{}\"/>\n",
                BAR - 2
            );
            body += &text(LEFT + width + 6, y + BAR - 4, "start", "", &short(value));
            y += BAR;
        }
        y += GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" \
         height=\"{y}\" role=\"img\">\n<title>Updates per CPU second</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"back\" width=\"{WIDTH}\" height=\"{y}\"/>\n{}{}{body}</svg>\n",
        legend(results),
        scale(y),
    )
}

fn bars(results: &Results, scenario: &Scenario) -> Vec<(Contender, f64)> {
    let value = |contender| results.median((scenario.name, contender), PER_CPU_SECOND);
    let bar = |contender| Some((contender, value(contender)?));
    Contender::ALL.into_iter().filter_map(bar).collect()
}

/// Returns the classes of a client's bars: its color, and its shade.
fn class(contender: Contender) -> String {
    let color = match contender.kind {
        Kind::Ours => "ours",
        Kind::OursShared => "ours-shared",
        Kind::Published => "published",
        Kind::Floor => "floor",
    };
    format!("{color} {}", contender.generation.name())
}

/// A line for each protocol.
fn legend(results: &Results) -> String {
    let mut legend = text(
        12,
        24,
        "start",
        "head",
        "Updates per CPU second, logarithmic",
    );
    let mut y = 48;
    for generation in Generation::ALL {
        let mut x = 12;
        let clients = Contender::ALL
            .iter()
            .filter(|it| it.generation == generation);
        for contender in clients {
            let mut scenarios = ALL.iter();
            if scenarios.all(|scenario| results.all((scenario.name, *contender)).next().is_none()) {
                continue;
            }
            let (class, y_of_box) = (class(*contender), y - 10);
            legend += &format!(
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y_of_box}\" width=\"12\" height=\"12\"/>\n"
            );
            legend += &text(x + 18, y, "start", "", contender.title());
            x += 150;
        }
        y += 20;
    }
    legend
}

/// A line at each power of ten.
fn scale(bottom: u32) -> String {
    let line = |power: i32| {
        let x = across(10_f64.powi(power));
        let label = ["1", "10", "100"][(power % 3) as usize].to_owned()
            + ["", " k", " M"][(power / 3) as usize];
        let line = format!(
            "<line class=\"line\" x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{bottom}\"/>\n",
            TOP - 10
        );
        line + &text(x, TOP - 14, "middle", "", &label)
    };
    (LEAST..=MOST).map(line).collect()
}

/// Returns the position of a value on the scale.
fn across(value: f64) -> u32 {
    let share = (value.log10() - f64::from(LEAST)) / f64::from(MOST - LEAST);
    LEFT + (share.clamp(0.0, 1.0) * f64::from(RIGHT - LEFT)) as u32
}

fn text(x: u32, y: u32, anchor: &str, class: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>\n")
}

fn short(value: f64) -> String {
    match value {
        _ if value >= 999_500.0 => format!("{:.2} M", value / 1e6),
        _ if value >= 9_950.0 => format!("{:.0} k", value / 1e3),
        _ if value >= 1_000.0 => format!("{:.1} k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}
