//! How much stack a large entity takes. In a debug build, every move of a row takes the row's size on the stack.
//!
//! A stack overflow aborts the process. So this binary runs itself again: a child process runs one operation on
//! a stack of a given size, and succeeds if the stack is large enough.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::process::Command;
use std::thread;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::{json, Value};

use crate::support::soon;

#[derive(Debug, Clone, PartialEq, Leaf)]
struct Item {
    name: String,
    bids: [u64; 16],
    asks: [u64; 15],
}

/// An entity of 95 kB.
#[derive(Debug, Clone, PartialEq, Entity)]
struct Big {
    a: Option<[Item; 70]>,
    b: Option<[Item; 70]>,
    c: Option<[Item; 70]>,
    d: Option<[Item; 70]>,
    e: Option<[Item; 70]>,
}

fn items(number: u64) -> Value {
    let item = json!({"name": "", "bids": vec![number; 16], "asks": vec![number; 15]});
    json!(vec![item; 70])
}

fn big(number: u64) -> Value {
    let items = items(number);
    json!({"a": items, "b": items, "c": items, "d": items, "e": items})
}

/// What runs on the small stack.
type Operation = Box<dyn FnOnce() + Send>;

/// Prepares an operation of the derives, with values on the heap.
fn operation(name: &str) -> Operation {
    let patch = |number| Box::<BigPatch>::new(serde_json::from_value(big(number)).unwrap());
    let row = |number| Box::new(Big::try_from(*patch(number)).unwrap());
    match name {
        "clone" => {
            let row = row(1);
            Box::new(move || {
                black_box(&Big::clone(&row));
            })
        }
        "deserialize" => {
            let json = big(1).to_string();
            Box::new(move || {
                black_box(&serde_json::from_str::<BigPatch>(&json));
            })
        }
        "try_from" => {
            let patch = patch(1);
            Box::new(move || {
                black_box(&Big::try_from(*patch));
            })
        }
        "apply" => {
            let (mut row, patch) = (row(1), patch(2));
            Box::new(move || {
                black_box(&row.apply(*patch));
            })
        }
        "diff" => {
            let (row, later) = (row(1), row(2));
            Box::new(move || {
                black_box(&row.diff(&later));
            })
        }
        "then" => {
            let (first, second) = (patch(1), patch(2));
            Box::new(move || {
                black_box(&first.then(*second));
            })
        }
        "serialize" => {
            let patch = patch(1);
            Box::new(move || {
                black_box(&serde_json::to_string(&*patch));
            })
        }
        "changed_fields" => {
            let patch = patch(1);
            Box::new(move || {
                black_box(&patch.changed_fields());
            })
        }
        other => panic!("no operation {other}"),
    }
}

const OPERATIONS: [&str; 7] = [
    "deserialize",
    "try_from",
    "apply",
    "diff",
    "then",
    "serialize",
    "changed_fields",
];

type Reading = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Reads a row in one way. Each is a future of its own, because a future takes the stack of all its branches.
fn reading(name: &str, protocol: Protocol, server: TestServer, hs: HyperStack) -> Reading {
    /// Reads a stream until the row is deleted. The row changes after the first update: field `c` does not fit.
    macro_rules! read {
        ($updates:expr, $is_delete:expr) => {
            Box::pin(async move {
                let mut updates = $updates;
                let mut count = 0;
                while let Some(update) = updates.next().await {
                    count += 1;
                    match count {
                        1 => change(&server),
                        2 => delete(&server, protocol),
                        _ => {}
                    }
                    if $is_delete(&update) {
                        return;
                    }
                }
                panic!("the stream ended");
            })
        };
    }
    match name {
        "list" => Box::pin(async move {
            assert_eq!(hs.list::<Big>().await.len(), 1);
            drop(server);
        }),
        "get" => Box::pin(async move {
            let row = hs.get::<Big>("1").await;
            assert!(row.is_some());
            drop(server);
        }),
        "watch" => read!(hs.watch::<Big>(), Update::is_delete),
        "watch_rich" => read!(hs.watch_rich::<Big>(), RichUpdate::is_deleted),
        "shared" => read!(hs.watch::<Big>().shared(), Update::is_delete),
        "try_watch" => read!(hs.try_watch::<Big>(), |update: &Result<Update<Big>, _>| {
            matches!(update, Ok(update) if update.is_delete())
        }),
        "filter" => read!(
            hs.watch::<Big>().filter(|update| !update.key().is_empty()),
            Update::is_delete
        ),
        other => panic!("no reading {other}"),
    }
}

const READINGS: [&str; 7] = [
    "list",
    "get",
    "shared",
    "watch",
    "watch_rich",
    "try_watch",
    "filter",
];

/// Changes the row: field `c` does not fit, and is left out.
fn change(server: &TestServer) {
    server.patch("Big", "1", json!({"b": items(2), "c": 5, "d": null}));
}

fn delete(server: &TestServer, protocol: Protocol) {
    server.delete("Big", "1");
    if protocol == Protocol::V1 {
        // A v1 server does not report the deletion.
        let frame =
            json!({"mode": "list", "entity": "Big/list", "op": "delete", "key": "1", "data": null});
        server.send(frame);
    }
}

/// Connects a client to a server with one row, and reads that.
async fn read(name: &str, protocol: Protocol) {
    let server = TestServer::builder().protocol(protocol).entity("Big");
    let server = server.start().await.unwrap();
    server.upsert("Big", "1", big(1));
    let builder = HyperStack::builder().url(server.url());
    let hs = builder.protocol(protocol).connect().await.unwrap();
    reading(name, protocol, server, hs).await;
}

/// Runs the operation if this is a child process. Otherwise does nothing.
#[test]
fn child_process() {
    let variable = |name| std::env::var(name).ok();
    let Some(name) = variable("STACK_USE_OPERATION") else {
        return;
    };
    let bytes = variable("STACK_USE_BYTES").unwrap().parse().unwrap();
    let read_under = |name: &str, protocol| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.enable_all().thread_stack_size(bytes);
        let name = name.to_owned();
        let reading = Box::pin(async move { soon(read(&name, protocol)).await });
        let runtime = runtime.build().unwrap();
        runtime.block_on(runtime.spawn(reading)).unwrap();
    };
    match name.split_once("v2 ") {
        Some((_, name)) => read_under(name, Protocol::V2),
        None if READINGS.contains(&&*name) => read_under(&name, Protocol::V1),
        None => {
            let large = thread::Builder::new().stack_size(64 << 20);
            let operation = large.spawn(move || operation(&name)).unwrap();
            let small = thread::Builder::new().stack_size(bytes);
            let small = small.spawn(operation.join().unwrap()).unwrap();
            small.join().unwrap();
        }
    }
}

/// Whether an operation succeeds on a stack of this size.
fn fits(name: &str, bytes: usize) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "stack_use::child_process"]);
    child.env("STACK_USE_OPERATION", name);
    child.env("STACK_USE_BYTES", bytes.to_string());
    child.output().unwrap().status.success()
}

/// The smallest stack on which an operation succeeds, in bytes.
fn measure(name: &str) -> usize {
    const PAGE: usize = 4096;
    let (mut low, mut high) = (1, 2048);
    assert!(fits(name, high * PAGE), "{name} fails on a large stack");
    while low < high {
        let middle = (low + high) / 2;
        if fits(name, middle * PAGE) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low * PAGE
}

#[test]
fn an_operation_takes_at_most_three_times_the_stack_of_a_clone() {
    if cfg!(not(debug_assertions)) {
        return;
    }
    let most = 3 * measure("clone");
    for name in OPERATIONS.iter().chain(&["list", "get", "shared"]) {
        assert!(fits(name, most), "{name} takes more than {most} bytes");
    }
}

#[test]
fn a_large_entity_is_read_on_workers_of_two_mebibytes() {
    for name in READINGS {
        assert!(fits(name, 2 << 20), "{name}");
        assert!(fits(&format!("v2 {name}"), 2 << 20), "{name} under v2");
    }
}

/// `cargo test -p hyperstack-tests stack_use::table -- --ignored --nocapture`: the numbers in `derives.rs`.
#[test]
#[ignore = "prints how much stack each operation takes"]
fn table() {
    println!("an entity of {} bytes", size_of::<Big>());
    for name in ["clone"].iter().chain(&OPERATIONS).chain(&READINGS) {
        println!("{name:14} {:5} kB", measure(name) / 1000);
    }
}
