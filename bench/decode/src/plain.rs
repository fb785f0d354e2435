//! The same struct for serde's derive: no patch, and integers only as numbers.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Round {
    pub id: Id,
    pub state: State,
    pub results: Results,
    pub metrics: Metrics,
    pub treasury: Treasury,
    pub entropy: Entropy,
    pub ore_metadata: Metadata,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Id {
    pub round_id: u64,
    pub round_address: String,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct State {
    pub expires_at: Option<i64>,
    pub estimated_expires_at_unix: Option<i64>,
    pub motherlode: Option<f64>,
    pub total_deployed: Option<f64>,
    pub total_vaulted: Option<f64>,
    pub total_winnings: Option<f64>,
    pub total_miners: Option<u64>,
    pub deployed_per_square: Option<Vec<u64>>,
    pub deployed_per_square_ui: Option<Vec<f64>>,
    pub count_per_square: Option<Vec<u64>>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Results {
    pub top_miner: Option<String>,
    pub top_miner_reward: Option<f64>,
    pub rent_payer: Option<String>,
    pub slot_hash: Option<String>,
    pub rng: Option<u64>,
    pub winning_square: Option<u64>,
    pub did_hit_motherlode: Option<bool>,
    pub pre_reveal_rng: Option<u64>,
    pub pre_reveal_winning_square: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Metrics {
    pub deploy_count: Option<u64>,
    pub checkpoint_count: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Treasury {
    pub motherlode: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Entropy {
    pub entropy_value: Option<String>,
    pub entropy_seed: Option<String>,
    pub entropy_slot_hash: Option<String>,
    pub entropy_start_at: Option<u64>,
    pub entropy_end_at: Option<u64>,
    pub entropy_samples: Option<u64>,
    pub entropy_var_address: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Metadata {
    pub decimals: Option<u8>,
    pub logo_uri: Option<String>,
    pub mint: Option<String>,
    pub name: Option<String>,
    pub symbol: Option<String>,
}
