//! A setting whose feature is not enabled is an error that names the feature.
//!
//! Runs only with `--no-default-features --features client`.

#![cfg(all(
    feature = "client",
    not(any(
        feature = "rustls",
        feature = "native-tls",
        feature = "token-endpoint",
        feature = "testing"
    ))
))]

use hyperstack_sdk::{HyperStack, HyperStackBuilder};

async fn error(builder: HyperStackBuilder) -> String {
    builder.connect().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_setting_of_the_token_endpoint_names_its_feature() {
    let builder = || HyperStack::builder().url("ws://localhost:1");
    let url = "https://login.example";
    let cases = [
        ("api_key", builder().api_key("sk_1").token_endpoint(url)),
        ("publishable_key", builder().publishable_key("pk_1")),
        ("token_endpoint", builder().token_endpoint(url)),
        (
            "token_endpoint_header",
            builder().token_endpoint_header("Origin", "https://a.example"),
        ),
        ("stack_release", builder().stack_release("hash", "live")),
        ("environment", builder().environment("preview")),
    ];
    for (setting, builder) in cases {
        let expected = format!(
            "`{setting}` requires the feature `token-endpoint` of hyperstack-sdk: enable it in Cargo.toml"
        );
        assert_eq!(error(builder).await, expected);
    }
}

#[tokio::test]
async fn recording_names_its_feature() {
    let builder = HyperStack::builder().record(|entry| println!("{entry}"));
    assert_eq!(
        error(builder).await,
        "`record` requires the feature `testing` of hyperstack-sdk: enable it in Cargo.toml"
    );
}

#[tokio::test]
async fn native_roots_name_their_feature() {
    let builder = || HyperStack::builder().url("ws://localhost:1");
    assert_eq!(
        error(builder().native_roots(true)).await,
        "`native_roots` requires the feature `rustls-native-roots` of hyperstack-sdk: enable it in Cargo.toml"
    );
    let unset = error(builder().native_roots(false)).await;
    assert!(
        unset.starts_with("cannot reach ws://localhost:1: "),
        "{unset}"
    );
}

#[tokio::test]
async fn a_secure_url_names_the_features_of_tls() {
    let builder = HyperStack::builder().url("wss://me:secret@ore.example/?token=secret");
    assert_eq!(
        error(builder).await,
        "the URL \"wss://ore.example\" requires the feature `rustls` or `native-tls` of hyperstack-sdk: enable it \
         in Cargo.toml"
    );
}
