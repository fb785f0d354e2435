//! How a command connects to a server.

use hyperstack_sdk::{HyperStack, HyperStackBuilder};

/// The variables of the commands that connect, for their help.
macro_rules! environment {
    () => {
        "\
Environment:
  HYPERSTACK_TOKEN             the server's token
  HTTPS_PROXY, NO_PROXY        the HTTP proxy for wss:// URLs, and the hosts to connect to directly
  SSL_CERT_FILE, SSL_CERT_DIR  root certificates to trust, in PEM format, instead of the system's
"
    };
}

/// The options of the commands that connect.
#[derive(clap::Args)]
pub(crate) struct Access {
    /// The server's token. Prefer the variable HYPERSTACK_TOKEN: other users can see command lines
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Allow sending the token, or a password in the URL, unencrypted to another machine (ws://…)
    #[arg(long)]
    insecure: bool,
    /// The website for which the token is valid, if it is valid for one only
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
}

impl Access {
    /// Returns whether a token is set.
    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some() || token_from_environment().is_some()
    }

    /// Returns the settings for a client of this server.
    pub(crate) fn builder(self, url: &str) -> HyperStackBuilder {
        let builder = HyperStack::builder()
            .url(url)
            .proxy_from_env(true)
            .native_roots(true)
            .allow_insecure_auth(self.insecure);
        let builder = match self.token.or_else(token_from_environment) {
            Some(token) => builder.token(token),
            None => builder,
        };
        match self.origin {
            Some(origin) => builder.origin(origin),
            None => builder,
        }
    }
}

/// Parses the argument `URL`. The client checks the URL itself, when it connects; this only notices that the user wrote
/// the view before the URL.
pub(crate) fn url(text: &str) -> Result<String, String> {
    match swapped(text, std::env::args()) {
        Some(command) => Err(format!(
            "this is the view, and the URL comes first: {command}"
        )),
        None => Ok(text.to_owned()),
    }
}

/// Returns the command with the URL before the view, if `first` is not a URL but one of the arguments after it is.
fn swapped(first: &str, arguments: impl Iterator<Item = String>) -> Option<String> {
    if first.contains("://") {
        return None;
    }
    let arguments: Vec<_> = arguments.collect();
    let command = arguments.get(1)?;
    let place = arguments.iter().position(|argument| argument == first)?;
    let after = arguments[place..].windows(2);
    // An option such as `--origin` takes a URL too.
    let mut positional = after.filter(|pair| !pair[0].starts_with('-'));
    let url = &positional.find(|pair| pair[1].contains("://") && !pair[1].starts_with('-'))?[1];
    // A URL can contain a password or a token, which must not be repeated.
    let url = match url.find(['@', '?']) {
        Some(_) => "URL",
        None => url,
    };
    Some(format!("hs {command} {url} {first}"))
}

fn token_from_environment() -> Option<String> {
    let token = std::env::var("HYPERSTACK_TOKEN").ok()?;
    (!token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::swapped;

    #[test]
    fn a_view_before_the_url_is_noticed() {
        let swapped = |arguments: &[&str]| {
            let all = [&["/usr/bin/hs"], arguments].concat();
            swapped(arguments[1], all.into_iter().map(str::to_owned))
        };
        assert_eq!(
            swapped(&["stream", "Token/list", "wss://a.example", "--json"]).as_deref(),
            Some("hs stream wss://a.example Token/list")
        );
        assert_eq!(
            swapped(&["tape", "Trade", "--key", "a", "wss://a.example"]).as_deref(),
            Some("hs tape wss://a.example Trade")
        );
        assert_eq!(
            swapped(&["get", "Token", "wss://user:secret@a.example"]).as_deref(),
            Some("hs get URL Token")
        );
        for right in [
            &["stream", "wss://a.example", "Token"][..],
            &["stream", "localhost:1", "Token"],
            &[
                "stream",
                "localhost",
                "Token",
                "--origin",
                "https://a.example",
            ],
            &["stream", "localhost", "Token", "--origin=https://a.example"],
        ] {
            assert_eq!(swapped(right), None, "{right:?}");
        }
    }
}
