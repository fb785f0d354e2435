//! The values that arrive in the generated types.

use std::collections::BTreeMap;
use std::fmt::Debug;

use hyperstack_interop::{Chain, Event, Machine, Size, ADDRESS, SIGNATURE};
use hyperstack_interpreter::{record_slot_hash, Mutation};
use hyperstack_sdk::{Patch, Record};
use serde_json::{json, Value};

use crate::stacks::*;

/// The 64-bit value of [`Size::Great`].
const GREAT: u64 = (1 << 53) + 1;

/// Runs a stack on events of these kinds and sizes.
fn changes(stack: &str, events: &[(&str, Size)]) -> Vec<Mutation> {
    let (chain, mut machine) = (Chain::new(stack), Machine::new(stack));
    let changes = events.iter().map(|(kind, size)| {
        let mut changes = machine.process(&chain.event(kind, *size));
        changes.extend(machine.resolve(|request| answer(request, *size)));
        changes
    });
    changes.collect::<Vec<_>>().concat()
}

/// Builds a row from changes.
fn row<T>(changes: &[Mutation]) -> T
where
    T: Record + TryFrom<T::Patch, Error: Debug>,
{
    let patches = changes.iter().map(patch::<T>);
    let whole = patches.reduce(Patch::then).expect("a change");
    T::try_from(whole).expect("a whole row")
}

#[test]
fn a_capture() {
    let changes = changes(ore::FILE, &[("ore::MinerState", Size::Great)]);
    let sent = sent(&changes[0]);
    let sent = &sent["miner_snapshot"]["data"];
    assert_eq!(sent["rewards_sol"], GREAT.to_string());
    assert_eq!(sent["last_claim_ore_at"], format!("-{GREAT}"));
    let bits: [u8; 16] = serde_json::from_value(sent["rewards_factor"]["bits"].clone()).unwrap();
    assert_ne!(bits, [bits[0]; 16]);

    let miner: ore::OreMiner = row(&changes);
    assert_eq!(miner.id.authority, ADDRESS);
    let capture = miner.miner_snapshot.flatten().expect("a capture");
    assert_eq!(capture.account_address, ADDRESS);
    assert_eq!(capture.slot, Some(400_000_001));
    assert_eq!(capture.signature.as_deref(), Some(SIGNATURE));
    let account = capture.data;
    assert_eq!(account.authority.as_deref(), Some(ADDRESS));
    assert_eq!(account.rewards_sol, Some(GREAT));
    assert_eq!(account.last_claim_ore_at, Some(-(GREAT as i64)));
    assert_eq!(account.deployed, Some([GREAT; 25]));
    assert_eq!(account.rewards_factor.and_then(|n| n.bits), Some(bits));
}

#[test]
fn null_is_not_absent() {
    let before = row::<ore::OreRound>(&changes(ore::FILE, &[("ore::RoundState", Size::Small)]));
    // A field computed from an unknown value, and a field that was never sent.
    assert_eq!(before.results.winning_square, Some(None));
    assert_eq!(before.entropy.entropy_value, None);
}

#[test]
fn resolved_and_computed_values_arrive() {
    record_slot_hash(1, ADDRESS.to_owned());
    let changes = changes(
        ore::FILE,
        &[
            ("ore::RoundState", Size::Small),
            ("entropy::RevealIxState", Size::Small),
            ("entropy::VarState", Size::Small),
        ],
    );
    let round: ore::OreRound = row(&changes);
    assert_eq!(round.id.round_id, 1);
    let token = round.ore_metadata.flatten().expect("metadata");
    assert_eq!(token.symbol.as_deref(), Some("ORE"));
    assert_eq!(token.decimals, Some(11));
    assert_eq!(round.state.motherlode, Some(Some(1e-11)));
    assert_eq!(round.state.deployed_per_square, Some(Some(vec![1; 25])));
    let results = round.results;
    let hash = results.expires_at_slot_hash.flatten().expect("a hash");
    assert_eq!(hash.bytes[..4], [6, 155, 136, 87]);
    let number = results.rng.flatten().expect("a number");
    assert!(number > GREAT, "{number}");
    assert_eq!(results.winning_square, Some(Some(number % 25)));
    assert!(results.did_hit_motherlode.flatten().is_some());
}

#[test]
fn events_counts_and_sums_arrive() {
    let changes = changes(
        pumpfun::FILE,
        &[
            ("CreateIxState", Size::Small),
            ("BuyIxState", Size::Small),
            ("BuyIxState", Size::Great),
            ("SellIxState", Size::Small),
        ],
    );
    assert_eq!(changes[2].append, ["events.buys"]);
    let token: pumpfun::PumpfunToken = row(&changes);
    assert_eq!(token.id.mint.as_deref(), Some(ADDRESS));

    let trading = token.trading;
    assert_eq!(trading.total_buy_volume, Some(Some(GREAT + 1)));
    assert_eq!(trading.total_volume, Some(Some(GREAT + 2)));
    assert_eq!(trading.total_trades, Some(Some(3)));
    assert_eq!(trading.largest_trade, Some(Some(GREAT)));
    assert_eq!(trading.smallest_trade, Some(Some(1)));
    assert_eq!(trading.unique_traders, Some(Some(1)));

    let events = token.events;
    let amounts: Vec<_> = events.buys.iter().map(|buy| buy.data.amount).collect();
    assert_eq!(amounts, [Some(1), Some(GREAT)]);
    assert_eq!(events.buys[1].data.user.as_deref(), Some(ADDRESS));
    assert_eq!(events.buys[1].slot, Some(400_000_003));
    let sale = &events.sells[0].data;
    let accounts = sale.accounts.as_ref().expect("accounts");
    assert_eq!(accounts.bonding_curve.as_deref(), Some(ADDRESS));
    assert_eq!(sale.data.as_ref().and_then(|data| data.amount), Some(1));
    let create = events.create.flatten().expect("the creation");
    let create = create.data.data.expect("arguments");
    assert_eq!(create.name.as_deref(), Some("text"));
}

#[test]
fn fields_of_every_kind() {
    use shapes::*;
    let changes = changes(shapes::FILE, &[("shapes::VaultState", Size::Great)]);
    let vault: Vault = row(&changes);
    let state = vault.state;
    assert_eq!(state.kind, Some(Some(Kind::Type)));
    assert_eq!(state.point, Some(Some(Point(GREAT, -(GREAT as i64)))));
    assert_eq!(state.flag, Some(Some(Flag([true]))));
    assert_eq!(state.tiers.len(), 2);
    assert_eq!(state.tiers[0].max_sol, Some(GREAT));
    assert_eq!(state.maybe, Some(Some(Some(GREAT))));
    let seats = state.seats.flatten().expect("seats");
    assert_eq!(seats[&1].lp_bps, Some(u16::MAX));
    let balances = BTreeMap::from([(ADDRESS.to_owned(), u128::MAX)]);
    assert_eq!(state.balances, Some(Some(balances)));
    assert_eq!(state.delta, Some(i128::MIN));
    assert_eq!(state.level, Some(u8::MAX));
    assert_eq!(state.doubled, Some(Some(510)));
    assert_eq!(state.amounts.flatten().map(|all| all.len()), Some(40));

    let captured = vault.encoded.flatten().expect("a capture").data;
    let bytes = vault.plain.flatten().expect("a capture").data;
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(captured.salt, bytes.salt.map(|salt| hex(&salt)));
    assert_eq!(state.seed, Some(bytes.seed.map(|seed| hex(&seed))));
    // An address stays what it is, and a text gets quotes.
    assert_eq!(captured.authority.as_deref(), Some(ADDRESS));
    assert_eq!(captured.level.as_deref(), Some("255"));
    assert_eq!(captured.total, Some(format!("\"{}\"", u128::MAX)));
    let decoded = vault.decoded.flatten().expect("a capture").data;
    assert_eq!(decoded.authority.map(|bytes| bytes.len()), Some(32));
    assert_eq!(state.authority_bytes.flatten().map(|b| b.len()), Some(32));
}

#[test]
fn what_may_be_missing() {
    use shapes::*;
    let vault: Vault = row(&changes(
        shapes::FILE,
        &[("shapes::VaultState", Size::Empty)],
    ));
    assert_eq!(
        (vault.state.heir, vault.state.best),
        (Some(None), Some(None))
    );
    assert_eq!(vault.state.tiers, []);
    // The field is optional in the account but not in the stack.
    assert_eq!(vault.state.grants, Some(None));
    assert_eq!(vault.state.title.as_deref(), Some(""));
    assert_eq!(vault.bids, VaultBids::default());
    let account = vault.plain.flatten().expect("a capture").data;
    assert_eq!((account.heir, account.best), (None, None));
    assert_eq!(account.keys, Some(Vec::new()));
}

#[test]
fn instructions_and_logs() {
    let changes = changes(
        shapes::FILE,
        &[
            ("shapes::PlaceBidIxState", Size::Empty),
            ("shapes::PlaceBidIxState", Size::Great),
            ("shapes::BidEventCpiEvent", Size::Small),
        ],
    );
    let vault: shapes::Vault = row(&changes);
    // This is computed from an account that was not seen yet.
    assert_eq!(vault.state.amounts, Some(None));
    let bids = vault.bids;
    assert_eq!(bids.amounts, [0, GREAT]);
    assert_eq!(bids.limits, [None, Some(u16::MAX)]);
    assert_eq!(bids.points[1], shapes::Point(GREAT, -(GREAT as i64)));
    assert_eq!(bids.hashes[0], "1".repeat(32));
    assert_eq!(bids.raw_hashes[0], [0; 32]);
    assert_eq!(bids.last_slot, Some(Some(400_000_002)));
    let first = bids.first.flatten().expect("a bid").data;
    assert_eq!(first.data.expect("arguments").fee_limit, None);
    // This event has no time and slot, because the file also has it field by field.
    let opened = bids.opened.flatten().expect("a bid");
    assert_eq!((opened.amount, opened.memo.as_deref()), (Some(0), Some("")));
    let last = bids.last.flatten().expect("a bid").data;
    assert_eq!(last.hash.map(|hex| hex.len()), Some(64));
    assert_eq!(last.bidder_wallet.as_deref(), Some(ADDRESS));
    assert_eq!((last.tip, last.nobody), (Some(u128::MAX), None));

    let log = vault.logs.each[0].data.data.as_ref().expect("a log");
    assert_eq!((log.bid_id, log.total), (Some(1), Some(1)));
    assert_eq!(vault.logs.totals, [1]);
    assert_eq!(vault.logs.notes, [Some("text".to_owned())]);
    let last = vault.logs.last.flatten().expect("a log").data;
    assert_eq!(last.tier.and_then(|tier| tier.lp_bps), Some(1));
}

/// A stack file without interfaces has only the copies of types beside the fields.
#[test]
fn a_stack_without_interfaces() {
    let mut machine = Machine::new(game::FILE);
    let account =
        json!({"game_id": 7, "pot": GREAT, "seed": [1, 2], "total": u128::MAX.to_string()});
    let changes = machine.process(&Event::new("game::GameAccountState", account));
    // The copy of the account's type has no such field.
    assert_eq!(
        lost::<game::Game>(&changes[0]),
        ["Game.game_snapshot.data.game_id is lost"]
    );
    let row: game::Game = row(&changes);
    assert_eq!(row.id.game_id, 7);
    let account = row.game_snapshot.flatten().expect("a capture").data;
    assert_eq!((account.pot, account.total), (Some(GREAT), Some(u128::MAX)));
    assert_eq!(account.seed, Some(vec![1, 2]));

    let accounts = json!({"player": ADDRESS, "gameState": "7"});
    let value = json!({"accounts": accounts, "data": {"amount": GREAT, "type": 1}});
    let changes = machine.process(&Event::new("game::MakeMoveIxState", value));
    assert_eq!(
        (&changes[0].key, &*changes[0].append),
        (&Value::from("7"), &["events.moves".to_owned()][..])
    );
    assert_eq!(lost::<game::Game>(&changes[0]), [""; 0]);
    let patch = patch::<game::Game>(&changes[0]);
    let moves = serde_json::to_value(&patch).expect("a patch is JSON");
    assert_eq!(moves["events"]["moves"][0]["data"]["player"], ADDRESS);
}
