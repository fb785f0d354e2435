//! Defects of the published client, one test each. The numbers are those of the list of its defects.

mod connection;
mod load;
mod order;
mod readers;
mod rows;

use std::time::Duration;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
