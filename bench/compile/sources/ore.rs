//! The translation of `ore/types.rs` of hyperstack-stacks 0.6.9: the same structs with the same
//! fields, without serde's attributes.

use hyperstack_sdk::prelude::*;

#[derive(Stack)]
#[stack(
    name = "ore-stream",
    url = "wss://ore.stack.usehyperstack.com",
    entities(OreRound, OreTreasury, OreMiner)
)]
pub struct OreStreamStack;

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundId {
    pub round_id: Option<u64>,
    pub round_address: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundState {
    pub expires_at: Option<Option<i64>>,
    pub estimated_expires_at_unix: Option<Option<i64>>,
    pub motherlode: Option<Option<f64>>,
    pub total_deployed: Option<Option<f64>>,
    pub total_vaulted: Option<Option<f64>>,
    pub total_winnings: Option<Option<f64>>,
    pub total_miners: Option<Option<u64>>,
    pub deployed_per_square: Option<Option<Vec<serde_json::Value>>>,
    pub deployed_per_square_ui: Option<Option<Vec<serde_json::Value>>>,
    pub count_per_square: Option<Option<Vec<serde_json::Value>>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundResults {
    pub top_miner: Option<Option<String>>,
    pub top_miner_reward: Option<Option<f64>>,
    pub rent_payer: Option<Option<String>>,
    pub slot_hash: Option<Option<String>>,
    pub rng: Option<Option<u64>>,
    pub winning_square: Option<Option<u64>>,
    pub did_hit_motherlode: Option<Option<bool>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundMetrics {
    pub deploy_count: Option<Option<u64>>,
    pub checkpoint_count: Option<Option<u64>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundTreasury {
    pub motherlode: Option<Option<f64>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundEntropy {
    pub entropy_value: Option<Option<String>>,
    pub entropy_seed: Option<Option<String>>,
    pub entropy_slot_hash: Option<Option<String>>,
    pub entropy_start_at: Option<Option<i64>>,
    pub entropy_end_at: Option<Option<i64>>,
    pub entropy_samples: Option<Option<u64>>,
    pub entropy_var_address: Option<Option<String>>,
    pub resolved_seed: Option<Option<Vec<serde_json::Value>>>,
}

#[derive(Debug, Clone, PartialEq, Default, Entity, Views)]
#[view(latest)]
pub struct OreRound {
    pub id: OreRoundId,
    pub state: OreRoundState,
    pub results: OreRoundResults,
    pub metrics: OreRoundMetrics,
    pub treasury: OreRoundTreasury,
    pub entropy: OreRoundEntropy,
    pub ore_metadata: Option<Option<serde_json::Value>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreTreasuryId {
    pub address: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreTreasuryState {
    pub balance: Option<Option<u64>>,
    pub motherlode: Option<Option<f64>>,
    pub total_refined: Option<Option<f64>>,
    pub total_staked: Option<Option<f64>>,
    pub total_unclaimed: Option<Option<f64>>,
}

#[derive(Debug, Clone, PartialEq, Default, Entity, Views)]
pub struct OreTreasury {
    pub id: OreTreasuryId,
    pub state: OreTreasuryState,
    pub treasury_snapshot: Option<Option<serde_json::Value>>,
}

#[derive(Debug, Clone, PartialEq, Default, Leaf)]
pub struct Treasury {
    pub balance: Option<u64>,
    pub buffer_a: Option<u64>,
    pub motherlode: Option<u64>,
    pub miner_rewards_factor: Option<serde_json::Value>,
    pub stake_rewards_factor: Option<serde_json::Value>,
    pub buffer_b: Option<u64>,
    pub total_refined: Option<u64>,
    pub total_staked: Option<u64>,
    pub total_unclaimed: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreMinerId {
    pub authority: Option<String>,
    pub miner_address: Option<String>,
    pub automation_address: Option<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreMinerRewards {
    pub rewards_sol: Option<Option<u64>>,
    pub rewards_ore: Option<Option<u64>>,
    pub refined_ore: Option<Option<u64>>,
    pub lifetime_rewards_sol: Option<Option<u64>>,
    pub lifetime_rewards_ore: Option<Option<u64>>,
    pub lifetime_deployed: Option<Option<u64>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreMinerState {
    pub round_id: Option<Option<u64>>,
    pub checkpoint_id: Option<Option<u64>>,
    pub checkpoint_fee: Option<Option<u64>>,
    pub last_claim_ore_at: Option<Option<i64>>,
    pub last_claim_sol_at: Option<Option<i64>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreMinerAutomation {
    pub amount: Option<Option<u64>>,
    pub balance: Option<Option<u64>>,
    pub executor: Option<Option<String>>,
    pub fee: Option<Option<u64>>,
    pub strategy: Option<Option<u64>>,
    pub mask: Option<Option<u64>>,
    pub reload: Option<Option<u64>>,
}

#[derive(Debug, Clone, PartialEq, Default, Entity, Views)]
pub struct OreMiner {
    pub id: OreMinerId,
    pub rewards: OreMinerRewards,
    pub state: OreMinerState,
    pub automation: OreMinerAutomation,
    pub miner_snapshot: Option<Option<serde_json::Value>>,
    pub automation_snapshot: Option<Option<serde_json::Value>>,
}

#[derive(Debug, Clone, PartialEq, Default, Leaf)]
pub struct Miner {
    pub authority: Option<String>,
    pub deployed: Option<Vec<u64>>,
    pub cumulative: Option<Vec<u64>>,
    pub checkpoint_fee: Option<u64>,
    pub checkpoint_id: Option<u64>,
    pub last_claim_ore_at: Option<i64>,
    pub last_claim_sol_at: Option<i64>,
    pub rewards_factor: Option<serde_json::Value>,
    pub rewards_sol: Option<u64>,
    pub rewards_ore: Option<u64>,
    pub refined_ore: Option<u64>,
    pub round_id: Option<u64>,
    pub lifetime_rewards_sol: Option<u64>,
    pub lifetime_rewards_ore: Option<u64>,
    pub lifetime_deployed: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default, Leaf)]
pub struct Automation {
    pub amount: Option<u64>,
    pub authority: Option<String>,
    pub balance: Option<u64>,
    pub executor: Option<String>,
    pub fee: Option<u64>,
    pub strategy: Option<u64>,
    pub mask: Option<u64>,
    pub reload: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default, Leaf)]
pub struct EventWrapper<T> {
    pub timestamp: i64,
    pub data: T,
    pub slot: Option<f64>,
    pub signature: Option<String>,
}
