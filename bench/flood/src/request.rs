//! The client's messages.

use crate::inbox::Job;
use crate::view::Part;
use serde::Deserialize;
use serde_json::Value;

/// A subscription of a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// The client's choice (v2), or nothing (v1).
    pub id: String,
    pub part: Part,
    /// The query as the client sent it (v2).
    pub query: Value,
    /// Whether the server sends the rows first.
    pub snapshot: bool,
}

/// A message of either generation. Only those of v2 have a `subscription_id`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    r#type: String,
    subscription_id: Option<String>,
    #[serde(default)]
    query: Value,
    snapshot: Option<Snapshot>,
    view: Option<String>,
    key: Option<String>,
    with_snapshot: Option<bool>,
}

#[derive(Deserialize)]
struct Snapshot {
    enabled: bool,
}

#[derive(Deserialize)]
struct Query {
    view: String,
    key: Option<String>,
    skip: Option<usize>,
    take: Option<usize>,
}

/// Returns what a message asks for. Other messages need no answer.
pub fn job(text: &str) -> Option<Job> {
    let request: Request = serde_json::from_str(text).ok()?;
    match request.r#type.as_str() {
        "subscribe" => Some(Job::Subscribe(request.subscription()?)),
        "unsubscribe" => Some(Job::Unsubscribe(request.subscription_id?)),
        _ => None,
    }
}

impl Request {
    fn subscription(self) -> Option<Subscription> {
        Some(match self.subscription_id {
            Some(id) => Subscription {
                id,
                part: Query::deserialize(&self.query).ok()?.part(),
                query: self.query,
                snapshot: self.snapshot.is_none_or(|snapshot| snapshot.enabled),
            },
            None => Subscription {
                id: String::new(),
                part: Query {
                    view: self.view?,
                    key: self.key,
                    skip: None,
                    take: None,
                }
                .part(),
                query: Value::Null,
                snapshot: self.with_snapshot.unwrap_or(true),
            },
        })
    }
}

impl Query {
    fn part(self) -> Part {
        match (self.view.rsplit('/').next(), self.key) {
            (Some("append"), _) => Part::Tape,
            (Some("latest"), _) => Part::Window {
                skip: self.skip.unwrap_or(0),
                take: self.take.unwrap_or(usize::MAX),
            },
            (_, Some(key)) => Part::Key(key),
            (_, None) => Part::List,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyperstack_sdk::wire;

    fn part_of(text: &str) -> Part {
        match job(text) {
            Some(Job::Subscribe(subscription)) => subscription.part,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_requests_of_both_generations_are_read() {
        let v1 = r#"{"type":"subscribe","view":"Round/list","key":"7","withSnapshot":false}"#;
        let Some(Job::Subscribe(subscription)) = job(v1) else {
            panic!("no subscription");
        };
        assert_eq!(subscription.part, Part::Key("7".to_owned()));
        assert!(!subscription.snapshot && subscription.id.is_empty());

        let request = |query| wire::Request::Query {
            id: "17".to_owned(),
            query,
            snapshot: true,
        };
        let mut query = wire::Query::default();
        query.view = "Round/latest".to_owned();
        (query.skip, query.take) = (Some(20), Some(10));
        let v2 = request(query.clone()).to_json();
        let Some(Job::Subscribe(subscription)) = job(&v2) else {
            panic!("no subscription");
        };
        assert_eq!(subscription.part, Part::Window { skip: 20, take: 10 });
        assert!(subscription.snapshot && subscription.id == "17");
        assert_eq!(subscription.query["take"], 10);

        query.view = "Round/append".to_owned();
        assert_eq!(part_of(&request(query).to_json()), Part::Tape);
        let end = wire::Request::EndQuery {
            id: "17".to_owned(),
        };
        assert_eq!(job(&end.to_json()), Some(Job::Unsubscribe("17".to_owned())));
        assert_eq!(job(r#"{"type":"ping"}"#), None);
    }
}
