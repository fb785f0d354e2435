//! A simulated market.

use std::time::Duration;

use hyperstack_sdk::testing::TestServer;
use serde_json::{json, Value};

const NAMES: [&str; 16] = [
    "Aurora", "Bonsai", "Comet", "Dune", "Ember", "Fjord", "Glacier", "Harbor", "Iris", "Juniper",
    "Krill", "Lumen", "Meadow", "Nimbus", "Orchid", "Pebble",
];
/// How many tokens exist at once.
const LISTED: usize = 12;
const TICK: Duration = Duration::from_millis(60);
/// How many trades pass until the token with the fewest trades leaves and another one is launched.
const LAUNCH: usize = 200;

/// Starts a server with the entity `PumpfunToken`, whose rows change about 16 times per second, and returns its URL.
///
/// # Errors
/// If the server cannot start.
pub async fn market() -> anyhow::Result<String> {
    let server = TestServer::builder().entity("PumpfunToken").start().await?;
    let url = server.url();
    let mut random = Random(7);
    let mut tokens: Vec<Token> = (NAMES[..LISTED].iter())
        .map(|name| Token::launch(name, &mut random))
        .collect();
    for token in &tokens {
        server.upsert("PumpfunToken", token.name, token.row());
    }
    tokio::spawn(async move {
        for tick in 1.. {
            tokio::time::sleep(TICK).await;
            if tick % LAUNCH == 0 {
                let others = &NAMES[LISTED - 1..];
                let launched = Token::launch(others[tick / LAUNCH % others.len()], &mut random);
                server.upsert("PumpfunToken", launched.name, launched.row());
                let last = std::mem::replace(&mut tokens[LISTED - 1], launched);
                server.delete("PumpfunToken", last.name);
            }
            // Tokens at the front trade more often.
            let place = random.unit().powi(2) * tokens.len() as f64;
            let token = &mut tokens[place as usize];
            token.trade(&mut random);
            server.patch("PumpfunToken", token.name, token.trading());
        }
    });
    Ok(url)
}

struct Token {
    name: &'static str,
    price: f64,
    /// The change of the price per trade that makes a trend.
    drift: f64,
    trades: u64,
    /// In lamports.
    volume: u64,
}

impl Token {
    fn launch(name: &'static str, random: &mut Random) -> Token {
        Token {
            name,
            price: 1e-6 * (1.0 + 9.0 * random.unit()),
            drift: 0.0,
            trades: 0,
            volume: 0,
        }
    }

    fn trade(&mut self, random: &mut Random) {
        self.drift = 0.9 * self.drift + 0.006 * (random.unit() - 0.5);
        self.price *= 1.0 + self.drift + 0.02 * (random.unit() - 0.5);
        self.trades += 1;
        self.volume += (3e9 * random.unit()) as u64;
    }

    fn row(&self) -> Value {
        let symbol = self.name[..4].to_uppercase();
        let mut row = self.trading();
        row["info"] = json!({"name": self.name, "symbol": symbol});
        row
    }

    fn trading(&self) -> Value {
        json!({"trading": {
            "last_trade_price": self.price,
            "total_trades": self.trades,
            "total_volume": self.volume,
        }})
    }
}

/// Knuth's linear congruential generator.
struct Random(u64);

impl Random {
    /// Returns a number from 0 to 1, without 1.
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
