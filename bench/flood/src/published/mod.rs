//! The published clients: `hyperstack-sdk` 0.6.9 (v1) and `arete-a4-sdk` 0.51.2 (v2).

mod arete;
mod entity;
mod hyperstack;

use crate::client::Run;
use crate::contender::Generation::{V1, V2};
use crate::entity::{Shaped, Small, Wide};
use crate::measured::Measured;
use crate::Result;
use decode::{plain, round::Round};
use entity::Generated;
use serde::de::DeserializeOwned;
use serde::Serialize;

/// Whether the published clients can be measured.
pub const ARE_BUILT: bool = true;

/// An entity as types of the published clients.
pub trait Types {
    /// For the client of v1, which uses serde.
    type Plain: Serialize + DeserializeOwned + Clone + Send + Sync + Unpin + 'static;

    /// For the client of v2.
    type Generated: Generated;

    /// The field that every patch sets.
    fn stamp_of_plain(plain: &Self::Plain) -> u64;
}

impl Types for Round {
    type Plain = plain::Round;
    type Generated = entity::Round;

    fn stamp_of_plain(plain: &plain::Round) -> u64 {
        plain.metrics.deploy_count.unwrap_or_default()
    }
}

impl Types for Small {
    type Plain = Small;
    type Generated = entity::Small;

    fn stamp_of_plain(plain: &Small) -> u64 {
        plain.stamp()
    }
}

impl Types for Wide {
    type Plain = Wide;
    type Generated = entity::Wide;

    fn stamp_of_plain(plain: &Wide) -> u64 {
        plain.stamp()
    }
}

/// Measures the published client of the run's protocol.
pub async fn measure<T: Shaped>(run: &Run) -> Result<Measured> {
    match run.contender.generation {
        V1 => run.with::<hyperstack::Published<T>>().await,
        V2 => run.with::<arete::Arete<T>>().await,
    }
}

/// Checks that the type for this protocol reads a row.
#[cfg(test)]
pub fn read<T: Types>(row: &str, generation: crate::contender::Generation) {
    match generation {
        V1 => drop(serde_json::from_str::<T::Plain>(row).unwrap()),
        V2 => drop(serde_json::from_str::<T::Generated>(row).unwrap()),
    }
}
