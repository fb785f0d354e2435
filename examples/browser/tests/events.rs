//! What a browser receives.

use std::collections::BTreeMap;

use hyperstack_browser_example::router;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::HyperStack;
use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const ENTITY: &str = "PumpfunToken";

fn row(name: &str, price: f64) -> Value {
    json!({
        "info": {"name": name, "symbol": null},
        "trading": {"last_trade_price": price, "total_trades": 0, "total_volume": 1},
    })
}

/// Returns the server's rows, with the fields that the page shows.
fn rows(server: &TestServer) -> BTreeMap<String, Value> {
    let rows = server.rows(ENTITY).into_iter();
    rows.map(|(key, row)| (key, json!({"info": row["info"], "trading": row["trading"]})))
        .collect()
}

/// Starts the web service of a server, and returns its address.
async fn serve(server: &TestServer) -> Result<String> {
    let hs = HyperStack::connect(server.url()).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, router(hs)).await });
    Ok(address)
}

/// Sends a request in HTTP/1.0, whose response ends with the connection and has no chunks.
async fn get(address: &str, path: &str) -> Result<BufReader<TcpStream>> {
    let mut socket = TcpStream::connect(address).await?;
    socket
        .write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())
        .await?;
    Ok(BufReader::new(socket))
}

/// Builds the rows from the events, as the page does.
struct Browser {
    lines: Lines<BufReader<TcpStream>>,
    rows: BTreeMap<String, Value>,
    /// The events of the connection's state.
    states: Vec<Value>,
}

impl Browser {
    async fn open(address: &str) -> Result<Browser> {
        let mut lines = get(address, "/events").await?.lines();
        assert_eq!(lines.next_line().await?.as_deref(), Some("HTTP/1.0 200 OK"));
        Ok(Browser {
            lines,
            rows: BTreeMap::new(),
            states: Vec::new(),
        })
    }

    /// Reads events until the row `key` arrives.
    async fn read_until(&mut self, key: &str) -> Result {
        let mut event = String::new();
        while !self.rows.contains_key(key) {
            let line = self.lines.next_line().await?.ok_or("the response ended")?;
            if let Some(name) = line.strip_prefix("event: ") {
                event = name.to_owned();
            }
            let Some(data) = line.strip_prefix("data: ") else {
                continue;
            };
            let data = serde_json::from_str(data)?;
            match event.as_str() {
                "change" => self.apply(data)?,
                _ => self.states.push(data),
            }
        }
        Ok(())
    }

    fn apply(&mut self, mut change: Value) -> Result {
        let key = change["key"].as_str().ok_or("no key")?.to_owned();
        match change["op"].as_str() {
            Some("added") => assert!(self.rows.insert(key, change["row"].take()).is_none()),
            Some("changed") => {
                let row = self.rows.get_mut(&key).ok_or("no such row")?;
                merge(row, change["patch"].take());
            }
            Some("removed") => assert!(self.rows.remove(&key).is_some()),
            other => return Err(format!("unknown operation {other:?}").into()),
        }
        Ok(())
    }
}

fn merge(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, patch) in patch {
                merge(fields.entry(name).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch,
    }
}

#[tokio::test]
async fn snapshot_and_patches_make_the_rows_of_the_server() -> Result {
    let server = TestServer::builder().entity(ENTITY).start().await?;
    for i in 0..20 {
        server.upsert(ENTITY, &format!("token {i:02}"), row("Ada", f64::from(i)));
    }
    server.upsert(ENTITY, "gone", row("Gone", 0.0));
    let address = serve(&server).await?;
    let mut early = Browser::open(&address).await?;
    for key in rows(&server).keys() {
        early.read_until(key).await?;
    }
    assert_eq!(early.rows, rows(&server));

    let mut late = None;
    for i in 0..200 {
        let key = format!("token {:02}", i % 20);
        match i % 7 {
            0 => server.upsert(ENTITY, &key, row("Grace", 0.1)),
            1 => server.patch(ENTITY, &key, json!({"info": {"name": null}})),
            2 => server.patch(ENTITY, &key, json!({"info": {"symbol": "€"}})),
            _ => server.patch(ENTITY, &key, json!({"trading": {"total_trades": i}})),
        };
        if i == 100 {
            server.delete(ENTITY, "gone");
            late = Some(Browser::open(&address).await?);
        }
    }
    server.upsert(ENTITY, "last", row("Last", 1e-9));

    let mut late = late.ok_or("no second browser")?;
    for browser in [&mut early, &mut late] {
        browser.read_until("last").await?;
        assert_eq!(browser.rows, rows(&server));
        assert_eq!(
            browser.states,
            [json!({"state": "connected", "cause": null})]
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_page_reads_the_events() -> Result {
    let server = TestServer::builder().entity(ENTITY).start().await?;
    let mut page = String::new();
    let mut response = get(&serve(&server).await?, "/").await?;
    response.read_to_string(&mut page).await?;
    assert!(page.contains("content-type: text/html"), "{page}");
    assert!(page.contains("new EventSource(\"/events\")") && page.ends_with("</html>\n"));
    Ok(())
}
