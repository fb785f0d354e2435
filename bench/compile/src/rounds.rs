//! Processes take turns, so that a busy machine slows all of them alike.

use crate::cargo::{Cost, Workspace};
use crate::Result;

/// The cost of a package in each round.
pub struct Series {
    pub name: String,
    pub costs: Vec<Cost>,
}

/// Checks the packages in turn.
pub fn rounds<const N: usize>(
    count: usize,
    packages: [(&Workspace, &str); N],
) -> Result<[Series; N]> {
    // The first round builds the dependencies, the second warms the file cache.
    for _ in 0..2 {
        for (workspace, package) in packages {
            workspace.check(package)?;
        }
    }
    let mut all = packages.map(|(_, package)| Series {
        name: format!("`{package}`"),
        costs: Vec::new(),
    });
    for _ in 0..count {
        for ((workspace, package), series) in packages.iter().zip(&mut all) {
            series.costs.push(workspace.check(package)?);
        }
    }
    Ok(all)
}

impl Series {
    /// Returns the extra cost compared with `other`, in each round.
    pub fn less(&self, other: &Series) -> Series {
        Series {
            name: format!("{} less {}", self.name, other.name),
            costs: pairs(self, other)
                .map(|(a, b)| Cost {
                    wall: a.wall - b.wall,
                    cpu: a.cpu - b.cpu,
                })
                .collect(),
        }
    }

    /// Sorted.
    pub fn seconds(&self, of: fn(&Cost) -> f64) -> Vec<f64> {
        sorted(self.costs.iter().map(of))
    }

    /// Returns the median of the ratios to `other` within each round.
    pub fn ratio(&self, other: &Series, of: fn(&Cost) -> f64) -> f64 {
        median(&sorted(pairs(self, other).map(|(a, b)| of(a) / of(b))))
    }
}

fn pairs<'a>(a: &'a Series, b: &'a Series) -> impl Iterator<Item = (&'a Cost, &'a Cost)> {
    a.costs.iter().zip(&b.costs)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

pub fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[half],
        _ => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}
