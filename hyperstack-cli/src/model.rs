//! What a client sees of a stack: its entities with their fields and views, and all their types.
//!
//! Names are wire names. The module [`rust`](crate::rust) chooses the names in Rust.

use serde::Serialize;

/// A stack, as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stack {
    /// The stack's name in the file, such as `OreStream`.
    pub name: String,
    /// The stack's programs.
    pub programs: Vec<Program>,
    /// The entities, in the file's order.
    pub entities: Vec<Entity>,
    /// The types of fields, in order of first use.
    pub types: Vec<TypeDef>,
    /// The manifest hash and live alias that identify a deployed version of the stack. `None` if the stack does not
    /// come from a stack-manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served: Option<Served>,
}

/// The manifest hash and live alias that identify a deployed version of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Served {
    /// The hash of the stack-manifest: `arete:h1:stack-manifest:sha256:` and 64 hexadecimal digits.
    pub manifest_hash: String,
    /// The alias of the live-spec in the stack-manifest, such as `live`.
    pub live_alias: String,
}

impl Served {
    /// Creates a version from the hash of the stack-manifest and the alias of the live-spec.
    pub fn new(manifest_hash: impl Into<String>, live_alias: impl Into<String>) -> Self {
        Served {
            manifest_hash: manifest_hash.into(),
            live_alias: live_alias.into(),
        }
    }
}

/// A program whose accounts, instructions and events the stack reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Program {
    /// The program's address, in base58.
    pub address: String,
    /// The program's name in its IDL. Empty if the file has no IDL of the program.
    pub name: String,
    /// The program's errors, in the order of its IDL.
    pub errors: Vec<ProgramError>,
}

/// An error that a program returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProgramError {
    /// The error's code.
    pub code: u32,
    /// The error's name in the IDL.
    pub name: String,
    /// The error's message, if the IDL has one.
    pub message: Option<String>,
}

/// An entity that the server streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entity {
    /// The entity's wire name.
    pub name: String,
    /// The path of the key field, such as `id.round_id`. `None` if there are several key fields, or if the field's type
    /// cannot be a key.
    pub key: Option<String>,
    /// Whether every row has the key field.
    pub key_required: bool,
    /// Nested objects, which are merged field by field. Sections without a sent field are left out.
    pub sections: Vec<Section>,
    /// The fields outside of sections.
    pub fields: Vec<Field>,
    /// The derived views. `Entity/list` and `Entity/state` always exist and are not listed.
    pub views: Vec<View>,
}

impl Entity {
    /// Whether every row has the field at this path, because it is the key.
    pub(crate) fn requires(&self, path: &str) -> bool {
        self.key_required && self.key.as_deref() == Some(path)
    }
}

/// A nested object of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Section {
    /// The section's wire name.
    pub name: String,
    /// The section's fields, without those that are never sent.
    pub fields: Vec<Field>,
}

/// A field of an entity or a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// The field's wire name.
    pub name: String,
    /// The type of a value that is not null.
    pub ty: Type,
    /// Whether the server may send null.
    pub nullable: bool,
    /// Whether the server appends to the field.
    pub append: bool,
    /// Where the field comes from, one sentence per source. Empty if the file does not say.
    pub origin: Vec<String>,
}

/// The type of a value on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Type {
    /// `bool`.
    Bool,
    /// An integer with the name of its Rust type, such as `u64`. Sent as a number or as text.
    Int(&'static str),
    /// `f32` or `f64`.
    Float(&'static str),
    /// Text. Addresses are base58 text.
    Text,
    /// Any JSON, because the file does not declare a type.
    Json,
    /// A list.
    List(Box<Type>),
    /// A list with a fixed number of elements.
    Array(Box<Type>, usize),
    /// An object whose keys are data: the types of its keys and values.
    Map(Box<Type>, Box<Type>),
    /// A list with one element of each type.
    Tuple(Vec<Type>),
    /// A nullable value inside another type.
    Nullable(Box<Type>),
    /// An account with its address and the time of the capture.
    Capture(Box<Type>),
    /// An instruction or an event with its time.
    Event(Box<Type>),
    /// A whole instruction: its accounts and its arguments.
    Instruction(Box<Type>, Box<Type>),
    /// The result of the server's token resolver.
    TokenMetadata,
    /// The hash of a slot: `{"bytes": [..]}`.
    SlotHash,
    /// A value in a `Box`, because its type contains the type around it.
    Boxed(Box<Type>),
    /// An index into [`Stack::types`].
    Defined(usize),
}

/// A type whose values are always replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TypeDef {
    /// The type's name in the program's IDL. If a stack picks single fields of an event, the name comes from
    /// the field's type or path.
    pub name: String,
    /// The program whose IDL defines the type, if the stack has several programs.
    pub program: Option<String>,
    /// The type's role in the IDL.
    pub role: Role,
    /// The documentation in the IDL.
    pub docs: Vec<String>,
    /// The type's fields, elements or variants.
    pub shape: Shape,
}

/// The role of a [`TypeDef`] in a program's IDL.
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
    /// An event, or the fields that a stack picks from an instruction.
    Event,
    /// A type that other types use.
    Type,
}

/// The fields, elements or variants of a [`TypeDef`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// An object with these fields.
    Struct(Vec<Member>),
    /// A list with one element of each type.
    Tuple(Vec<Type>),
    /// A text, or an object whose one key is the variant's name and whose value is the variant's data.
    Enum(Vec<Variant>),
}

impl Shape {
    /// Returns the types of all fields, elements and variants.
    pub(crate) fn types(&self) -> Vec<&Type> {
        match self {
            Shape::Struct(members) => types(members),
            Shape::Tuple(elements) => elements.iter().collect(),
            Shape::Enum(variants) => variants
                .iter()
                .flat_map(|variant| match &variant.data {
                    Data::None => Vec::new(),
                    Data::Struct(members) => types(members),
                    Data::Tuple(elements) => elements.iter().collect(),
                })
                .collect(),
        }
    }

    /// Returns the types of all fields, elements and variants.
    pub(crate) fn types_mut(&mut self) -> Vec<&mut Type> {
        match self {
            Shape::Struct(members) => types_mut(members),
            Shape::Tuple(elements) => elements.iter_mut().collect(),
            Shape::Enum(variants) => variants
                .iter_mut()
                .flat_map(|variant| match &mut variant.data {
                    Data::None => Vec::new(),
                    Data::Struct(members) => types_mut(members),
                    Data::Tuple(elements) => elements.iter_mut().collect(),
                })
                .collect(),
        }
    }

    /// Returns the members of the struct, or those of each variant.
    pub(crate) fn members_mut(&mut self) -> Vec<&mut Vec<Member>> {
        match self {
            Shape::Struct(members) => vec![members],
            Shape::Tuple(_) => Vec::new(),
            Shape::Enum(variants) => variants
                .iter_mut()
                .filter_map(|variant| match &mut variant.data {
                    Data::Struct(members) => Some(members),
                    Data::None | Data::Tuple(_) => None,
                })
                .collect(),
        }
    }
}

fn types(members: &[Member]) -> Vec<&Type> {
    members.iter().map(|member| &member.ty).collect()
}

fn types_mut(members: &mut [Member]) -> Vec<&mut Type> {
    members.iter_mut().map(|member| &mut member.ty).collect()
}

/// A variant of a [`Shape::Enum`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Variant {
    /// The variant's wire name.
    pub name: String,
    /// What the variant holds.
    pub data: Data,
}

/// What a [`Variant`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Data {
    /// Nothing: the variant is sent as a text.
    None,
    /// An object with these fields.
    Struct(Vec<Member>),
    /// A value of this type, or a list with one element of each type if there are several.
    Tuple(Vec<Type>),
}

/// A field of a [`Shape::Struct`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Member {
    /// The member's wire name.
    pub name: String,
    /// The member's name in the program's IDL. The server derives the wire name from it: `maxSOL` becomes
    /// `max_s_o_l`.
    pub declared: String,
    /// The member's type.
    pub ty: Type,
    /// What the type does not show, such as an encoding. Usually empty.
    pub note: String,
}

/// A derived view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct View {
    /// The id for subscriptions, such as `OreRound/latest`.
    pub id: String,
    /// What the view returns.
    pub output: Output,
    /// How the server derives the view, one text per step, such as ``sorted by `id.round_id`, descending``.
    pub steps: Vec<String>,
}

/// What a [`View`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Output {
    /// One row.
    Single,
    /// Ordered rows.
    Collection,
    /// One row for each key.
    Keyed,
}
