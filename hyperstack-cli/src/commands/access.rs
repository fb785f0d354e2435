//! How a command connects to a server.

use hyperstack_sdk::{HyperStack, HyperStackBuilder};

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

fn token_from_environment() -> Option<String> {
    let token = std::env::var("HYPERSTACK_TOKEN").ok()?;
    (!token.is_empty()).then_some(token)
}
