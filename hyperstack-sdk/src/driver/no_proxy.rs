//! Reads the proxy of a host from environment variables, by the rules of curl.

use std::net::IpAddr;

/// The variables with the proxy for secure URLs. The first one that is not empty counts.
const PROXY: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// The variables with the hosts that need no proxy. The first one that is not empty counts.
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Returns the variable with the proxy for a host, and its value. `read` reads a variable.
pub(super) fn proxy_of(
    host: &str,
    port: u16,
    read: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, String)> {
    let first = |names: &'static [&'static str]| {
        names.iter().find_map(|name| {
            let value = read(name)?;
            (!value.trim().is_empty()).then(|| (*name, value.trim().to_owned()))
        })
    };
    let proxy = first(&PROXY)?;
    let (variable, url) = &proxy;
    if variable.eq_ignore_ascii_case("all_proxy") && url.starts_with("socks") {
        tracing::warn!(
            "the client connects directly: it does not support the SOCKS proxy of `{variable}`"
        );
        return None;
    }
    let is_direct = first(&NO_PROXY).is_some_and(|(_, list)| excludes(&list, host, port));
    (!is_direct).then_some(proxy)
}

/// Whether a `NO_PROXY` list contains a host. Its entries are separated by commas or spaces: `*`, domains, IP
/// addresses, and networks such as `10.0.0.0/8`. All but networks can have a port.
fn excludes(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.').to_lowercase();
    let ip: Option<IpAddr> = host.parse().ok();
    let mut entries = list.split([',', ' ']).filter(|entry| !entry.is_empty());
    entries.any(|entry| {
        if entry == "*" {
            return true;
        }
        let entry = entry.to_lowercase();
        let (name, entry_port) = split_port(&entry);
        if entry_port.is_some_and(|wanted| wanted != port) {
            return false;
        }
        match ip {
            Some(ip) => has_ip(name, ip),
            None => has_name(name, &host),
        }
    })
}

/// Splits `host:port`. The colons of an IPv6 address without brackets are not a port's.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if entry.parse::<IpAddr>().is_ok() {
        return (entry, None);
    }
    let split = entry.rsplit_once(':');
    match split.and_then(|(name, port)| Some((name, port.parse().ok()?))) {
        Some((name, port)) => (name, Some(port)),
        None => (entry, None),
    }
}

/// Whether a host is a domain or below it. `a.b`, `.a.b` and `*.a.b` are the same.
fn has_name(domain: &str, host: &str) -> bool {
    let domain = domain.trim_start_matches('*').trim_matches('.');
    let above = host.strip_suffix(domain);
    !domain.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether an IP address is `entry` or in the network `entry`.
fn has_ip(entry: &str, ip: IpAddr) -> bool {
    let parse = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let Some((network, length)) = entry.split_once('/') else {
        return parse(entry) == Some(ip);
    };
    let Ok(length) = length.parse::<u32>() else {
        return false;
    };
    match (parse(network), ip) {
        (Some(IpAddr::V4(network)), IpAddr::V4(ip)) if length <= 32 => {
            let differing = network.to_bits() ^ ip.to_bits();
            differing.leading_zeros() >= length
        }
        (Some(IpAddr::V6(network)), IpAddr::V6(ip)) if length <= 128 => {
            let differing = network.to_bits() ^ ip.to_bits();
            differing.leading_zeros() >= length
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(host: &str, variables: &[(&str, &str)]) -> Option<(&'static str, String)> {
        proxy_of(host, 443, |name| {
            let variable = variables.iter().find(|(other, _)| *other == name);
            variable.map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn lower_case_variables_take_precedence() {
        let all = [
            ("ALL_PROXY", "http://d"),
            ("all_proxy", "http://c"),
            ("HTTPS_PROXY", "http://b"),
            ("https_proxy", "http://a"),
        ];
        for (count, expected) in (1..=all.len()).zip(&all) {
            let found = proxy("ore.example", &all[..count]);
            assert_eq!(found, Some((expected.0, expected.1.to_owned())));
        }
        assert_eq!(proxy("ore.example", &[]), None);
        assert_eq!(proxy("ore.example", &[("HTTP_PROXY", "http://a")]), None);
        let unset = [("https_proxy", " "), ("HTTPS_PROXY", "http://b")];
        assert_eq!(
            proxy("a.b", &unset).map(|(name, _)| name),
            Some("HTTPS_PROXY")
        );
        for name in ["no_proxy", "NO_PROXY"] {
            let direct = [("https_proxy", "http://a"), (name, "ore.example")];
            assert_eq!(proxy("ore.example", &direct), None);
            assert!(proxy("other.example", &direct).is_some());
        }
    }

    #[test]
    fn a_name_matches_its_domain_and_what_is_below() {
        for list in [
            "b.c", ".b.c", "*.b.c", "B.C", "x, b.c", "x b.c,y", "b.c:443", "*",
        ] {
            assert!(excludes(list, "b.c", 443), "{list}");
            assert!(excludes(list, "a.b.C.", 443), "{list}");
        }
        for list in [
            "ab.c",
            "a.b.c",
            "c.b",
            "b.c:80",
            "",
            ",",
            ".",
            "b.c.",
            "10.0.0.0/8",
        ] {
            let expected = list == "b.c.";
            assert_eq!(excludes(list, "b.c", 443), expected, "{list}");
        }
        assert!(!excludes("b.c", "ab.c", 443));
        assert!(excludes("localhost", "localhost", 443));
    }

    #[test]
    fn an_ip_address_matches_itself_and_its_networks() {
        let cases = [
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3:443", "10.1.2.3", true),
            ("10.1.2.3:80", "10.1.2.3", false),
            ("10.1.2.3", "10.1.2.30", false),
            ("2.3", "10.1.2.3", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.1.2.0/31", "10.1.2.1", true),
            ("10.1.2.0/31", "10.1.2.2", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("10.1.2.3/33", "10.1.2.3", false),
            ("10.1.2.3/x", "10.1.2.3", false),
            ("::1", "::1", true),
            ("[::1]", "::1", true),
            ("[::1]:443", "::1", true),
            ("[::1]:80", "::1", false),
            ("0:0::1", "::1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("10.0.0.0/8", "::1", false),
            ("*", "::1", true),
        ];
        for (list, ip, expected) in cases {
            assert_eq!(excludes(list, ip, 443), expected, "{list} {ip}");
        }
    }
}
