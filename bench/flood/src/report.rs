//! The results in Markdown.

use crate::contender::Kind;
use crate::goals::{goals, Bound, Goal};
use crate::measured::Measured;
use crate::results::{Figure, Of, Results, P50, P99, PER_CPU_SECOND, PER_WALL_SECOND, ROW_BYTES};
use crate::scenario::{Scenario, Task, ALL};

/// Formats the goals, and a table for each scenario.
pub fn markdown(results: &Results, made_by: &str) -> String {
    let mut text =
        format!("## Flood\n\n{made_by}\n\n| goal | found | | the floor |\n|---|---|---|---|\n");
    for goal in goals(results) {
        text += &goal_row(&goal);
    }
    text += "\n![Updates per CPU second, by scenario and client](flood.svg)\n";
    for scenario in ALL.iter().filter(|scenario| results.has(scenario.name)) {
        text += &format!("\n### {}\n\n", capital(scenario.title));
        text += &match scenario.task {
            Task::Latency => latencies(results, scenario),
            Task::Flood | Task::Snapshot { .. } => throughput(results, scenario),
        };
    }
    text
}

fn goal_row(goal: &Goal) -> String {
    let bound = match goal.bound {
        Bound::AtLeast(least) => format!("at least {}", figure(Some(least))),
        Bound::AtMost(most) => format!("at most {}", figure(Some(most))),
    };
    let met = match goal.is_met() {
        Some(true) => "met",
        Some(false) => "missed",
        None => "not measured",
    };
    format!(
        "| {}: {bound} | {} | {met} | {} |\n",
        goal.text,
        figure(goal.found),
        figure(goal.floor),
    )
}

fn throughput(results: &Results, scenario: &Scenario) -> String {
    let columns: [(&str, Column<'_>); 5] = [
        ("per CPU second", &|results, of| {
            figure(results.median(of, PER_CPU_SECOND))
        }),
        ("per wall second", &|results, of| {
            figure(results.median(of, PER_WALL_SECOND))
        }),
        ("to the published client", &|results, of| {
            ratio(results, of, Kind::Published, PER_CPU_SECOND)
        }),
        ("to the floor", &|results, of| {
            ratio(results, of, Kind::Floor, PER_CPU_SECOND)
        }),
        ("KiB a row", &|results, of| {
            figure(results.median(of, ROW_BYTES).map(|bytes| bytes / 1024.0))
        }),
    ];
    table(results, scenario, &columns)
}

fn latencies(results: &Results, scenario: &Scenario) -> String {
    let columns: [(&str, Column<'_>); 5] = [
        ("p50, µs", &|results, of| figure(results.median(of, P50))),
        ("p99, µs", &|results, of| figure(results.median(of, P99))),
        ("p99 to the published client", &|results, of| {
            ratio(results, of, Kind::Published, P99)
        }),
        ("p99 to the floor", &|results, of| {
            ratio(results, of, Kind::Floor, P99)
        }),
        ("updates per wall second", &|results, of| {
            figure(results.median(of, PER_WALL_SECOND))
        }),
    ];
    table(results, scenario, &columns)
}

/// The figure of a client in a column.
type Column<'a> = &'a dyn Fn(&Results, Of<'_>) -> String;

/// Formats a row for each client. The last columns are the same in all tables.
fn table(results: &Results, scenario: &Scenario, columns: &[(&str, Column<'_>)]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut text = format!(
        "| client | {} | lost | conflated | runs that count |\n|{}\n",
        names.join(" | "),
        "---|".repeat(columns.len() + 4)
    );
    for contender in scenario.contenders() {
        let of = (scenario.name, contender);
        let runs = results.all(of);
        let failed = results.failed.iter();
        let failed = failed
            .filter(|(name, its)| (name.as_str(), *its) == of)
            .count();
        if runs.clone().count() + failed == 0 {
            continue;
        }
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, column)| column(results, of))
            .collect();
        let sum = |count: fn(&Measured) -> u64| runs.clone().map(count).sum::<u64>();
        let wanted = sum(|run| run.wanted);
        text += &format!(
            "| {} | {} | {} | {} | {} of {} |\n",
            contender.title(),
            cells.join(" | "),
            share(sum(Measured::lost), wanted),
            share(sum(|run| run.conflated), wanted),
            runs.clone().filter(|run| run.counts()).count(),
            runs.count() + failed,
        );
    }
    text
}

/// Formats a ratio to the client of another kind with the same protocol.
fn ratio(results: &Results, (scenario, contender): Of<'_>, to: Kind, of: Figure) -> String {
    let to = (scenario, contender.same_protocol(to));
    figure(results.ratio((scenario, contender), to, of))
}

fn share(part: u64, whole: u64) -> String {
    match part {
        0 => "0".to_owned(),
        _ => format!("{:.2} %", 100.0 * part as f64 / whole as f64),
    }
}

/// Formats a figure with three significant digits, or all digits of a whole number.
fn figure(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value >= 1000.0 => thousands(value.round() as u64),
        Some(value) if value >= 100.0 || value == 0.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

fn thousands(value: u64) -> String {
    match value {
        0..=999 => value.to_string(),
        _ => format!("{},{:03}", thousands(value / 1000), value % 1000),
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::{Contender, Generation};
    use crate::scenario::find;

    fn results() -> Results {
        let run = |kind, per_cpu_second, received| Measured {
            per_cpu_second,
            wanted: 1000,
            received,
            ..Measured::new(
                Contender::new(kind, Generation::V2),
                &find("one-10000").unwrap(),
            )
        };
        Results {
            rounds: vec![
                vec![
                    run(Kind::Ours, 500_000.0, 1000),
                    run(Kind::Published, 5_000.0, 1000),
                ],
                // This run does not count, because it lost half of the updates.
                vec![
                    run(Kind::Ours, 900_000.0, 1000),
                    run(Kind::Published, 1.0, 500),
                ],
            ],
            failed: vec![(
                "one-10000".to_owned(),
                Contender::new(Kind::Ours, Generation::V2),
            )],
        }
    }

    #[test]
    fn only_runs_that_lose_little_count() {
        let text = markdown(&results(), "Made.");
        assert!(text.contains("owned values, to arete 0.51.2: at least 500 | 100 | missed | – |"));
        assert!(text.contains("owned values, to 0.6.9: at least 50.0 | – | not measured | – |"));
        assert!(text.contains("\n### 10,000 rounds, one stream\n"));
        assert!(text.contains("\n| ours, owned, v2 | 700,000 | "));
        assert!(
            text.contains(" | 2 of 3 |\n")
                && text.contains("failed runs of this SDK: at most 0 | 1.00 | missed")
        );
        assert!(text.contains("| arete 0.51.2 | 5,000 | 0 | 1.00 | – | – | 25.00 % | 0 | 1 of 2 |"));
        assert!(!text.contains("\n| the floor, v2 |") && !text.contains("\n| 0.6.9 |"));
    }

    #[test]
    fn figures_have_three_significant_digits() {
        let values = [0.0, 0.1234, 12.34, 123.4, 1234.4, 1_234_567.0];
        let texts = values.map(|value| figure(Some(value)));
        assert_eq!(texts, ["0", "0.12", "12.3", "123", "1,234", "1,234,567"]);
    }

    #[test]
    fn the_plot_has_a_bar_for_each_figure() {
        let svg = crate::plot::svg(&results());
        for class in ["ours v2", "published v2"] {
            // One in the legend, one for the figure.
            let bars = svg.matches(&format!("<rect class=\"{class}\"")).count();
            assert_eq!(bars, 2, "{class}");
        }
        assert!(svg.contains(">700 k<") && !svg.contains("NaN"));
        assert!(!svg.contains("ours, owned, v1"));
    }
}
