//! The IDLs of the programs, as a stack file contains them.

use serde::Deserialize;
use serde_json::Value;

/// A program's IDL.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Idl {
    #[serde(default)]
    pub(crate) name: String,
    /// The program's address.
    #[serde(default)]
    pub(crate) program_id: Option<String>,
    #[serde(default)]
    pub(crate) accounts: Vec<Account>,
    #[serde(default)]
    pub(crate) instructions: Vec<Instruction>,
    #[serde(default)]
    pub(crate) types: Vec<TypeEntry>,
    /// The events. Their fields are usually in the type with the event's name.
    #[serde(default)]
    pub(crate) events: Vec<Account>,
    #[serde(default)]
    pub(crate) errors: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) docs: Vec<String>,
    #[serde(default)]
    pub(crate) fields: Vec<Value>,
    #[serde(default, rename = "type")]
    pub(crate) shape: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Instruction {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) docs: Vec<String>,
    #[serde(default)]
    pub(crate) accounts: Vec<AccountName>,
    #[serde(default)]
    pub(crate) args: Vec<Arg>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AccountName {
    pub(crate) name: String,
    /// Whether an instruction may lack the account.
    #[serde(default, alias = "isOptional", alias = "is_optional")]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) docs: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Arg {
    pub(crate) name: String,
    #[serde(default, rename = "type")]
    pub(crate) ty: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TypeEntry {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) docs: Vec<String>,
    #[serde(default, rename = "type")]
    pub(crate) shape: Value,
}
