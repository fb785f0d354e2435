//! What a client sees of a stack: its entities with their fields and views, every type walked to its
//! end. Names are those on the wire; what to call things in Rust is decided in [`rust`](crate::rust).

use serde::Serialize;

/// A stack, as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stack {
    /// The stack's name, as the file has it: `OreStream`.
    pub name: String,
    /// The addresses of the programs that it projects.
    pub programs: Vec<String>,
    /// In the file's order.
    pub entities: Vec<Entity>,
    /// The types that fields are made of, in the order in which they are met.
    pub types: Vec<TypeDef>,
}

/// An entity that the server streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entity {
    /// Its name on the wire.
    pub name: String,
    /// The path of the field that is its key, such as `id.round_id`, where there is exactly one and its
    /// type can be a key.
    pub key: Option<String>,
    /// Nested objects, merged field by field. Sections of which nothing is sent are left out.
    pub sections: Vec<Section>,
    /// The fields beside the sections.
    pub fields: Vec<Field>,
    /// The derived views. `Entity/list` and `Entity/state` are always there.
    pub views: Vec<View>,
}

/// A nested object of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Section {
    /// Its name on the wire.
    pub name: String,
    /// Its fields, but for those that are never sent.
    pub fields: Vec<Field>,
}

/// A field of an entity or a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// Of what is sent, where it is not null.
    pub ty: Type,
    /// Whether null may be sent.
    pub nullable: bool,
    /// Whether the server appends to it.
    pub append: bool,
    /// Where it comes from, a sentence each; empty where the file does not say.
    pub origin: Vec<String>,
}

/// What a value is on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Type {
    /// `bool`.
    Bool,
    /// An integer, by the name of its Rust type: `u64`. A number or a text of digits.
    Int(&'static str),
    /// `f32` or `f64`.
    Float(&'static str),
    /// A text. An address is one, in base58.
    Text,
    /// Any JSON: the file does not say what.
    Json,
    /// A list.
    List(Box<Type>),
    /// A list of so many elements.
    Array(Box<Type>, usize),
    /// An object whose keys are data: the type of the keys, and of the values.
    Map(Box<Type>, Box<Type>),
    /// A list of one element of each type.
    Tuple(Vec<Type>),
    /// A value or null, inside of another type.
    Nullable(Box<Type>),
    /// An account with its address and the time it was seen.
    Capture(Box<Type>),
    /// An instruction or an event with its time.
    Event(Box<Type>),
    /// A whole instruction: its accounts, and its arguments.
    Instruction(Box<Type>, Box<Type>),
    /// What the server's token resolver gives.
    TokenMetadata,
    /// The hash of a slot: `{"bytes": [..]}`.
    SlotHash,
    /// One of [`Stack::types`], by its index there.
    Defined(usize),
}

/// A type that is replaced whole, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TypeDef {
    /// Its name in the program's IDL, or what it is made for.
    pub name: String,
    /// The program whose IDL has it, where there are more than one.
    pub program: Option<String>,
    /// What it is there.
    pub role: Role,
    /// What the IDL says of it.
    pub docs: Vec<String>,
    /// What it is made of.
    pub shape: Shape,
}

/// What a [`TypeDef`] is in a program's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// An account.
    Account,
    /// The accounts of an instruction.
    Accounts,
    /// The arguments of an instruction.
    Args,
    /// An event, or what a stack picks of an instruction.
    Event,
    /// A type that others are made of.
    Type,
}

/// What a [`TypeDef`] is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// An object with these fields.
    Struct(Vec<Member>),
    /// A list of one element of each type.
    Tuple(Vec<Type>),
    /// A text, one of these.
    Enum(Vec<String>),
}

/// A field of a [`Shape::Struct`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Member {
    /// Its name on the wire.
    pub name: String,
    /// Its name in the program's interface, of which the server makes the one on the wire: `maxSOL` is
    /// `max_s_o_l` there.
    pub declared: String,
    /// What is sent.
    pub ty: Type,
    /// What the type does not say; mostly nothing.
    pub note: String,
}

/// A derived view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct View {
    /// What is subscribed: `OreRound/latest`.
    pub id: String,
    /// What a read of it is.
    pub output: Output,
    /// What the server does to the entity's list, a step each: `sorted by id.round_id, descending`.
    pub steps: Vec<String>,
}

/// What a read of a [`View`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Output {
    /// One row.
    Single,
    /// Rows in an order.
    Collection,
    /// A row for each key.
    Keyed,
}
