//! Kills the program at random moments, and compares its database with what the server sent.

use std::error::Error;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use hyperstack_archive_example::open;
use hyperstack_sdk::testing::TestServer;
use serde_json::json;

type Done = Result<(), Box<dyn Error>>;

/// A running program, which is killed when it is dropped.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(server: &TestServer, database: &Path) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hyperstack-archive-example"))
            .arg(server.url())
            .arg(database)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let lines = BufReader::new(output).lines();
        Ok(Program { child, lines })
    }

    /// Waits for the next commit. Returns how many records it stored.
    fn commit(&mut self) -> Result<u64, Box<dyn Error>> {
        let line = self.lines.next().ok_or("the program ended")??;
        Ok(line.trim_end_matches(" stored").parse()?)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Random numbers, the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Returns the prices in the order in which they were stored.
fn prices(database: &Path) -> Result<Vec<u64>, Box<dyn Error>> {
    let database = open(database)?;
    let mut select = database.prepare("SELECT price FROM trade ORDER BY rowid")?;
    let prices = select.query_map([], |row| row.get(0))?;
    Ok(prices.collect::<Result<_, _>>()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_stored_once_however_often_the_program_is_killed() -> Done {
    let server = TestServer::builder();
    let server = server.tape("Trade/append", 100_000).start().await?;
    let directory = tempfile::tempdir()?;
    let database = directory.path().join("trades.db");
    let mut random = Random(18);
    let mut sent = 0;
    let mut send = |count: u64| {
        for _ in 0..count {
            server.patch("Trade", "token", json!({"price": sent, "amount": 1}));
            sent += 1;
        }
        sent
    };
    for _ in 0..100 {
        let mut stored = prices(&database)?.len() as u64;
        let mut program = Program::start(&server, &database)?;
        for _ in 0..=random.below(8) {
            let sent = send(random.below(40));
            if stored < sent {
                stored += program.commit()?;
            }
        }
        send(1 + random.below(200));
        // From here on, the program stores records while the next line waits.
        for _ in 0..random.below(200_000) {
            std::hint::spin_loop();
        }
    }
    let sent = send(1);
    let mut stored = prices(&database)?.len() as u64;
    let mut program = Program::start(&server, &database)?;
    while stored < sent {
        stored += program.commit()?;
    }
    drop(program);
    let expected: Vec<u64> = (0..sent).collect();
    assert_eq!(prices(&database)?, expected);
    let gaps: u64 = open(&database)?.query_row("SELECT count(*) FROM gap", [], |row| row.get(0))?;
    assert_eq!(gaps, 0);
    Ok(())
}
