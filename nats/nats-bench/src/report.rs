//! The results in Markdown.

use crate::measure::{Results, MANY};
use crate::Result;

pub(crate) fn markdown(results: &Results) -> Result<String> {
    let machine = sections::machine()?;
    let Results {
        rows,
        copy,
        start,
        row_bytes,
        one,
        many,
        tape,
        record_bytes,
        p50,
        p99,
        subscriptions,
    } = results;
    let deliveries = many * MANY as f64;
    Ok(format!(
        "## NATS\n\n\
         Measured with `cargo run --release -p nats-bench -- --write`, run in `nats`, with {machine},\n\
         which the server, the bridge, nats-server 2.9.10 (files, one replica) and the clients share. Rows are\n\
         ORE rounds of 36 fields; changes set three of them. The server sends a change when fewer than 512 are on their\n\
         way to a reader, so none is conflated.\n\n\
         | what | found |\n|---|---|\n\
         | a bridge copies {rows} rows into an empty bucket | {copy:.0} rows a second |\n\
         | a client starts and reads {rows} rows | {start:.0} rows a second |\n\
         | changes, from the server to one client | {one:.0} a second |\n\
         | changes, from the server to {MANY} clients | {many:.0} a second, {deliveries:.0} deliveries |\n\
         | records of a tape, from the server to one client | {tape:.0} a second |\n\
         | latency of a change at 1,000 a second | p50 {p50:.2} ms, p99 {p99:.2} ms |\n\
         | a row in the bucket | {row_bytes:.0} bytes |\n\
         | a record in the stream | {record_bytes:.0} bytes |\n\
         | subscriptions at the server, for a list, a tape and all clients | {subscriptions} |\n"
    ))
}
