//! A nats-server with a certificate of a private root.

use async_nats::{jetstream, ConnectOptions};
use hyperstack_sdk::prelude::*;
use nats_tests::{Directory, NatsServer};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::support::{player, soon, Hand, Player, PREFIX};

/// A nats-server that requires TLS, with one row, and the path of its root certificate.
struct Secure {
    nats: NatsServer,
    root: String,
    _files: Directory,
}

impl Secure {
    async fn start() -> Self {
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::new([]).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A certificate that names itself as its issuer would count as self-signed.
        root.distinguished_name.push(DnType::CommonName, "root");
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &Issuer::new(root, root_key));

        let files = Directory::temporary();
        let root = files.write("root.pem", &root_pem);
        let certificate = files.write("certificate.pem", &certificate.unwrap().pem());
        let key = files.write("key.pem", &key.serialize_pem());
        let config = format!("tls {{ cert_file: '{certificate}', key_file: '{key}' }}");
        let nats = NatsServer::start_with(&["-c", &files.write("nats.conf", &config)]);
        let secure = Secure {
            nats,
            root,
            _files: files,
        };
        let options = ConnectOptions::new().add_root_certificates(secure.root.clone().into());
        write(soon(options.connect(secure.url())).await.unwrap()).await;
        secure
    }

    fn url(&self) -> String {
        self.nats
            .url()
            .replace("nats://127.0.0.1", "tls://localhost")
    }
}

/// Writes one row.
async fn write(client: async_nats::Client) {
    let jetstream = jetstream::new(client);
    let hand = Hand { jetstream };
    hand.view("Player/list", "game_Player_list").await;
    hand.put("ada", 7).await;
}

#[tokio::test]
async fn a_client_trusts_a_private_root() {
    let secure = Secure::start().await;
    let builder = hyperstack_nats::builder(secure.url(), PREFIX).root_certificates(&secure.root);
    let hs = soon(builder.connect()).await.unwrap();
    assert_eq!(hs.list::<Player>().await, [player(7)]);
}

#[tokio::test]
async fn an_unknown_root_is_an_error() {
    let secure = Secure::start().await;
    let error = soon(hyperstack_nats::connect(secure.url(), PREFIX)).await;
    let Err(ConnectError::Unreachable { url, reason }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(url, secure.url());
    assert!(reason.contains("certificate: UnknownIssuer"), "{reason}");
}

#[tokio::test]
async fn one_tls_url_requires_tls_of_all_servers() {
    let mut secure = Secure::start().await;
    let plain = NatsServer::start();
    write(async_nats::connect(plain.url()).await.unwrap()).await;
    secure.nats.kill();
    for urls in [
        format!("{},{}", secure.url(), plain.url()),
        format!("{},{}", plain.url(), secure.url()),
    ] {
        let builder = hyperstack_nats::builder(urls, PREFIX).root_certificates(&secure.root);
        let error = soon(builder.connect()).await;
        assert!(
            matches!(error, Err(ConnectError::Unreachable { .. })),
            "{error:?}"
        );
    }
}
