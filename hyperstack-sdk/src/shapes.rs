//! Types that the server wraps around data from the chain, and types of its resolvers' results.
//!
//! All except [`TokenMetadata`] are leaves, which are replaced as a whole. The crates that `hs sdk create` generates use
//! them, and your own structs can too.
//!
//! All implement `Serialize` and `Deserialize` if their parameters do, with the wire's names. A field that the server
//! did not send is null.

use serde::{Deserialize, Serialize};

use crate::{Leaf, Section};

/// An account at a point in time, which the server sends for a field that captures whole accounts.
///
/// ```
/// use hyperstack_sdk::{prelude::*, Capture};
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// struct OreTreasury {
///     treasury_snapshot: Option<Capture<Treasury>>,
/// }
///
/// #[derive(Debug, Clone, PartialEq, Leaf)]
/// struct Treasury {
///     balance: Option<u64>,
/// }
///
/// let json = r#"{"treasury_snapshot": {"timestamp": 1790000000, "account_address": "So1", "data": {"balance": 7}}}"#;
/// let treasury = OreTreasury::try_from(serde_json::from_str::<OreTreasuryPatch>(json)?)?;
/// let snapshot = treasury.treasury_snapshot.unwrap();
/// assert_eq!((snapshot.data.balance, snapshot.slot), (Some(7), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Leaf, Serialize, Deserialize)]
pub struct Capture<T> {
    /// When the server saw the account, in seconds since 1970.
    pub timestamp: i64,
    /// The account's address in base58, or an empty string if the server did not know it.
    #[serde(default)]
    pub account_address: String,
    /// The account.
    pub data: T,
    /// The slot of the change, if the server knew it.
    pub slot: Option<u64>,
    /// The signature of the transaction that changed the account, if the server knew it.
    pub signature: Option<String>,
}

/// An instruction or an event of a program, usually an element of a list that the server appends to.
///
/// `T` is a struct with the fields that the stack selects, or an [`Instruction`] if it selects none.
///
/// ```
/// use hyperstack_sdk::{prelude::*, Event};
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// struct Token {
///     buys: Vec<Event<Buy>>,
/// }
///
/// #[derive(Debug, Clone, PartialEq, Leaf)]
/// struct Buy {
///     amount: Option<u64>,
///     user: Option<String>,
/// }
///
/// let json = r#"{"buys": [{"timestamp": 1790000000, "slot": 312, "data": {"amount": "9", "user": "Ada"}}]}"#;
/// let token = Token::try_from(serde_json::from_str::<TokenPatch>(json)?)?;
/// assert_eq!(token.buys[0].data.amount, Some(9));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Leaf, Serialize, Deserialize)]
pub struct Event<T> {
    /// When the server saw it, in seconds since 1970.
    pub timestamp: i64,
    /// The data of the instruction or event.
    pub data: T,
    /// The slot, if the server knew it.
    pub slot: Option<u64>,
    /// The signature of the transaction, if the server knew it.
    pub signature: Option<String>,
    /// The line of the transaction's log that the event comes from, counted from 0. Only v2 servers send it, and only
    /// for events in logs.
    pub event_index: Option<u64>,
    /// The instruction in the transaction: `0.1` is the second inner instruction of the first one. Only v2 servers
    /// send it.
    pub ix_path: Option<String>,
}

/// A whole instruction, the `data` of an [`Event`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Leaf, Serialize, Deserialize)]
pub struct Instruction<Accounts, Args> {
    /// The addresses of the instruction's accounts.
    pub accounts: Option<Accounts>,
    /// The instruction's arguments.
    pub data: Option<Args>,
}

/// The metadata of a mint, from the server's token resolver.
///
/// A section: it merges field by field, as on the server.
///
/// ```
/// use hyperstack_sdk::{prelude::*, TokenMetadata};
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// struct Round {
///     token: Option<TokenMetadata>,
/// }
///
/// let patch = |json| serde_json::from_str::<RoundPatch>(json);
/// let mut round = Round::try_from(patch(r#"{"token": {"mint": "So1", "symbol": "ORE"}}"#)?)?;
/// round.apply(patch(r#"{"token": {"decimals": 11}}"#)?)?;
/// let token = round.token.unwrap();
/// assert_eq!((token.symbol.as_deref(), token.decimals), (Some("ORE"), Some(11)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Section, Serialize, Deserialize)]
pub struct TokenMetadata {
    /// The mint's address in base58, or an empty string if the server has not sent it.
    #[serde(default)]
    pub mint: String,
    /// The token's name.
    pub name: Option<String>,
    /// The token's ticker.
    pub symbol: Option<String>,
    /// The number of decimals of an amount.
    pub decimals: Option<u8>,
    /// The URL of the token's logo.
    pub logo_uri: Option<String>,
}

/// An error that a Solana program can return, from the program's IDL.
///
/// ```
/// use hyperstack_sdk::ProgramError;
///
/// const ORE_ERRORS: &[ProgramError] = &[ProgramError {
///     code: 1,
///     name: "NotAuthorized",
///     message: Some("Not authorized"),
/// }];
///
/// let error = ORE_ERRORS.iter().find(|error| error.code == 1);
/// assert_eq!(error.map(|error| error.name), Some("NotAuthorized"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProgramError {
    /// The code.
    pub code: u32,
    /// The name in the IDL.
    pub name: &'static str,
    /// The message, if the IDL has one.
    pub message: Option<&'static str>,
}

/// The hash of a slot, from the server's resolver. On the wire it is an object with one list, not a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Leaf, Serialize, Deserialize)]
pub struct SlotHashBytes {
    /// The hash.
    pub bytes: [u8; 32],
}
