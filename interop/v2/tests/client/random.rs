//! Random changes, with several readers at once, lost connections and restarts. After each round, every
//! reader has the server's rows.

use super::*;

/// A generator of numbers that depend on the seed only.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A player whose log may be null. When a state catches up, the server sends null for a field that the
/// row has lost.
#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Player")]
struct Loose {
    name: Option<String>,
    score: Option<i64>,
    total: Option<u64>,
    active: Option<bool>,
    note: Option<String>,
    log: Option<Vec<u32>>,
}

impl FromRow for Loose {
    fn from_row(row: &Value) -> Self {
        let player = Player::from_row(row);
        Loose {
            name: player.name,
            score: player.score,
            total: player.total,
            active: player.active,
            note: player.note,
            log: row["log"].is_array().then_some(player.log),
        }
    }
}

/// A reader that compares what each update says of the row before with what it has.
struct Rich {
    updates: RichEntityStream<Player>,
    rows: BTreeMap<String, Player>,
}

impl Rich {
    fn new(updates: RichEntityStream<Player>) -> Self {
        let rows = BTreeMap::new();
        Rich { updates, rows }
    }

    /// Reads until it has the server's rows.
    async fn reaches(&mut self, rows: Vec<Row>) {
        let rows: BTreeMap<_, _> = typed(rows).collect();
        while self.rows != rows {
            let update = deadline(self.updates.next()).await.expect("an update");
            let key = update.key().to_owned();
            assert_eq!(update.before(), self.rows.get(&key), "{update:?}");
            match update {
                RichUpdate::Created { data, .. } | RichUpdate::Updated { after: data, .. } => {
                    self.rows.insert(key, data);
                }
                RichUpdate::Deleted { .. } => {
                    self.rows.remove(&key);
                }
            }
        }
    }
}

/// A change of one of 30 players.
fn random_change(random: &mut Random) -> hyperstack_interop_v2::Change {
    let key = format!("p{}", random.below(30));
    let number = random.below(1000);
    let score = number as i64 - 500;
    match random.below(12) {
        0 | 1 => delete(&key),
        2 | 3 => change(&key, json!({"log": [number]})).append("log"),
        4 => change(&key, json!({"log": [number, number + 1]})),
        5 => change(
            &key,
            json!({"total": u64::MAX - number, "active": number.is_multiple_of(2)}),
        ),
        6 => change(
            &key,
            json!({"note": (!number.is_multiple_of(3)).then(|| number.to_string())}),
        ),
        7 => player(&key, score).created(),
        8 => player(&key, score).whole(),
        9 => change(
            &key,
            json!({"active": number.is_multiple_of(2), "place": {"town": number % 5}}),
        ),
        _ => change(&key, json!({"score": score})),
    }
}

/// Makes this many changes. Above the cap, a row that the server does not have comes whole: if the server
/// evicts a row and then gets a patch of it, it keeps the patch alone, and may not tell the client.
async fn random_changes(server: &Server, random: &mut Random, count: u64, is_capped: bool) {
    for _ in 0..count {
        let mut change = random_change(random);
        let key = change.key().to_owned();
        if is_capped && server.row("Player/list", &key).await.is_none() {
            change = player(&key, random.below(1000) as i64).whole();
        }
        server.apply([change]).await;
    }
}

/// Runs 12 rounds. Above the cap, a reader of one row keeps what the server forgets.
async fn random_traffic(seed: u64, mut server: Server, is_capped: bool) {
    let mut random = Random(seed);
    server
        .apply((0..20).map(|n| player(&format!("p{n}"), n)))
        .await;
    let hs = client(&server).connect().await.expect("a connection");
    let mut faults = hs.faults();
    let views = hs.views::<PlayerViews>();
    let ranked = views.ranked();
    let active = views.list().filter("active", true);
    let windows = [
        (views.top(), "Player/top", 0, 3),
        (ranked.clone().take(4), "Player/ranked", 0, 4),
        (ranked.clone().skip(2).take(7), "Player/ranked", 2, 7),
        (views.least(), "Player/least", 0, 100),
    ];
    let mut readers: Vec<_> = windows.iter().map(|it| Reader::new(it.0.watch())).collect();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut slow = Reader::new(hs.watch::<Player>().conflate(3));
    let mut raw = Reader::new(hs.raw("Player").list().watch());
    let mut filtered = Reader::new(active.watch());
    let town = hs.raw("Player").list().filter("place.town", 3);
    let mut neighbours = Reader::new(town.watch());
    let mut rich = Rich::new(hs.watch_rich::<Player>());
    let mut one = Reader::new(hs.watch_key::<Loose>("p3"));
    let mut some = Reader::new(hs.watch_keys::<Loose>(&["p1", "p2", "p25"]));
    for round in 0..12 {
        let count = random.below(80);
        match random.below(6) {
            0 => {
                random_changes(&server, &mut random, count, is_capped).await;
                server.kill().await;
                random_changes(&server, &mut random, count, is_capped).await;
                server.start();
            }
            1 => {
                random_changes(&server, &mut random, count, is_capped).await;
                server.restart_with_state().await;
            }
            2 => {
                server.kill().await;
                server.start();
                random_changes(&server, &mut random, count, is_capped).await;
            }
            3 if round % 2 == 0 => {
                server.restart().await;
                random_changes(&server, &mut random, count, is_capped).await;
            }
            _ => random_changes(&server, &mut random, count, is_capped).await,
        }
        let rows = server.rows("Player/list").await;
        list.reaches(rows.clone()).await;
        slow.reaches(rows.clone()).await;
        raw.reaches(rows.clone()).await;
        shows(|| hs.list_sync::<Player>(), rows.clone()).await;
        let is_active = |row: &&Row| row.1["active"] == true;
        let expected: Vec<_> = rows.iter().filter(is_active).cloned().collect();
        filtered.reaches(expected.clone()).await;
        shows(|| active.get_sync(), expected).await;
        let lives_there = |row: &&Row| row.1["place"]["town"] == 3;
        let expected: Vec<_> = rows.iter().filter(lives_there).cloned().collect();
        neighbours.reaches(expected).await;
        rich.reaches(rows.clone()).await;
        let state = server.rows("Player/state").await;
        let of = |keys: &[&str]| -> Vec<Row> {
            let is_wanted = |row: &&Row| keys.contains(&&*row.0);
            state.iter().filter(is_wanted).cloned().collect()
        };
        if !is_capped {
            one.reaches(of(&["p3"])).await;
            some.reaches(of(&["p1", "p2", "p25"])).await;
        }
        for (reader, (view, id, skip, take)) in readers.iter_mut().zip(&windows) {
            let window = server.window(id, *skip, *take).await;
            reader.reaches(window.clone()).await;
            shows(|| view.get_sync(), window).await;
        }
        // A reader that begins now has the same rows.
        let mut late = Reader::new(hs.watch::<Player>());
        late.reaches(rows).await;
    }
    let mut undecodable = Vec::new();
    hs.disconnect().await;
    while let Some(fault) = deadline(faults.next()).await {
        if let Fault::Row(_) | Fault::Frame(_) = fault {
            undecodable.push(fault);
        }
    }
    assert_eq!(undecodable, []);
}

#[tokio::test]
async fn random_traffic_leaves_the_servers_rows() {
    for seed in 1..=6 {
        random_traffic(seed, players().start(), false).await;
    }
}

#[tokio::test]
async fn random_traffic_behind_a_small_bus_leaves_the_servers_rows() {
    for seed in 11..=16 {
        random_traffic(seed, players().bus(8).start(), false).await;
    }
}

#[tokio::test]
async fn random_traffic_above_the_cap_leaves_the_servers_rows() {
    for seed in 21..=24 {
        random_traffic(seed, players().max_rows(12).start(), true).await;
    }
}

#[tokio::test]
async fn random_traffic_of_coalesced_views_leaves_the_servers_rows() {
    for seed in 31..=33 {
        let setup = players().coalesce(Duration::from_millis(5));
        random_traffic(seed, setup.start(), false).await;
    }
}
