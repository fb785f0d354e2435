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
                "invalid setting `{second}`: conflicts with `{first}`: set only one of them"
            )
        );
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_and_not_shown() {
    let cases = [
        (
            builder().token_timeout(Duration::ZERO),
            "invalid setting `token_timeout`: must be greater than zero",
        ),
        (
            builder().token("secret\n"),
            "invalid setting `token`: it has characters that no HTTP header may have",
        ),
        (builder().token(""), "invalid setting `token`: it is empty"),
        (
            builder().token("secret&").token_in_query("hs_token"),
            "invalid setting `token`: it has characters that cannot stand in a query as \
             they are, and the server does not decode them: present it in the header instead",
        ),
        (
            builder().token_in_query("a=b"),
            "invalid setting `token_in_query`: the parameter's name must be of letters, \
             digits and -._~",
        ),
        (
            builder()
                .url("ws://127.0.0.1:1?hs_token=secret")
                .token("secret")
                .token_in_query("hs_token"),
            "invalid URL \"ws://127.0.0.1:1\": its query has `hs_token` already, where \
             the token goes",
        ),
        (
            builder().token("secret").header("Authorization", "secret"),
            "invalid setting `header`: the header `Authorization` is where the token goes",
        ),
        (
            builder().header("Sec-WebSocket-Protocol", "secret"),
            "invalid setting `header`: the header `Sec-WebSocket-Protocol` is the \
             handshake's own",
        ),
        (
            builder().header("x", "secret\u{0}"),
            "invalid setting `header`: the value of `x` has characters that no HTTP \
             header may have",
        ),
        (
            builder().header("secret: x", "y"),
            "invalid setting `header`: no HTTP header has such a name",
        ),
        (
            builder().api_key("secret\n"),
            "invalid setting `api_key`: it has characters that no HTTP header may have",
        ),
        (
            builder().token_endpoint_header("x", "secret"),
            "invalid setting `token_endpoint_header`: there is no token endpoint: see \
             `token_endpoint` and `api_key`",
        ),
        (
            builder()
                .api_key("secret")
                .token_endpoint_header("authorization", "secret"),
            "invalid setting `token_endpoint_header`: the header `authorization` is \
             where the key goes",
        ),
        (
            builder()
                .api_key("secret")
                .token_endpoint("wss://a.b?secret"),
            "invalid setting `token_endpoint`: it must begin with http:// or https://",
        ),
        (
            builder().token_endpoint("https://secret:secret@a.b"),
            "invalid setting `token_endpoint`: a user in it would be ignored: see \
             `token_endpoint_header`",
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(refused(builder).await, expected);
    }
}
