//! Whatever values the server sends, a client that has watched a row from the start holds what a new client reads, apart
//! from fields that it reports as stale.

use std::collections::BTreeMap;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::{json, Value};

use crate::support::{next, soon};

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Pool {
    price: Option<i64>,
    state: State,
    extra: Option<State>,
    owners: BTreeMap<String, u64>,
    states: BTreeMap<String, State>,
    more: Option<BTreeMap<String, State>>,
    log: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct State {
    a: Option<u64>,
    b: Option<u64>,
    inner: Option<Inner>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Inner {
    open: Option<bool>,
    list: Vec<i8>,
}

/// Random values. Some do not fit their fields.
struct Values {
    random: u64,
    /// One of this many values does not fit. Zero: every value fits.
    bad: u64,
}

/// A member's name, and what makes its value.
type Member = (&'static str, fn(&mut Values) -> Value);

impl Values {
    fn below(&mut self, bound: u64) -> u64 {
        let random = self.random.wrapping_mul(6_364_136_223_846_793_005);
        self.random = random.wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn or_bad(&mut self, good: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.bad == 0 || self.below(self.bad) > 0 {
            return good(self);
        }
        match self.below(6) {
            0 => json!("bad"),
            1 => Value::Null,
            2 => json!(-999),
            3 => json!([1, "x"]),
            4 => json!({"other": "bad"}),
            _ => json!(true),
        }
    }

    fn number(&mut self) -> Value {
        self.or_bad(|values| json!(values.below(5)))
    }

    /// An object with about half of these members.
    fn object(&mut self, members: &[Member]) -> Value {
        self.or_bad(|values| {
            let mut object = json!({});
            for (name, member) in members {
                if values.below(2) == 0 {
                    object[*name] = member(values);
                }
            }
            object
        })
    }

    fn inner(&mut self) -> Value {
        self.object(&[
            ("open", |it| it.or_bad(|it| json!(it.below(2) == 0))),
            ("list", |it| it.or_bad(|it| json!([it.below(3)]))),
        ])
    }

    fn state(&mut self) -> Value {
        self.object(&[
            ("a", Self::number),
            ("b", Self::number),
            ("inner", Self::inner),
        ])
    }

    fn states(&mut self) -> Value {
        self.object(&[("x", Self::state), ("y", Self::state)])
    }

    fn pool(&mut self) -> Value {
        let bad = std::mem::take(&mut self.bad);
        let names = ["price", "state", "extra", "owners", "states", "more", "log"];
        let names: Vec<_> = names.into_iter().filter(|_| self.below(2) == 0).collect();
        self.bad = bad;
        let mut pool = json!({});
        for name in names {
            pool[name] = match name {
                "price" => self.number(),
                "state" | "extra" => self.state(),
                "owners" => self.object(&[("x", Self::number), ("y", Self::number)]),
                "log" => self.or_bad(|it| json!([it.number()])),
                _ => self.states(),
            };
        }
        pool
    }
}

/// The paths at which a long-lived client differs from a new one without saying so.
fn unreported(old: &HyperStack, new: &Pool) -> Vec<String> {
    let Some(row) = old.get_sync::<Pool>("p") else {
        return vec!["no row".to_owned()];
    };
    let stale = old.views::<PoolViews>().list().stale_fields("p");
    let within = |path: &str, of: &str| format!("{path}.").starts_with(&format!("{of}."));
    let mut paths = row.diff(new).changed_fields();
    paths.retain(|path| {
        let mut stale = stale.iter();
        !stale.any(|stale| within(path, stale) || within(stale, path))
    });
    paths
}

#[tokio::test]
async fn a_long_lived_client_reports_every_field_that_is_out_of_date() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        for seed in 0..60 {
            let random = seed * 7_919 + 3;
            let mut values = Values { random, bad: 0 };
            let server = TestServer::builder().protocol(protocol).entity("Pool");
            let server = server.start().await?;
            server.upsert("Pool", "p", values.pool());
            let connect = || {
                let builder = HyperStack::builder().url(server.url());
                builder.protocol(protocol).connect()
            };
            let old = connect().await?;
            let mut updates = old.watch::<Pool>();
            next(&mut updates).await;
            values.bad = 3 + seed % 8;
            for _ in 0..4 {
                let patch = values.pool();
                if values.below(3) == 0 {
                    server.append("Pool", "p", patch, &["log"]);
                } else {
                    server.patch("Pool", "p", patch);
                }
            }
            server.upsert("Pool", "end", json!({}));
            while next(&mut updates).await.key() != "end" {}
            let new = connect().await?;
            let new = soon(new.try_get::<Pool>("p")).await?.expect("the row");
            // A row that a patch cannot repair is fetched again.
            let converged = async {
                while !unreported(&old, &new).is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            let deadline = std::time::Duration::from_secs(20);
            if tokio::time::timeout(deadline, converged).await.is_err() {
                let paths = unreported(&old, &new);
                panic!(
                    "{protocol}, seed {seed}: {paths:?} of {:#}",
                    server.row("Pool", "p").unwrap_or_default()
                );
            }
        }
    }
    Ok(())
}
