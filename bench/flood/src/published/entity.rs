//! The entities as the generator of 0.51.2 writes them: each integer has a decoder that also accepts text.

use arete_a4_sdk::serde_utils;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The common interface of the entities.
pub trait Generated: Serialize + DeserializeOwned + Clone + Send + Sync + Unpin + 'static {
    /// The field that every patch sets.
    fn stamp(&self) -> u64;
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct Round {
    #[serde(default)]
    pub id: RoundId,
    #[serde(default)]
    pub state: RoundState,
    #[serde(default)]
    pub results: RoundResults,
    #[serde(default)]
    pub metrics: RoundMetrics,
    #[serde(default)]
    pub treasury: RoundTreasury,
    #[serde(default)]
    pub entropy: RoundEntropy,
    #[serde(default)]
    pub ore_metadata: Option<Option<TokenMetadata>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct RoundId {
    #[serde(default, deserialize_with = "serde_utils::deserialize_option_u64")]
    pub round_id: Option<u64>,
    #[serde(default)]
    pub round_address: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct RoundState {
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_i64"
    )]
    pub expires_at: Option<Option<i64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_i64"
    )]
    pub estimated_expires_at_unix: Option<Option<i64>>,
    #[serde(default)]
    pub motherlode: Option<Option<f64>>,
    #[serde(default)]
    pub total_deployed: Option<Option<f64>>,
    #[serde(default)]
    pub total_vaulted: Option<Option<f64>>,
    #[serde(default)]
    pub total_winnings: Option<Option<f64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub total_miners: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_vec_u64"
    )]
    pub deployed_per_square: Option<Option<Vec<u64>>>,
    #[serde(default)]
    pub deployed_per_square_ui: Option<Option<Vec<f64>>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_vec_u64"
    )]
    pub count_per_square: Option<Option<Vec<u64>>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct RoundResults {
    #[serde(default)]
    pub top_miner: Option<Option<String>>,
    #[serde(default)]
    pub top_miner_reward: Option<Option<f64>>,
    #[serde(default)]
    pub rent_payer: Option<Option<String>>,
    #[serde(default)]
    pub slot_hash: Option<Option<String>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub rng: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub winning_square: Option<Option<u64>>,
    #[serde(default)]
    pub did_hit_motherlode: Option<Option<bool>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub pre_reveal_rng: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub pre_reveal_winning_square: Option<Option<u64>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct RoundMetrics {
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub deploy_count: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub checkpoint_count: Option<Option<u64>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct RoundTreasury {
    #[serde(default)]
    pub motherlode: Option<Option<f64>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct RoundEntropy {
    #[serde(default)]
    pub entropy_value: Option<Option<String>>,
    #[serde(default)]
    pub entropy_seed: Option<Option<String>>,
    #[serde(default)]
    pub entropy_slot_hash: Option<Option<String>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_i64"
    )]
    pub entropy_start_at: Option<Option<i64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_i64"
    )]
    pub entropy_end_at: Option<Option<i64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub entropy_samples: Option<Option<u64>>,
    #[serde(default)]
    pub entropy_var_address: Option<Option<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct TokenMetadata {
    #[serde(default)]
    pub mint: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub symbol: Option<String>,
    #[serde(default)]
    pub decimals: Option<u8>,
    #[serde(default)]
    pub logo_uri: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct Small {
    #[serde(default)]
    pub name: Option<Option<String>>,
    #[serde(default)]
    pub price: Option<Option<f64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub volume: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub count: Option<Option<u64>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct Wide {
    #[serde(default)]
    pub s0: WidePart,
    #[serde(default)]
    pub s1: WidePart,
    #[serde(default)]
    pub s2: WidePart,
    #[serde(default)]
    pub s3: WidePart,
    #[serde(default)]
    pub s4: WidePart,
    #[serde(default)]
    pub s5: WidePart,
    #[serde(default)]
    pub s6: WidePart,
    #[serde(default)]
    pub s7: WidePart,
    #[serde(default)]
    pub s8: WidePart,
    #[serde(default)]
    pub s9: WidePart,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct WidePart {
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n0: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n1: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n2: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n3: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n4: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n5: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n6: Option<Option<u64>>,
    #[serde(
        default,
        deserialize_with = "serde_utils::deserialize_option_option_u64"
    )]
    pub n7: Option<Option<u64>>,
    #[serde(default)]
    pub x0: Option<Option<f64>>,
    #[serde(default)]
    pub x1: Option<Option<f64>>,
    #[serde(default)]
    pub x2: Option<Option<f64>>,
    #[serde(default)]
    pub x3: Option<Option<f64>>,
    #[serde(default)]
    pub x4: Option<Option<f64>>,
    #[serde(default)]
    pub x5: Option<Option<f64>>,
    #[serde(default)]
    pub x6: Option<Option<f64>>,
    #[serde(default)]
    pub x7: Option<Option<f64>>,
    #[serde(default)]
    pub t0: Option<Option<String>>,
    #[serde(default)]
    pub t1: Option<Option<String>>,
    #[serde(default)]
    pub t2: Option<Option<String>>,
    #[serde(default)]
    pub t3: Option<Option<String>>,
}

impl Generated for Round {
    fn stamp(&self) -> u64 {
        self.metrics.deploy_count.flatten().unwrap_or_default()
    }
}

impl Generated for Small {
    fn stamp(&self) -> u64 {
        self.count.flatten().unwrap_or_default()
    }
}

impl Generated for Wide {
    fn stamp(&self) -> u64 {
        self.s3.n0.flatten().unwrap_or_default()
    }
}
