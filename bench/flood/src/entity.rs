//! The entities as types of the clients.

use crate::published::Types;
use decode::round::Round;
use hyperstack_sdk::{Entity, Patchable, Section};
use serde::{Deserialize, Serialize};

/// The common interface of the entities.
pub trait Shaped: Entity<Data = Self> + Patchable<Patch: Send + Sync> + Types + Unpin {
    /// The field that every patch sets.
    fn stamp(&self) -> u64;
    fn stamp_of_patch(patch: &Self::Patch) -> u64;
}

/// Four fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Entity)]
pub struct Small {
    pub name: Option<String>,
    pub price: Option<f64>,
    pub volume: Option<u64>,
    pub count: Option<u64>,
}

/// Two hundred fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Entity)]
pub struct Wide {
    pub s0: Part,
    pub s1: Part,
    pub s2: Part,
    pub s3: Part,
    pub s4: Part,
    pub s5: Part,
    pub s6: Part,
    pub s7: Part,
    pub s8: Part,
    pub s9: Part,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Section)]
pub struct Part {
    pub n0: Option<u64>,
    pub n1: Option<u64>,
    pub n2: Option<u64>,
    pub n3: Option<u64>,
    pub n4: Option<u64>,
    pub n5: Option<u64>,
    pub n6: Option<u64>,
    pub n7: Option<u64>,
    pub x0: Option<f64>,
    pub x1: Option<f64>,
    pub x2: Option<f64>,
    pub x3: Option<f64>,
    pub x4: Option<f64>,
    pub x5: Option<f64>,
    pub x6: Option<f64>,
    pub x7: Option<f64>,
    pub t0: Option<String>,
    pub t1: Option<String>,
    pub t2: Option<String>,
    pub t3: Option<String>,
}

impl Shaped for Round {
    fn stamp(&self) -> u64 {
        self.metrics.deploy_count.unwrap_or_default()
    }

    fn stamp_of_patch(patch: &Self::Patch) -> u64 {
        let metrics = patch.metrics.as_ref().and_then(Option::as_ref);
        metrics
            .and_then(|metrics| metrics.deploy_count.flatten())
            .unwrap_or_default()
    }
}

impl Shaped for Small {
    fn stamp(&self) -> u64 {
        self.count.unwrap_or_default()
    }

    fn stamp_of_patch(patch: &Self::Patch) -> u64 {
        patch.count.flatten().unwrap_or_default()
    }
}

impl Shaped for Wide {
    fn stamp(&self) -> u64 {
        self.s3.n0.unwrap_or_default()
    }

    fn stamp_of_patch(patch: &Self::Patch) -> u64 {
        let section = patch.s3.as_ref().and_then(Option::as_ref);
        section
            .and_then(|section| section.n0.flatten())
            .unwrap_or_default()
    }
}
