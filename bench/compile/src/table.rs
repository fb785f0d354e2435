//! The results in Markdown.

use crate::cargo::Cost;
use crate::rounds::{median, Series};

/// Prints a group of crates. The first one is ours.
pub fn check(groups: &[&[&Series]]) {
    println!(
        "| crate | wall, min | wall, median | CPU, min | CPU, median \
         | ours to this, wall | ours to this, CPU |"
    );
    println!("|---|---|---|---|---|---|---|");
    for group in groups {
        for series in *group {
            let (wall, cpu) = (|cost: &Cost| cost.wall, |cost: &Cost| cost.cpu);
            println!(
                "| {} | {} | {} | {:.2} | {:.2} |",
                series.name,
                seconds(&series.seconds(wall)),
                seconds(&series.seconds(cpu)),
                group[0].ratio(series, wall),
                group[0].ratio(series, cpu),
            );
        }
    }
}

fn seconds(sorted: &[f64]) -> String {
    format!("{:.3} s | {:.3} s", sorted[0], median(sorted))
}

/// Prints the sizes of our binary and of the published one.
pub fn binaries(sizes: &[(&str, (u64, u64))]) {
    println!("| profile | ours | published | ours to published |");
    println!("|---|---|---|---|");
    for &(profile, (ours, published)) in sizes {
        let ratio = ours as f64 / published as f64;
        println!("| {profile} | {ours} bytes | {published} bytes | {ratio:.2} |");
    }
}
