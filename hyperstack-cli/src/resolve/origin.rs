//! Describes in sentences where a field comes from.

use std::collections::HashMap;

use serde_json::Value;

use super::field::Source;
use super::source::{Kind, SourceName};
use crate::model::Type;
use crate::names;
use crate::spec;

/// The origins of fields that no handler fills.
pub(super) struct Origins<'s> {
    computed: HashMap<&'s str, String>,
    resolved: HashMap<&'s str, String>,
}

impl<'s> Origins<'s> {
    pub(super) fn new(spec: &'s spec::Entity) -> Self {
        let computed = spec.computed_field_specs.iter();
        let resolved = spec.resolver_specs.iter().flat_map(|resolver| {
            let targets = resolver.extracts.iter();
            targets.map(|extract| (&*extract.target_path, from_resolver(resolver)))
        });
        Origins {
            computed: computed
                .map(|computed| (&*computed.target_path, from_fields(&computed.expression)))
                .collect(),
            resolved: resolved.collect(),
        }
    }

    /// Returns whether the server computes the field from others.
    pub(super) fn computes(&self, path: &str) -> bool {
        self.computed.contains_key(path)
    }

    /// Returns a sentence for each way in which the field is filled.
    pub(super) fn of(&self, path: &str, ty: &Type, sources: &[Source<'_>]) -> Vec<String> {
        let computed = self.computed.get(path).cloned();
        let resolved = self.resolved.get(path).cloned();
        // Sources that fill the field in the same way share a sentence.
        let mut ways: Vec<(Way<'_>, Vec<(&str, String)>)> = Vec::new();
        for source in sources {
            let (way, named) = (Way::of(source, ty), source_name(source.from));
            match ways.iter_mut().find(|known| known.0 == way) {
                Some((_, names)) if !names.contains(&named) => names.push(named),
                Some(_) => {}
                None => ways.push((way, vec![named])),
            }
        }
        let mapped = ways.iter().map(|(way, names)| way.sentence(&all(names)));
        computed.into_iter().chain(resolved).chain(mapped).collect()
    }
}

/// How a field is filled from a source.
#[derive(PartialEq)]
struct Way<'s> {
    population: &'s str,
    whole: Option<Whole>,
    what: String,
    encoded: &'static str,
}

/// What a field takes as a whole.
#[derive(PartialEq)]
enum Whole {
    Account,
    Event,
    /// A constant that marks that the source was seen.
    Constant,
}

impl<'s> Way<'s> {
    fn of(source: &Source<'s>, ty: &Type) -> Self {
        let from = source.is("FromSource");
        let path = source.path();
        Way {
            population: source.mapping.population,
            whole: match (source.is("AsCapture"), source.is("AsEvent")) {
                (Some(_), _) => Some(Whole::Account),
                (None, Some(_)) => Some(Whole::Event),
                (None, None) => source.is("Constant").map(|_| Whole::Constant),
            },
            what: match path.as_deref() {
                _ if source.context() == Some("timestamp") => "the time".to_owned(),
                _ if source.context() == Some("slot") => "the slot".to_owned(),
                _ if source.context() == Some("signature") => "the signature".to_owned(),
                Some(["__account_address"]) => "the address".to_owned(),
                Some(path) if !path.is_empty() => format!("`{}`", path.join(".")),
                _ if source.is("Constant").is_some() => {
                    let constant = source.is("Constant").map(Value::to_string);
                    format!("`{}`", constant.unwrap_or_default().replace('`', ""))
                }
                _ => "the value".to_owned(),
            },
            encoded: match from.and_then(|from| from["transform"].as_str()) {
                Some("HexEncode") => ", in hex",
                Some("Base58Encode") => ", in base58",
                Some("ToString") => ", as text",
                // A text or a float may be another form of the time.
                _ if source.context() == Some("timestamp") && matches!(ty, Type::Int(_)) => {
                    ", in Unix seconds"
                }
                _ => "",
            },
        }
    }

    /// Returns the sentence. `of` is, for example, "instruction `buy`".
    fn sentence(&self, of: &str) -> String {
        let Way { what, encoded, .. } = self;
        let sentence = match (&self.whole, self.population) {
            (Some(Whole::Account), _) => format!("the whole {of}"),
            (Some(Whole::Constant), _) => format!("{what} after the {of}"),
            (Some(Whole::Event), "Append") => format!("each {of}"),
            (Some(Whole::Event), "SetOnce") => format!("the first {of}"),
            (Some(Whole::Event), _) => format!("the last {of}"),
            (None, "Sum") => format!("the sum of {what} of the {of}"),
            (None, "Count") => format!("the number of occurrences of the {of}"),
            (None, "UniqueCount") => {
                format!("the number of distinct values of {what} of the {of}")
            }
            (None, "Max") => format!("the maximum of {what} of the {of}"),
            (None, "Min") => format!("the minimum of {what} of the {of}"),
            (None, "Append") => format!("each {what} of the {of}{encoded}"),
            (None, "SetOnce") => format!("{what} of the {of}, set once{encoded}"),
            (None, _) => format!("{what} of the {of}{encoded}"),
        };
        capitalised(&sentence) + "."
    }
}

/// Returns the kind of a source and its name: `ore::RoundState` is the account `ore::Round`.
fn source_name(from: &str) -> (&'static str, String) {
    let source = SourceName::parse(from);
    let name = match source.kind {
        Kind::Instruction => names::snake(source.name),
        _ => source.name.to_owned(),
    };
    let whole = match source.program {
        "" => format!("`{name}`"),
        program => format!("`{program}::{name}`"),
    };
    (source.kind.word(), whole)
}

/// Lists sources: "instructions `buy` and `sell`".
fn all(sources: &[(&str, String)]) -> String {
    let mut kinds: Vec<(&str, Vec<String>)> = Vec::new();
    for (kind, name) in sources {
        match kinds.iter_mut().find(|known| known.0 == *kind) {
            Some((_, names)) => names.push(name.clone()),
            None => kinds.push((kind, vec![name.clone()])),
        }
    }
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, names)| {
            let plural = if names.len() > 1 { "s" } else { "" };
            format!("{kind}{plural} {}", listed(names))
        })
        .collect();
    kinds.join(" and the ")
}

fn from_resolver(resolver: &spec::Resolver) -> String {
    let input = match (&resolver.input_path, &resolver.input_value) {
        (Some(path), _) => format!(" for `{path}`"),
        (None, Some(Value::String(value))) => format!(" for `{value}`"),
        (None, Some(value)) => format!(" for `{value}`"),
        (None, None) => String::new(),
    };
    match resolver.resolver.as_str() {
        Some("token") => format!("The token metadata{input}, from a resolver."),
        Some(name) => format!("The result of the resolver `{name}`{input}."),
        None => match url(&resolver.resolver["url"]) {
            Some(url) => format!("From the JSON at `{url}`."),
            None => "From a resolver.".to_owned(),
        },
    }
}

/// Returns the URL that a resolver requests, with field names as placeholders.
fn url(url: &Value) -> Option<String> {
    // The first files of this kind have `url_path`.
    let source = &url["url_source"];
    if let Some(path) = source["FieldPath"]
        .as_str()
        .or_else(|| url["url_path"].as_str())
    {
        return Some(format!("{{{path}}}"));
    }
    let parts = source["Template"].as_array()?;
    let mut address = String::new();
    for part in parts {
        match (part["Literal"].as_str(), part["FieldRef"].as_str()) {
            (Some(literal), _) => address.push_str(literal),
            (None, Some(field)) => address.push_str(&format!("{{{field}}}")),
            (None, None) => return None,
        }
    }
    Some(address)
}

fn from_fields(expression: &Value) -> String {
    let mut fields = Vec::new();
    collect(expression, &mut fields);
    if fields.is_empty() {
        "Computed by the server.".to_owned()
    } else {
        format!("Computed by the server, from {}.", listed(&fields))
    }
}

/// Collects the fields that an expression reads, in its order.
fn collect(expression: &Value, fields: &mut Vec<String>) {
    match expression {
        Value::Object(object) => {
            if let Some(path) = object
                .get("FieldRef")
                .and_then(|field| field["path"].as_str())
            {
                let field = format!("`{path}`");
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
            object.values().for_each(|value| collect(value, fields));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, fields)),
        _ => {}
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [names @ .., last] if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        names => names.concat(),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
