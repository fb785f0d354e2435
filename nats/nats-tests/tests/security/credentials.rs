//! Credentials files, and a nats-server that knows an operator and its accounts.

use async_nats::ConnectOptions;
use data_encoding::BASE64URL_NOPAD;
use hyperstack_sdk::testing::TestServer;
use nats_tests::{Directory, NatsServer};
use nkeys::KeyPair;
use serde_json::{json, Value};

use crate::bridge::Running;
use crate::support::{next, player, settings, soon, Player, PREFIX};

/// When all tokens were issued.
const ISSUED: u64 = 1_700_000_000;

/// Returns a signed token.
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: Value) -> String {
    let claims = json!({
        "jti": "test", "iat": ISSUED, "iss": issuer.public_key(), "sub": subject.public_key(),
        "name": "test", "nats": nats,
    });
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let [header, claims] =
        [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    let signed = format!("{header}.{claims}");
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// The key of a user.
struct User(KeyPair);

impl User {
    fn new() -> Self {
        User(KeyPair::new_user())
    }

    /// Returns the text of a credentials file.
    fn credentials(&self, account: &KeyPair) -> String {
        let claims = json!({
            "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {},
        });
        let (jwt, seed) = (jwt(account, &self.0, claims), self.0.seed().unwrap());
        format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }
}

/// Returns the configuration of a server that has this account.
fn config(operator: &KeyPair, account: &KeyPair, revoked: &[&User]) -> String {
    let system = KeyPair::new_account();
    let revoked = revoked
        .iter()
        .map(|user| (user.0.public_key(), json!(ISSUED)));
    let revoked: serde_json::Map<_, _> = revoked.collect();
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
    });
    let claims = json!({
        "type": "account", "version": 2, "limits": limits, "revocations": revoked,
    });
    json!({
        "operator": jwt(operator, operator, json!({"type": "operator", "version": 2})),
        "system_account": system.public_key(),
        "resolver": "MEMORY",
        "resolver_preload": {
            system.public_key(): jwt(operator, &system, json!({"type": "account", "version": 2})),
            account.public_key(): jwt(operator, account, claims),
        },
    })
    .to_string()
}

/// Requires that this user cannot connect, and that the error has no secrets.
async fn rejected(nats: &NatsServer, files: &Directory, user: &User, account: &KeyPair) {
    let credentials = user.credentials(account);
    let file = files.write("rejected.creds", &credentials);
    let builder = hyperstack_nats::builder(nats.url(), PREFIX).credentials_file(file);
    let error = soon(builder.connect()).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("authorization violation"), "{text}");
    for line in credentials.lines().filter(|line| !line.is_empty()) {
        assert!(!text.contains(line), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reads_its_credentials_at_each_connection() {
    let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
    let [of_bridge, first, second] = [User::new(), User::new(), User::new()];
    let files = Directory::temporary();
    let path = files.write("nats.conf", &config(&operator, &account, &[]));
    let mut nats = NatsServer::start_with(&["-c", &path]);

    let source = TestServer::builder()
        .entity("Player")
        .start()
        .await
        .unwrap();
    source.upsert("Player", "ada", json!({"score": 7}));
    let path = files.write("bridge.creds", &of_bridge.credentials(&account));
    let options = ConnectOptions::new().credentials_file(path).await.unwrap();
    let over = soon(options.connect(nats.url())).await.unwrap();
    let bridge = Running::over(&source, over, |bridge| bridge.view("Player/list")).await;
    bridge.caught_up().await;

    let path = files.write("client.creds", &first.credentials(&account));
    let builder = hyperstack_nats::builder(nats.url(), PREFIX).credentials_file(path);
    let hs = soon(builder.client(settings()).connect()).await.unwrap();
    let mut rows = hs.watch::<Player>();
    assert_eq!(next(&mut rows).await.data(), Some(&player(7)));
    rejected(&nats, &files, &first, &KeyPair::new_account()).await;

    // The first user is revoked, and the client gets the second one.
    files.write("nats.conf", &config(&operator, &account, &[&first]));
    files.write("client.creds", &second.credentials(&account));
    nats.restart();
    source.upsert("Player", "ada", json!({"score": 8}));
    assert_eq!(next(&mut rows).await.data(), Some(&player(8)));
    rejected(&nats, &files, &first, &account).await;
}
