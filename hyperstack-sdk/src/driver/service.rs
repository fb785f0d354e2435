//! The hosted services: which servers, keys and token endpoints are theirs.

use super::url::is_host_below;

/// A service that hosts servers and issues API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Arete,
    Hyperstack,
}

impl Service {
    /// Returns the service that hosts the server of a URL.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        if is_host_below(url, "stack.arete.run") {
            Some(Service::Arete)
        } else if is_host_below(url, "usehyperstack.com") {
            Some(Service::Hyperstack)
        } else {
            None
        }
    }
}

#[cfg(feature = "token-endpoint")]
impl Service {
    pub(super) fn name(self) -> &'static str {
        match self {
            Service::Arete => "Arete",
            Service::Hyperstack => "Hyperstack",
        }
    }

    pub(super) fn token_endpoint(self) -> &'static str {
        match self {
            Service::Arete => "https://api.arete.run/ws/sessions",
            Service::Hyperstack => "https://api.usehyperstack.com/ws/sessions",
        }
    }
}

/// A kind of API key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyKind {
    /// What the keys start with.
    pub(crate) prefix: &'static str,
    /// The setting that takes them.
    pub(crate) setting: &'static str,
    #[cfg_attr(not(feature = "token-endpoint"), allow(dead_code))]
    pub(super) service: Service,
}

impl KeyKind {
    const ALL: [Self; 5] = [
        Self::new("a4_sk_", "api_key", Service::Arete),
        Self::new("a4_ak_", "api_key", Service::Arete),
        Self::new("a4_pk_", "publishable_key", Service::Arete),
        Self::new("hsk_", "api_key", Service::Hyperstack),
        Self::new("hspk_", "publishable_key", Service::Hyperstack),
    ];

    const fn new(prefix: &'static str, setting: &'static str, service: Service) -> Self {
        KeyKind {
            prefix,
            setting,
            service,
        }
    }

    /// Returns the kind of a key, or `None` if the text has no known prefix.
    pub(crate) fn of(text: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|kind| text.starts_with(kind.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosted_server_belongs_to_its_service() {
        for (url, service) in [
            ("wss://ore.stack.arete.run/x", Some(Service::Arete)),
            ("WSS://ORE.Stack.Arete.Run:443", Some(Service::Arete)),
            (
                "wss://ore.stack.usehyperstack.com",
                Some(Service::Hyperstack),
            ),
            ("wss://arete.run", None),
            ("wss://ore.stack.arete.run.example", None),
            ("wss://ore.example/stack.arete.run", None),
            ("wss://stack.arete.run@ore.example", None),
            ("wss://evilstack.arete.run", None),
            ("wss://ore.example?x=.stack.arete.run", None),
        ] {
            assert_eq!(Service::of_url(url), service, "{url}");
        }
    }

    #[test]
    fn the_prefix_determines_the_kind_of_key() {
        let kind = |key| KeyKind::of(key).map(|kind| (kind.setting, kind.service));
        assert_eq!(kind("a4_sk_1"), Some(("api_key", Service::Arete)));
        assert_eq!(kind("a4_ak_1"), Some(("api_key", Service::Arete)));
        assert_eq!(kind("a4_pk_1"), Some(("publishable_key", Service::Arete)));
        assert_eq!(kind("hsk_1"), Some(("api_key", Service::Hyperstack)));
        assert_eq!(
            kind("hspk_1"),
            Some(("publishable_key", Service::Hyperstack))
        );
        assert_eq!(kind("sk_1"), None);
    }
}
