//! Invalid settings are reported before the client dials.

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
async fn two_sources_of_tokens_are_an_error() {
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
            format!("invalid setting `{second}`: conflicts with `{first}`: set only one of them")
        );
    }
}

#[tokio::test]
async fn invalid_auth_settings_are_refused_and_not_shown() {
    let cases = [
        (
            builder().token_timeout(Duration::ZERO),
            "invalid setting `token_timeout`: must be greater than zero",
        ),
        (
            builder().token("secret\n"),
            "invalid setting `token`: contains characters that an HTTP header cannot have",
        ),
        (
            builder().token(""),
            "invalid setting `token`: must not be empty",
        ),
        (
            builder().token("secret&").token_in_query("hs_token"),
            "invalid setting `token`: contains characters that need escaping in a query, \
             which the server does not decode: send it in the header instead",
        ),
        (
            builder().token_in_query("a=b"),
            "invalid setting `token_in_query`: the parameter name may contain only letters, \
             digits and -._~",
        ),
        (
            builder()
                .url("ws://127.0.0.1:1?hs_token=secret")
                .token("secret")
                .token_in_query("hs_token"),
            "invalid URL \"ws://127.0.0.1:1\": its query already has `hs_token`, which is \
             the token's parameter",
        ),
        (
            builder().token("secret").header("Authorization", "secret"),
            "invalid setting `header`: the header `Authorization` carries the token",
        ),
        (
            builder().header("Sec-WebSocket-Protocol", "secret"),
            "invalid setting `header`: the header `Sec-WebSocket-Protocol` belongs \
             to the handshake",
        ),
        (
            builder().header("x", "secret\u{0}"),
            "invalid setting `header`: the value of `x` contains characters that an \
             HTTP header cannot have",
        ),
        (
            builder().header("secret: x", "y"),
            "invalid setting `header`: the name is not a valid HTTP header name",
        ),
        (
            builder().api_key("secret\n"),
            "invalid setting `api_key`: contains characters that an HTTP header cannot have",
        ),
        (
            builder().token_endpoint_header("x", "secret"),
            "invalid setting `token_endpoint_header`: no token endpoint is set: call \
             `token_endpoint` or `api_key`",
        ),
        (
            builder()
                .api_key("secret")
                .token_endpoint_header("authorization", "secret"),
            "invalid setting `token_endpoint_header`: the header `authorization` \
             carries the key",
        ),
        (
            builder()
                .api_key("secret")
                .token_endpoint("wss://a.b?secret"),
            "invalid setting `token_endpoint`: it must start with http:// or https://",
        ),
        (
            builder()
                .api_key("secret")
                .token_endpoint("https://secret:secret@a.b"),
            "invalid setting `token_endpoint`: its user name and password conflict with \
             `api_key`: both are sent in the header `Authorization`, so set only one of them",
        ),
        (
            builder()
                .token_endpoint("https://secret:secret@a.b")
                .token_endpoint_header("authorization", "secret"),
            "invalid setting `token_endpoint_header`: the header `authorization` carries the \
             URL's user name and password",
        ),
        (
            builder()
                .url("ws://secret:secret@127.0.0.1:1")
                .token("secret"),
            "invalid URL \"ws://127.0.0.1:1\": its user name and password conflict with \
             `token`: both are sent in the header `Authorization`, so set only one of them",
        ),
        (
            builder()
                .url("ws://secret:secret@127.0.0.1:1")
                .token_provider(Desk::default()),
            "invalid URL \"ws://127.0.0.1:1\": its user name and password conflict with \
             `token_provider`: both are sent in the header `Authorization`, so set only one of them",
        ),
        (
            builder()
                .url("ws://secret:secret@127.0.0.1:1")
                .api_key("secret")
                .token_endpoint("https://a.b"),
            "invalid URL \"ws://127.0.0.1:1\": its user name and password conflict with \
             `api_key`: both are sent in the header `Authorization`, so set only one of them",
        ),
        (
            builder()
                .url("ws://secret:secret@127.0.0.1:1")
                .header("Authorization", "secret"),
            "invalid setting `header`: the header `Authorization` carries the URL's user name \
             and password",
        ),
        (
            builder().url("ws://secret:secret%@127.0.0.1:1"),
            "invalid URL \"ws://127.0.0.1:1\": its user name or password has an invalid \
             percent escape",
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(refused(builder).await, expected);
    }
}
