//! Makes events like those of the server's runtime, from the programs' interfaces in a stack file.

use serde_json::{json, Map, Value};

/// The address of every account, so that every lookup finds one.
pub const ADDRESS: &str = "So11111111111111111111111111111111111111112";

/// The size of an event's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Optional values are missing, and the others are zero.
    Empty,
    /// All values are present.
    Small,
    /// Values of 64 bits exceed what JSON keeps exactly. Values of other widths are the greatest of their
    /// type.
    Great,
}

/// An event that the runtime gives to the virtual machine.
#[derive(Debug, Clone)]
pub struct Event {
    /// The name of its source in the stack file: `ore::RoundState`, `ore::DeployIxState`.
    pub kind: String,
    /// The event's content.
    pub value: Value,
}

impl Event {
    /// Returns an event of this kind.
    pub fn new(kind: &str, value: Value) -> Self {
        let mut event = Event {
            kind: kind.to_owned(),
            value,
        };
        if event.is_account() {
            event.value["__account_address"] = ADDRESS.into();
        }
        event
    }

    pub(crate) fn is_account(&self) -> bool {
        self.source().1 == Source::Account
    }

    /// The name in the program's interface.
    fn source(&self) -> (&str, Source) {
        let name = self.kind.rsplit("::").next().unwrap_or_default();
        let ends = [
            ("IxState", Source::Instruction),
            ("CpiEvent", Source::Log),
            ("State", Source::Account),
        ];
        let mut ends = ends.into_iter();
        ends.find_map(|(end, source)| Some((name.strip_suffix(end)?, source)))
            .expect("a source's name says what it is")
    }
}

#[derive(PartialEq)]
enum Source {
    Account,
    Instruction,
    Log,
}

/// The programs of a stack.
pub struct Chain {
    programs: Vec<Value>,
    kinds: Vec<String>,
}

impl Chain {
    /// Reads the programs whose interfaces are in a stack file.
    pub fn new(stack: &str) -> Self {
        let stack: Value = serde_json::from_str(stack).expect("a stack file is JSON");
        let list = |of: &Value, name| of[name].as_array().cloned().unwrap_or_default();
        let mut programs = list(&stack, "idls");
        if stack["idl"].is_object() {
            programs.push(stack["idl"].clone());
        }
        let entities = match list(&stack, "entities") {
            none if none.is_empty() => vec![stack],
            entities => entities,
        };
        let mut kinds: Vec<String> = Vec::new();
        let mut add = |kind: &Value| {
            let kind = kind.as_str().map(str::to_owned);
            kinds.extend(kind.filter(|kind| !kinds.contains(kind)));
        };
        for handler in entities.iter().flat_map(|entity| list(entity, "handlers")) {
            add(&handler["source"]["Source"]["type_name"]);
            for mapping in list(&handler, "mappings") {
                add(&mapping["when"]);
            }
        }
        Chain { programs, kinds }
    }

    /// Returns one event of each kind that the stack reads.
    pub fn events(&self, size: Size) -> Vec<Event> {
        let kinds = self.kinds.iter();
        kinds.map(|kind| self.event(kind, size)).collect()
    }

    /// Returns an event of this kind.
    ///
    /// # Panics
    ///
    /// If no interface has it.
    pub fn event(&self, kind: &str, size: Size) -> Event {
        let event = Event::new(kind, json!({}));
        let (name, source) = event.source();
        let program = kind.split_once("::").map(|(program, _)| program);
        let programs = self.programs.iter();
        let mut programs = programs.filter(|idl| program.is_none_or(|name| idl["name"] == name));
        let value = programs
            .find_map(|idl| Program { idl, size }.source(name, &source))
            .unwrap_or_else(|| panic!("no interface has {kind}"));
        Event::new(kind, value)
    }
}

/// A program with all values of one size.
struct Program<'a> {
    idl: &'a Value,
    size: Size,
}

impl Program<'_> {
    fn source(&self, name: &str, source: &Source) -> Option<Value> {
        let plain = |name: &Value| {
            name.as_str()
                .unwrap_or_default()
                .replace('_', "")
                .to_lowercase()
        };
        match source {
            Source::Account => {
                let accounts = self.idl["accounts"].as_array()?;
                let account = accounts.iter().find(|account| account["name"] == name)?;
                match &account["fields"] {
                    Value::Array(fields) if !fields.is_empty() => Some(self.object(fields)),
                    _ => self.defined(name),
                }
            }
            Source::Log => Some(json!({"data": self.defined(name)?})),
            Source::Instruction => {
                let instructions = self.idl["instructions"].as_array()?;
                let instruction = instructions
                    .iter()
                    .find(|instruction| plain(&instruction["name"]) == name.to_lowercase())?;
                let accounts = instruction["accounts"].as_array()?;
                let accounts: Map<_, _> = accounts
                    .iter()
                    .map(|account| Some((account["name"].as_str()?.to_owned(), ADDRESS.into())))
                    .collect::<Option<_>>()?;
                let data = self.object(instruction["args"].as_array()?);
                Some(json!({"accounts": accounts, "data": data}))
            }
        }
    }

    fn defined(&self, name: &str) -> Option<Value> {
        let types = self.idl["types"].as_array()?;
        let ty = &types.iter().find(|ty| ty["name"] == name)?["type"];
        if let Some(variants) = ty["variants"].as_array() {
            let variant = match self.size {
                Size::Empty => variants.first(),
                _ => variants.last(),
            };
            let name = variant?["name"].clone();
            let Some(fields) = variant?["fields"].as_array() else {
                return Some(name);
            };
            let data = match fields.as_slice() {
                [ty] if ty["name"].is_null() => self.value(ty),
                fields => self.fields(fields),
            };
            let name = name.as_str()?.to_owned();
            return Some(Value::Object([(name, data)].into_iter().collect()));
        }
        Some(self.fields(ty["fields"].as_array()?))
    }

    /// Fields with names as an object, and fields without names as a list.
    fn fields(&self, fields: &[Value]) -> Value {
        if fields.iter().all(|field| field["name"].is_string()) {
            self.object(fields)
        } else {
            fields.iter().map(|ty| self.value(ty)).collect()
        }
    }

    /// Fields by their names in the runtime.
    fn object(&self, fields: &[Value]) -> Value {
        let fields = fields.iter().map(|field| {
            let mut snake = String::new();
            for c in field["name"].as_str().unwrap_or_default().chars() {
                if c.is_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.extend(c.to_lowercase());
            }
            (snake, self.value(&field["type"]))
        });
        Value::Object(fields.collect())
    }

    fn value(&self, ty: &Value) -> Value {
        if let Some(name) = ty.as_str() {
            return match self.scalar(name) {
                Some(value) => value,
                None => self.named(name),
            };
        }
        let (kind, inner) = ty
            .as_object()
            .and_then(|ty| ty.iter().next())
            .unwrap_or_else(|| panic!("no type: {ty}"));
        let many = usize::from(self.size != Size::Empty) * 2;
        match kind.as_str() {
            "option" if self.size == Size::Empty => Value::Null,
            "option" => self.value(inner),
            "vec" => vec![self.value(inner); many].into(),
            "array" => {
                let length = inner[1].as_u64().expect("an array has a length");
                let values = (0..length).map(|i| match inner[0].as_str() {
                    Some("u8") => self.byte(i),
                    _ => self.value(&inner[0]),
                });
                values.collect()
            }
            // Maps always have the same keys, because the server's cache keeps keys that are gone.
            "hashMap" => {
                let small = Program {
                    idl: self.idl,
                    size: Size::Small,
                };
                let key = small.value(&inner[0]);
                let key = key.as_str().map_or(key.to_string(), str::to_owned);
                Value::Object([(key, self.value(&inner[1]))].into_iter().collect())
            }
            "tuple" => {
                let types = inner.as_array().expect("a tuple has types");
                types.iter().map(|ty| self.value(ty)).collect()
            }
            "defined" => {
                let name = inner.as_str().or_else(|| inner["name"].as_str());
                self.named(name.unwrap_or_default())
            }
            kind => panic!("no type of an interface: {kind}"),
        }
    }

    fn named(&self, name: &str) -> Value {
        self.defined(name)
            .unwrap_or_else(|| panic!("the interface has no {name}"))
    }

    /// Bytes differ from each other, so that a hash of them is not empty.
    fn byte(&self, i: u64) -> Value {
        match self.size {
            Size::Empty => json!(0),
            Size::Small => json!(i * i % 256),
            Size::Great => json!((255 + 7 * i * i) % 256),
        }
    }

    fn scalar(&self, name: &str) -> Option<Value> {
        let (small, great) = match name {
            "u8" => (json!(1), json!(u8::MAX)),
            "u16" => (json!(1), json!(u16::MAX)),
            "u32" => (json!(1), json!(u32::MAX)),
            "u64" => (json!(1), json!((1_u64 << 53) + 1)),
            "i8" => (json!(-1), json!(i8::MIN)),
            "i16" => (json!(-1), json!(i16::MIN)),
            "i32" => (json!(-1), json!(i32::MIN)),
            "i64" => (json!(-1), json!(-(1_i64 << 53) - 1)),
            "u128" => (json!("1"), json!(u128::MAX.to_string())),
            "i128" => (json!("-1"), json!(i128::MIN.to_string())),
            "f32" => (json!(0.5), json!(1e30_f32)),
            "f64" => (json!(0.5), json!(1e17)),
            "bool" => (json!(true), json!(true)),
            "string" => (json!("text"), json!("\u{1f980} \"text\" \\ \n")),
            "bytes" => (json!([1, 2, 3]), json!([0, 127, 255])),
            "pubkey" | "publicKey" => return Some(ADDRESS.into()),
            _ => return None,
        };
        Some(match self.size {
            Size::Small => small,
            Size::Great => great,
            Size::Empty => match small {
                Value::String(text) if name == "string" => text[..0].into(),
                Value::String(_) => "0".into(),
                Value::Bool(_) => false.into(),
                Value::Array(_) => json!([]),
                number if number.is_f64() => json!(0.0),
                _ => json!(0),
            },
        })
    }
}
