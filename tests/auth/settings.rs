//! Invalid settings are reported before the client dials.

use super::*;

async fn refused(builder: HyperStackBuilder) -> String {
    let error = builder.connect().await.unwrap_err();
    let debug = format!("{error:?}");
    assert!(!debug.contains("s3cr3t"), "{debug}");
    error.to_string()
}

fn builder() -> HyperStackBuilder {
    HyperStack::builder().url("ws://127.0.0.1:1")
}

#[tokio::test]
async fn two_sources_of_tokens_are_an_error() {
    let cases = [
        (
            builder().token("s3cr3t").token_provider(Desk::default()),
            "token_provider",
            "token",
        ),
        (
            builder().token("s3cr3t").api_key("s3cr3t"),
            "api_key",
            "token",
        ),
        (
            builder().api_key("s3cr3t").publishable_key("s3cr3t"),
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
            builder().token("s3cr3t\n"),
            "invalid setting `token`: contains characters that an HTTP header cannot have",
        ),
        (
            builder().token(""),
            "invalid setting `token`: must not be empty",
        ),
        (
            builder().token("s3cr3t&").token_in_query("hs_token"),
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
                .url("ws://127.0.0.1:1?hs_token=s3cr3t")
                .token("s3cr3t")
                .token_in_query("hs_token"),
            "invalid URL \"ws://127.0.0.1:1\": its query already has `hs_token`, which is \
             the token's parameter",
        ),
        (
            builder().token("s3cr3t").header("Authorization", "s3cr3t"),
            "invalid setting `header`: the header `Authorization` carries the token",
        ),
        (
            builder().header("Sec-WebSocket-Protocol", "s3cr3t"),
            "invalid setting `header`: the header `Sec-WebSocket-Protocol` belongs \
             to the handshake",
        ),
        (
            builder().header("x", "s3cr3t\u{0}"),
            "invalid setting `header`: the value of `x` contains characters that an \
             HTTP header cannot have",
        ),
        (
            builder().header("s3cr3t: x", "y"),
            "invalid setting `header`: the name is not a valid HTTP header name",
        ),
        (
            builder().api_key("s3cr3t\n").token_endpoint("https://a.b"),
            "invalid setting `api_key`: contains characters that an HTTP header cannot have",
        ),
        (
            builder().api_key("a4_pk_s3cr3t"),
            "invalid setting `api_key`: `a4_pk_…` is a publishable key: use `publishable_key`",
        ),
        (
            builder().api_key("hspk_s3cr3t"),
            "invalid setting `api_key`: `hspk_…` is a publishable key: use `publishable_key`",
        ),
        (
            builder().publishable_key("a4_sk_s3cr3t"),
            "invalid setting `publishable_key`: `a4_sk_…` is a secret key, which must not be \
             published: use `api_key`",
        ),
        (
            builder().publishable_key("hsk_s3cr3t"),
            "invalid setting `publishable_key`: `hsk_…` is a secret key, which must not be \
             published: use `api_key`",
        ),
        (
            builder().token("a4_ak_s3cr3t"),
            "invalid setting `token`: `a4_ak_…` is an API key, not a token: use `api_key`",
        ),
        (
            builder().token("a4_pk_s3cr3t"),
            "invalid setting `token`: `a4_pk_…` is an API key, not a token: use `publishable_key`",
        ),
        (
            builder().api_key("a4_sk_s3cr3t"),
            "invalid setting `api_key`: neither Arete nor Hyperstack hosts ws://127.0.0.1:1, so \
             the key's endpoint is not known: set it with \
             `.token_endpoint(\"https://api.arete.run/ws/sessions\")`",
        ),
        (
            builder().url("ws://ore.example").token("s3cr3t"),
            "cannot send `token` unencrypted to ws://ore.example: use wss://, or allow it with \
             `.allow_insecure_auth(true)`",
        ),
        (
            builder()
                .url("ws://ore.example")
                .token_provider(Desk::default()),
            "cannot send `token_provider` unencrypted to ws://ore.example: use wss://, or allow \
             it with `.allow_insecure_auth(true)`",
        ),
        (
            builder().token_endpoint("http://login.example?s3cr3t"),
            "cannot send the requests of `token_endpoint` unencrypted to http://login.example: \
             use https://, or allow it with `.allow_insecure_auth(true)`",
        ),
        (
            builder().origin("https://me:s3cr3t@a.b/"),
            "invalid setting `origin`: it must be a scheme and a host without a path, such as \
             https://app.example",
        ),
        (
            builder().stack_release("hash", "live"),
            "invalid setting `stack_release`: no token endpoint is set: call `token_endpoint` or \
             `api_key`",
        ),
        (
            builder().stack_release("hash", ""),
            "invalid setting `stack_release`: the manifest hash and the alias must not be empty",
        ),
        (
            builder().environment(""),
            "invalid setting `environment`: must not be empty",
        ),
        (
            builder().token_endpoint_header("x", "s3cr3t"),
            "invalid setting `token_endpoint_header`: no token endpoint is set: call \
             `token_endpoint` or `api_key`",
        ),
        (
            builder()
                .api_key("s3cr3t")
                .token_endpoint("https://a.b")
                .token_endpoint_header("authorization", "s3cr3t"),
            "invalid setting `token_endpoint_header`: the header `authorization` \
             carries the key",
        ),
        (
            builder()
                .api_key("s3cr3t")
                .token_endpoint("wss://a.b?s3cr3t"),
            "invalid setting `token_endpoint`: it must start with http:// or https://",
        ),
        (
            builder()
                .api_key("s3cr3t")
                .token_endpoint("https://s3cr3t:s3cr3t@a.b"),
            "invalid setting `token_endpoint`: the URL has a user name and password, \
             and `api_key` is set too: set only one of them",
        ),
        (
            builder()
                .token_endpoint("https://s3cr3t:s3cr3t@a.b")
                .token_endpoint_header("authorization", "s3cr3t"),
            "invalid setting `token_endpoint_header`: the header `authorization` carries the \
             URL's user name and password",
        ),
        (
            builder()
                .url("ws://s3cr3t:s3cr3t@127.0.0.1:1")
                .token("s3cr3t"),
            "invalid URL \"ws://127.0.0.1:1\": the URL has a user name and password, \
             and `token` is set too: set only one of them",
        ),
        (
            builder()
                .url("ws://s3cr3t:s3cr3t@127.0.0.1:1")
                .token_provider(Desk::default()),
            "invalid URL \"ws://127.0.0.1:1\": the URL has a user name and password, \
             and `token_provider` is set too: set only one of them",
        ),
        (
            builder()
                .url("ws://s3cr3t:s3cr3t@127.0.0.1:1")
                .api_key("s3cr3t")
                .token_endpoint("https://a.b"),
            "invalid URL \"ws://127.0.0.1:1\": the URL has a user name and password, \
             and `api_key` is set too: set only one of them",
        ),
        (
            builder()
                .url("ws://s3cr3t:s3cr3t@127.0.0.1:1")
                .header("Authorization", "s3cr3t"),
            "invalid setting `header`: the header `Authorization` carries the URL's user name \
             and password",
        ),
        (
            builder().url("ws://s3cr3t:s3cr3t%@127.0.0.1:1"),
            "invalid URL \"ws://127.0.0.1:1\": its user name or password has an invalid \
             percent escape",
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(refused(builder).await, expected);
    }
}
