//! Updates with decode errors.

use std::collections::BTreeMap;

use super::*;
use crate::wire::Row;

#[derive(Debug, Clone, PartialEq, crate::Entity)]
struct Pool {
    name: String,
    price: f64,
    volume: Option<u64>,
    state: State,
    extra: Option<State>,
    owners: BTreeMap<u32, State>,
    phase: Option<Phase>,
    log: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Default, crate::Section)]
struct State {
    a: u32,
    b: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, crate::Leaf)]
struct Phase {
    n: u32,
    text: Option<String>,
}

/// A source of pools.
struct Pools {
    caches: Caches,
    source: SourceId,
    cache: Arc<Cache<Pool>>,
}

const POOL: &str = r#"{"name":"p","price":1.0,"volume":1,"state":{"a":1,"b":1},"owners":{"1":{"a":1,"b":1}},"phase":{"n":1,"text":"x"},"log":[1]}"#;

impl Pools {
    fn new(protocol: Protocol) -> Self {
        let mut caches = Caches::new(None);
        let source = SourceId::from_index(0);
        let view: Arc<str> = "Pool/list".into();
        let (cache, _) = caches.get_or_insert::<Pool>(source, &view);
        let mut pools = Pools {
            caches,
            source,
            cache,
        };
        pools.step(Step::Begin {
            target: Target::All,
            window: Window::default(),
            sort: None,
            resync: false,
            protocol,
            whole_entities: protocol == Protocol::V2,
            positions: true,
            rolls_back: false,
            limits_rows: true,
        });
        pools
    }

    /// A source with [`POOL`] under the key "p".
    fn with_pool(protocol: Protocol) -> Self {
        let mut pools = Pools::new(protocol);
        assert_eq!(pools.upsert(POOL), [""; 0]);
        pools
    }

    fn step(&mut self, step: Step<'_>) {
        let source = Some(self.source);
        self.caches.apply(&Instruction { source, step });
    }

    /// Returns the paths of decode errors.
    fn errors(&mut self) -> Vec<String> {
        let errors = std::mem::take(&mut self.caches.report().row_errors);
        errors.iter().map(|error| error.path().to_owned()).collect()
    }

    fn upsert(&mut self, data: &str) -> Vec<String> {
        let key = "p".into();
        self.step(Step::Upsert(Row { key, data }));
        self.errors()
    }

    fn snapshot(&mut self, data: &str) -> Vec<String> {
        let key = "p".into();
        self.step(Step::Snapshot {
            rows: vec![Row { key, data }],
            malformed: Vec::new(),
            restarts: false,
        });
        self.errors()
    }

    fn patch(&mut self, data: &str) -> Vec<String> {
        self.append(data, &[])
    }

    fn append(&mut self, data: &str, paths: &[&'static str]) -> Vec<String> {
        let key = "p".into();
        self.step(Step::Patch {
            row: Row { key, data },
            append: paths.iter().map(|path| (*path).into()).collect(),
            seq: None,
        });
        self.errors()
    }

    fn pool(&self) -> Pool {
        (*self.cache.get("p").expect("a pool")).clone()
    }

    fn stale(&self) -> Vec<String> {
        self.cache.stale_fields("p")
    }

    fn needs_fetch(&mut self) -> bool {
        self.caches.poll_fetch() == Some(self.source)
    }
}

fn both(test: impl Fn(Pools)) {
    for protocol in [Protocol::V1, Protocol::V2] {
        test(Pools::with_pool(protocol));
    }
}

#[test]
fn a_bad_field_keeps_its_value_and_the_rest_applies() {
    both(|mut pools| {
        assert_eq!(pools.patch(r#"{"price":5.0,"volume":-1}"#), ["volume"]);
        assert_eq!((pools.pool().price, pools.pool().volume), (5.0, Some(1)));
        assert_eq!(pools.stale(), ["volume"]);
        assert_eq!(pools.patch(r#"{"name":"q"}"#), [""; 0]);
        assert_eq!(pools.stale(), ["volume"]);
        assert_eq!(pools.patch(r#"{"volume":9}"#), [""; 0]);
        assert_eq!((pools.pool().price, pools.pool().volume), (5.0, Some(9)));
        assert_eq!(pools.stale(), [""; 0]);
        assert!(!pools.needs_fetch());
    });
}

#[test]
fn a_null_that_is_not_allowed_is_a_bad_field() {
    both(|mut pools| {
        let errors =
            pools.patch(r#"{"price":null,"name":"q","state":{"a":null,"b":2},"extra":null}"#);
        assert_eq!(errors, ["price", "state.a"]);
        let pool = pools.pool();
        assert_eq!((pool.price, pool.name.as_str()), (1.0, "q"));
        assert_eq!((pool.state.a, pool.state.b), (1, Some(2)));
        assert_eq!(pools.stale(), ["price", "state.a"]);
    });
}

#[test]
fn the_unit_is_a_field_of_a_section_or_an_entry_of_a_map() {
    both(|mut pools| {
        assert_eq!(pools.patch(r#"{"state":{"a":"x","b":2}}"#), ["state.a"]);
        assert_eq!((pools.pool().state.a, pools.pool().state.b), (1, Some(2)));
        // A section that is not an object is bad as a whole.
        assert_eq!(pools.patch(r#"{"state":7,"price":2.0}"#), ["state"]);
        assert_eq!((pools.pool().state.b, pools.pool().price), (Some(2), 2.0));

        let owners =
            r#"{"owners":{"1":{"a":-1,"b":3},"2":{"a":2},"three":{"a":3},"4":{"a":-4,"b":4}}}"#;
        let errors = pools.patch(owners);
        assert_eq!(errors, ["owners.4.a", "owners.1.a", "owners.three"]);
        let state = |a, b| State { a, b };
        let expected = [(1, state(1, Some(3))), (2, state(2, None))];
        assert_eq!(pools.pool().owners, expected.into());
        // A new entry with a bad field is not shown.
        assert!(pools.stale().contains(&"owners.4".to_owned()));
        assert_eq!(pools.patch(r#"{"owners":{"4":{"a":4,"b":4}}}"#), [""; 0]);
        assert_eq!(pools.pool().owners[&4], state(4, Some(4)));
        assert!(!pools.stale().contains(&"owners.4".to_owned()));
    });
}

#[test]
fn a_stale_field_stays_stale_until_it_is_set() {
    both(|mut pools| {
        assert_eq!(pools.patch(r#"{"state":{"a":"x"}}"#), ["state.a"]);
        assert_eq!(pools.patch(r#"{"state":{}}"#), [""; 0]);
        assert_eq!(pools.patch(r#"{"state":{"b":"x"}}"#), ["state.b"]);
        assert_eq!(pools.stale(), ["state.a", "state.b"]);
        assert_eq!(pools.patch(r#"{"state":{"b":2}}"#), [""; 0]);
        assert_eq!(pools.stale(), ["state.a"]);
        assert_eq!(pools.patch(r#"{"state":{"a":2}}"#), [""; 0]);
        assert_eq!(pools.stale(), [""; 0]);

        assert_eq!(pools.patch(r#"{"owners":{"1":{"a":"x"}}}"#), ["owners.1.a"]);
        assert_eq!(pools.patch(r#"{"owners":{}}"#), [""; 0]);
        assert_eq!(pools.patch(r#"{"owners":{"1":{}}}"#), [""; 0]);
        assert_eq!(pools.patch(r#"{"owners":{"2":7}}"#), ["owners.2"]);
        assert_eq!(pools.stale(), ["owners.1.a", "owners.2"]);
        assert_eq!(pools.patch(r#"{"owners":{"1":null,"2":null}}"#), [""; 0]);
        assert_eq!(pools.stale(), [""; 0]);
        assert!(!pools.needs_fetch());
    });
}

#[test]
fn a_part_of_a_stale_section_or_map_does_not_make_it_fresh() {
    for (bad, part, path) in [
        (r#"{"state":7}"#, r#"{"state":{"b":2}}"#, "state"),
        (r#"{"extra":7}"#, r#"{"extra":{"a":2}}"#, "extra"),
        (
            r#"{"owners":null}"#,
            r#"{"owners":{"2":{"a":2}}}"#,
            "owners",
        ),
    ] {
        both(|mut pools| {
            assert_eq!(pools.patch(bad), [path]);
            assert!(!pools.needs_fetch());
            assert_eq!(pools.patch(part), [""; 0]);
            assert_eq!(pools.stale(), [path]);
            assert!(pools.needs_fetch());
            assert_eq!(pools.snapshot(POOL), [""; 0]);
            assert_eq!(pools.stale(), [""; 0]);
        });
    }
}

#[test]
fn a_section_that_is_replaced_is_fresh() {
    for (bad, whole) in [
        (r#"{"state":7}"#, r#"{"state":{"a":3,"b":3}}"#),
        (r#"{"extra":7}"#, r#"{"extra":null}"#),
    ] {
        both(|mut pools| {
            assert_eq!(pools.patch(bad).len(), 1);
            assert_eq!(pools.patch(whole), [""; 0]);
            assert_eq!(pools.stale(), [""; 0]);
            assert!(!pools.needs_fetch());
        });
    }
}

#[test]
fn a_leaf_and_a_list_are_one_unit() {
    both(|mut pools| {
        let errors = pools.patch(r#"{"phase":{"n":2,"text":5},"log":[2,"x"],"price":2.0}"#);
        assert_eq!(errors, ["phase.text", "log[1]"]);
        let pool = pools.pool();
        let phase = Phase {
            n: 1,
            text: Some("x".into()),
        };
        assert_eq!(
            (pool.phase, pool.log, pool.price),
            (Some(phase), vec![1], 2.0)
        );
        assert_eq!(pools.stale(), ["phase", "log"]);
    });
}

#[test]
fn a_list_that_lacks_elements_is_fetched_again() {
    both(|mut pools| {
        assert_eq!(
            pools.append(r#"{"log":["x"],"price":2.0}"#, &["log"]),
            ["log[0]"]
        );
        assert_eq!((pools.pool().log, pools.pool().price), (vec![1], 2.0));
        assert!(pools.needs_fetch());
        // What follows the missing element is not shown in its place.
        assert_eq!(
            pools.append(r#"{"log":[3],"price":3.0}"#, &["log"]),
            [""; 0]
        );
        assert_eq!((pools.pool().log, pools.pool().price), (vec![1], 3.0));
        assert_eq!(pools.stale(), ["log"]);
        let fetched = POOL.replace("\"log\":[1]", "\"log\":[1,2,3]");
        assert_eq!(pools.snapshot(&fetched), [""; 0]);
        assert_eq!((pools.pool().log, pools.stale()), (vec![1, 2, 3], vec![]));
        assert_eq!(pools.append(r#"{"log":[4]}"#, &["log"]), [""; 0]);
        assert_eq!(pools.pool().log, [1, 2, 3, 4]);
    });
}

#[test]
fn a_section_that_starts_with_a_part_is_fetched_again() {
    both(|mut pools| {
        let errors = pools.patch(r#"{"extra":{"b":5},"price":2.0}"#);
        assert_eq!(
            (errors, pools.pool().price),
            (vec!["extra.a".to_owned()], 2.0)
        );
        assert_eq!(pools.pool().extra, None);
        assert!(pools.needs_fetch());
    });
}

#[test]
fn a_whole_row_keeps_the_values_that_it_does_not_bring() {
    both(|mut pools| {
        let bad = POOL
            .replace("\"volume\":1", "\"volume\":-1")
            .replace("\"price\":1.0", "\"price\":4.0")
            .replace("\"a\":1,\"b\":1}}", "\"a\":-1,\"b\":7}}");
        for put in [Pools::upsert, Pools::snapshot] {
            assert_eq!(put(&mut pools, &bad), ["volume", "owners.1.a"]);
            let pool = pools.pool();
            assert_eq!((pool.price, pool.volume), (4.0, Some(1)));
            assert_eq!((pool.owners[&1].a, pool.owners[&1].b), (1, Some(7)));
            assert_eq!(pools.stale(), ["volume", "owners.1.a"]);
        }
        // A section that was null begins, without what does not fit.
        assert_eq!(pools.upsert(POOL), [""; 0]);
        let begins = POOL.replace("\"name\"", r#""extra":{"a":2,"b":"x"},"name""#);
        assert_eq!(pools.upsert(&begins), ["extra.b"]);
        assert_eq!(pools.pool().extra, Some(State { a: 2, b: None }));
        assert_eq!(pools.patch(r#"{"price":4.0}"#), [""; 0]);
        // Without a required field, a whole row replaces nothing.
        let without_name = POOL.replace("\"name\":\"p\",", "");
        assert_eq!(pools.upsert(&without_name), ["name"]);
        assert_eq!((pools.pool().name.as_str(), pools.pool().price), ("p", 4.0));
        let all = [
            "name", "price", "volume", "state", "extra", "owners", "phase", "log",
        ];
        assert_eq!(pools.stale(), all);
        assert_eq!(pools.patch(r#"{"price":5.0,"state":{"a":2}}"#), [""; 0]);
        assert_eq!(pools.append(r#"{"log":[2]}"#, &["log"]), [""; 0]);
        assert_eq!(pools.pool().log, [1, 2]);
        let rest: Vec<_> = all.into_iter().filter(|path| *path != "price").collect();
        assert_eq!(pools.stale(), rest);
        assert!(!pools.needs_fetch());
        assert_eq!(pools.upsert(POOL), [""; 0]);
        assert_eq!((pools.pool().price, pools.stale()), (1.0, vec![]));
    });
}

#[test]
fn a_new_row_is_shown_when_its_required_fields_decode() {
    for protocol in [Protocol::V1, Protocol::V2] {
        for put in [Pools::upsert, Pools::snapshot] {
            let mut pools = Pools::new(protocol);
            let bad = POOL.replace("\"price\":1.0", "\"price\":\"dear\"");
            assert_eq!(put(&mut pools, &bad), ["price"]);
            assert_eq!(pools.cache.get("p"), None);
            assert_eq!(pools.patch(r#"{"price":2.0}"#), [""; 0]);
            assert_eq!((pools.pool().price, pools.pool().volume), (2.0, Some(1)));
            assert_eq!(pools.stale(), [""; 0]);

            let mut pools = Pools::new(protocol);
            let bad = POOL.replace("\"volume\":1", "\"volume\":-1");
            assert_eq!(put(&mut pools, &bad), ["volume"]);
            assert_eq!((pools.pool().price, pools.pool().volume), (1.0, None));
            assert_eq!(pools.stale(), ["volume"]);

            // A map entry is left out, a section that the row needs is awaited.
            let mut pools = Pools::new(protocol);
            let bad = POOL.replace("\"1\":{\"a\":1", "\"1\":{\"a\":-1");
            assert_eq!(put(&mut pools, &bad), ["owners.1.a"]);
            assert_eq!(pools.pool().owners, BTreeMap::new());
            let mut pools = Pools::new(protocol);
            let bad = POOL.replace("\"state\":{\"a\":1", "\"state\":{\"a\":-1");
            assert_eq!(put(&mut pools, &bad), ["state.a"]);
            assert_eq!(pools.cache.get("p"), None);
            assert_eq!(pools.patch(r#"{"state":{"a":2}}"#), [""; 0]);
            assert_eq!((pools.pool().state.a, pools.pool().state.b), (2, Some(1)));
        }
    }
}

#[test]
fn an_update_that_is_not_an_object_is_rejected() {
    both(|mut pools| {
        for data in ["7", "[1]", r#"{"price":2.0,"#] {
            assert_eq!(pools.patch(data).len(), 1, "{data}");
            assert_eq!(pools.pool().price, 1.0);
        }
    });
}

fn source_of<T: crate::patch::Record>() -> (Caches, Arc<Cache<T>>) {
    let mut caches = Caches::new(None);
    let source = SourceId::from_index(0);
    let (cache, _) = caches.get_or_insert::<T>(source, &"Some/list".into());
    caches.apply(&Instruction {
        source: Some(source),
        step: begin(Target::All, Window::default(), None),
    });
    (caches, cache)
}

/// Puts row "p", as a whole row or as a patch.
fn put(caches: &mut Caches, is_whole: bool, data: &str) {
    let row = Row {
        key: "p".into(),
        data,
    };
    let step = if is_whole {
        Step::Upsert(row)
    } else {
        Step::Patch {
            row,
            append: Vec::new(),
            seq: None,
        }
    };
    let source = Some(SourceId::from_index(0));
    caches.apply(&Instruction { source, step });
}

#[derive(Debug, Clone, PartialEq, crate::Entity)]
struct Priced {
    name: String,
    #[field(alias = "cost")]
    price: Option<u64>,
}

#[test]
fn a_field_is_the_same_under_its_alias() {
    let (mut caches, cache) = source_of::<Priced>();
    let price = || cache.get("p").and_then(|row| row.price);
    put(&mut caches, true, r#"{"name":"p","cost":1}"#);
    put(&mut caches, false, r#"{"cost":"x"}"#);
    assert_eq!(
        (price(), cache.stale_fields("p")),
        (Some(1), vec!["price".to_owned()])
    );
    put(&mut caches, false, r#"{"cost":2}"#);
    assert_eq!((price(), cache.stale_fields("p")), (Some(2), vec![]));
    put(&mut caches, true, r#"{"name":"p","cost":"x"}"#);
    assert_eq!(
        (price(), cache.stale_fields("p")),
        (Some(2), vec!["price".to_owned()])
    );
}

#[derive(Debug, Clone, PartialEq, crate::Entity)]
struct Forest {
    tree: Option<Tree>,
}

#[derive(Debug, Clone, PartialEq, crate::Section)]
struct Tree {
    next: Option<Box<Self>>,
}

#[test]
fn an_update_that_is_nested_too_deeply_is_an_error() {
    let (mut caches, _cache) = source_of::<Forest>();
    let (open, close) = (r#"{"next":"#.repeat(20_000), "}".repeat(20_000));
    let deep = format!(r#"{{"tree":{open}null{close}}}"#);
    put(&mut caches, true, &deep);
    assert_eq!(caches.report().row_errors.len(), 1);
}

#[test]
fn a_reader_from_another_source_gets_errors_of_its_row() {
    let (mut caches, cache) = source_of::<Coin>();
    let queue = Arc::new(queue());
    let row = Arc::new(Coin {
        name: "p".into(),
        price: None,
        log: Vec::new(),
    });
    let rows = [("p".into(), row)].into();
    let selection = Selection::Key("p".into());
    cache.receive(selection, queue.clone(), rows, &mut Vec::new());
    put(&mut caches, true, r#"{"name":"p","price":"x"}"#);
    let mut context = Context::from_waker(Waker::noop());
    let next = queue.poll_next(&mut context);
    assert!(
        matches!(&next, Poll::Ready(Next::Error(error))
            if matches!(&**error, StreamError::Row(error) if error.path() == "price")),
        "{next:?}"
    );
}
