//! Settings that cannot be used, told before anybody is dialled.

use super::*;

async fn refused(builder: HyperStackBuilder) -> String {
    let error = builder.connect().await.unwrap_err();
    let debug = format!("{error:?}");
    assert!(!debug.contains("secret"), "{debug}");
    error.to_string()
}

fn builder() -> HyperStackBuilder {
    HyperStack::builder().url("ws://127.0.0.1:1")
}

#[tokio::test]
async fn two_sources_of_tokens_are_one_too_many() {
    let cases = [
        (
            builder().token("secret").token_provider(Desk::default()),
            "token_provider",
            "token",
        ),
        (
            builder().token("secret").api_key("secret"),
            "api_key",
            "token",
        ),
        (
            builder().api_key("secret").publishable_key("secret"),
            "publishable_key",
            "api_key",
        ),
        (
            builder()
                .token_provider(Desk::default())
                .token_endpoint("https://a.b"),
            "token_endpoint",
            "token_provider",
        ),
    ];
    for (builder, second, first) in cases {
        assert_eq!(
            refused(builder).await,
            format!(
                "the setting `{second}` cannot be used: there is `{first}` already, and one token \
                 is enough"
            )
        );
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_and_not_shown() {
    let cases = [
        (
            builder().token_timeout(Duration::ZERO),
            "the setting `token_timeout` cannot be used: it must be longer than zero",
        ),
        (
            builder().token("secret\n"),
            "the setting `token` cannot be used: it has characters that no HTTP header may have",
        ),
        (builder().token(""), "the setting `token` cannot be used: it is empty"),
        (
            builder().token("secret&").token_in_query("hs_token"),
            "the setting `token` cannot be used: it has characters that cannot stand in a query as \
             they are, and the server does not decode them: present it in the header instead",
        ),
        (
            builder().token_in_query("a=b"),
            "the setting `token_in_query` cannot be used: the parameter's name must be of letters, \
             digits and -._~",
        ),
        (
            builder()
                .url("ws://127.0.0.1:1?hs_token=secret")
                .token("secret")
                .token_in_query("hs_token"),
            "the url \"ws://127.0.0.1:1\" cannot be used: its query has `hs_token` already, where \
             the token goes",
        ),
        (
            builder().token("secret").header("Authorization", "secret"),
            "the setting `header` cannot be used: the header `Authorization` is where the token goes",
        ),
        (
            builder().header("Sec-WebSocket-Protocol", "secret"),
            "the setting `header` cannot be used: the header `Sec-WebSocket-Protocol` is the \
             handshake's own",
        ),
        (
            builder().header("x", "secret\u{0}"),
            "the setting `header` cannot be used: the value of `x` has characters that no HTTP \
             header may have",
        ),
        (
            builder().header("secret: x", "y"),
            "the setting `header` cannot be used: no HTTP header has such a name",
        ),
        (
            builder().api_key("secret\n"),
            "the setting `api_key` cannot be used: it has characters that no HTTP header may have",
        ),
        (
            builder().token_endpoint_header("x", "secret"),
            "the setting `token_endpoint_header` cannot be used: there is no token endpoint: see \
             `token_endpoint` and `api_key`",
        ),
        (
            builder()
                .api_key("secret")
                .token_endpoint_header("authorization", "secret"),
            "the setting `token_endpoint_header` cannot be used: the header `authorization` is \
             where the key goes",
        ),
        (
            builder().api_key("secret").token_endpoint("wss://a.b?secret"),
            "the setting `token_endpoint` cannot be used: it must begin with http:// or https://",
        ),
        (
            builder().token_endpoint("https://secret:secret@a.b"),
            "the setting `token_endpoint` cannot be used: a user in it would be ignored: see \
             `token_endpoint_header`",
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(refused(builder).await, expected);
    }
}
