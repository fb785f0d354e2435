//! Infers a [`Stack`] from what a server sends, for users without a stack file.
//!
//! ```
//! use hyperstack_cli::infer::{generate, Observer};
//! use hyperstack_cli::rust::Options;
//!
//! let mut observer = Observer::new();
//! observer.server_message(
//!     r#"{"op":"snapshot","entity":"Game/list","data":[{"key":"7","data":{"id":{"game_id":7}}}]}"#,
//! );
//! let stack = observer.stack("Game");
//! assert_eq!(stack.entities[0].key.as_deref(), Some("id.game_id"));
//! assert!(!generate(&stack, &Options::new(&stack), "a recording").is_empty());
//! ```
//!
//! The types are those of the values that were seen:
//!
//! - An integer is a `u64`, or an `i64` if a value is negative or the field's name is that of a time, such as
//!   `created_at`. It has 128 bits only if a value needs them, and never
//!   fewer than 64, because later values may be greater. A v2 server sends wide integers as text: a field whose texts
//!   all are decimal integers is an integer, unless its name says that it is text, such as `name` or `address`.
//! - A field is nullable if null was seen. Any field may be missing.
//! - An object of a row is a section, which is merged field by field. Objects inside of it are structs, which are
//!   replaced as a whole, or maps if their keys look like data.
//! - A field whose values have several types, or only null or `[]` or `{}`, holds any JSON.
//! - The key is the field that equals the row's key in every row.

mod build;
mod entity;
mod kind;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::Stack;
use crate::rust::{self, File, Options, MARK, MARK_INFERRED};
use entity::EntitySeen;

/// Generates the files of an inferred stack. Their headers name the `source`, such as the recording.
#[must_use]
pub fn generate(stack: &Stack, options: &Options, source: &str) -> Vec<File> {
    let source: String = source.chars().filter(|c| !c.is_control()).collect();
    let mut files = rust::generate(stack, options);
    for file in &mut files {
        let text = file.text.replacen(MARK, MARK_INFERRED, 1);
        let comment = if text.starts_with('#') { "#" } else { "//" };
        let note = format!(
            "{comment} Inferred from {source}. A value of another type than those seen there does not decode.\n"
        );
        // The header has two lines.
        let end = text.match_indices('\n').nth(1).map_or(0, |(at, _)| at + 1);
        file.text = format!("{}{note}{}", &text[..end], &text[end..]);
    }
    files
}

/// Collects what a server sends, and infers the [`Stack`].
#[derive(Debug, Clone, Default)]
pub struct Observer {
    entities: BTreeMap<String, EntitySeen>,
    /// The views that the client limited with `take`.
    limited: BTreeSet<String>,
    /// Whether a message is of protocol v2.
    is_v2: bool,
    skipped: u64,
    /// The views to observe, or entity names for all of their views. Empty means all.
    only: Vec<String>,
}

impl Observer {
    /// Creates an observer of all views.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an observer of some views, such as `Game/latest`, or of all views of an entity, such as `Game`. An empty
    /// list means all views.
    #[must_use]
    pub fn of(views: &[String]) -> Self {
        Observer {
            only: views.to_vec(),
            ..Self::default()
        }
    }

    /// Returns how many rows and patches were skipped, because they are not JSON objects.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Observes a message of the client. Only subscriptions matter: their limits are not those of the view.
    pub fn client_message(&mut self, text: &str) {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return;
        };
        let query = match message.get("query") {
            Some(query) => query,
            None => &message,
        };
        if let (Some(view), Some(_)) = (query["view"].as_str(), query["take"].as_u64()) {
            self.limited.insert(view.to_owned());
        }
    }

    /// Observes a message of the server. Messages other than frames of a view are ignored.
    pub fn server_message(&mut self, text: &str) {
        let Ok(mut message) = serde_json::from_str::<Value>(text) else {
            return;
        };
        self.is_v2 |= message.get("protocolVersion").is_some();
        let op = message["op"].as_str().unwrap_or_default().to_owned();
        let view = match op.as_str() {
            "subscribed" => message["view"]
                .as_str()
                .or(message["query"]["view"].as_str()),
            _ => message["entity"].as_str(),
        };
        let Some((view, entity)) = view.and_then(|view| self.entity_of(view)) else {
            return;
        };
        let is_limited = self.limited.contains(&view);
        let seen = self.entities.entry(entity).or_default();
        let mut observed = |key: Option<&str>, data: &Value, append: Option<&[String]>| {
            let is_row = seen.observe(&view, key.unwrap_or_default(), data, append);
            self.skipped += u64::from(!is_row);
        };
        match op.as_str() {
            "subscribed" => {
                let take = message["query"]["take"].as_u64();
                let take = take.filter(|_| !is_limited);
                seen.subscribed(&view, &message["sort"], take);
            }
            "snapshot" => {
                for row in message["data"].as_array().into_iter().flatten() {
                    observed(row["key"].as_str(), &row["data"], None);
                }
            }
            "upsert" => observed(message["key"].as_str(), &message["data"], None),
            "patch" => {
                let append = message["append"].take();
                let append = append.as_array().into_iter().flatten();
                let append: Vec<_> = append
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                observed(message["key"].as_str(), &message["data"], Some(&append));
            }
            _ => {}
        }
    }

    /// Returns the view and its entity, if the view is observed.
    fn entity_of(&self, view: &str) -> Option<(String, String)> {
        let (entity, _) = view.split_once('/')?;
        if entity.is_empty() {
            return None;
        }
        let is_named = |name: &String| name == view || name == entity;
        let is_observed = self.only.is_empty() || self.only.iter().any(is_named);
        is_observed.then(|| (view.to_owned(), entity.to_owned()))
    }

    /// Returns the names of the entities with rows.
    pub fn entities(&self) -> impl Iterator<Item = &str> {
        let entities = self.entities.iter().filter(|(_, seen)| seen.has_rows());
        entities.map(|(name, _)| name.as_str())
    }

    /// Returns the names of the entities that the server knows, but sent no rows of. The stack lacks them.
    #[must_use]
    pub fn without_rows(&self) -> Vec<&str> {
        let entities = self.entities.iter().filter(|(_, seen)| !seen.has_rows());
        entities.map(|(name, _)| name.as_str()).collect()
    }

    /// Returns what was seen as a stack with this name.
    #[must_use]
    pub fn stack(&self, name: &str) -> Stack {
        let mut types = build::Types::new(self.is_v2);
        let entities = self.entities.iter().filter(|(_, seen)| seen.has_rows());
        let entities = entities
            .map(|(name, seen)| seen.entity(name, &mut types))
            .collect();
        build::stack(name, entities, types)
    }
}
