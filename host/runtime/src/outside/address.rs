//! Which addresses a connection may go to. Every address that a name resolves to is checked, and the connection goes to
//! an address that was checked: there is no second look-up.
//!
//! Sources: the IANA special-purpose address registries for IPv4 and IPv6, and the metadata addresses of the large
//! clouds. What is not known to be public is closed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Addresses of one name that are looked at; a name with more is refused.
const ADDRESSES_MAX: usize = 64;

/// Instance metadata and host agents of clouds: whoever reaches them gets the machine's own rights.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// What an address is to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressClass {
    Public,
    Loopback,
    /// Of a private network: open where the connection opts in.
    Private,
    /// Never open; the text says what it is.
    Closed(&'static str),
}

/// How far a connection may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AddressRule {
    /// `private-addresses = true`.
    pub private: bool,
    /// Without TLS, only this machine.
    pub loopback_only: bool,
}

/// A name or address that the rule does not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AddressRefused(String);

impl fmt::Display for AddressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressRefused {}

pub(super) fn class(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

fn class_v4(address: Ipv4Addr) -> AddressClass {
    use AddressClass::{Closed, Loopback, Private, Public};
    if METADATA_V4.contains(&address) {
        return Closed("a metadata address");
    }
    match address.octets() {
        [0, ..] => Closed("an address of \"this network\""),
        [127, ..] => Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Private,
        // Shared by providers and by overlay networks (RFC 6598).
        [100, 64..=127, ..] => Private,
        [169, 254, ..] => Closed("a link-local address"),
        [192, 0, 0, _] => Closed("an address for protocol assignments"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Closed("a documentation address"),
        [192, 88, 99, _] => Closed("a 6to4 relay address"),
        [198, 18..=19, ..] => Closed("a benchmarking address"),
        [224..=239, ..] => Closed("a multicast address"),
        [255, 255, 255, 255] => Closed("the broadcast address"),
        [240..=255, ..] => Closed("a reserved address"),
        _ => Public,
    }
}

fn class_v6(address: Ipv6Addr) -> AddressClass {
    use AddressClass::{Closed, Loopback, Private, Public};
    if METADATA_V6.contains(&address) {
        return Closed("a metadata address");
    }
    if let Some(v4) = address.to_ipv4_mapped() {
        return class_v4(v4);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Loopback,
        [0, 0, 0, 0, 0, 0, 0, 0] => Closed("the unspecified address"),
        [0, 0, 0, 0, 0, 0, ..] => Closed("an IPv4-compatible address"),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to the IPv4 address inside. Neither may carry one that is not public.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => translated(high, low),
        [0x2002, high, low, ..] => translated(high, low),
        [0x64, 0xff9b, ..] => Closed("a local translation address"),
        [0x100, ..] => Closed("a discard address"),
        [0x2001, 0, ..] => Closed("a Teredo address"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Closed("a documentation address"),
        [0x2001, 1..=0x1ff, ..] => Closed("an address for protocol assignments"),
        [0xfc00..=0xfdff, ..] => Private,
        [0xfe80..=0xfebf, ..] => Closed("a link-local address"),
        [0xfec0..=0xfeff, ..] => Closed("a site-local address"),
        [0xff00..=0xffff, ..] => Closed("a multicast address"),
        [0x2000..=0x3fff, ..] => Public,
        _ => Closed("an address outside the public range"),
    }
}

fn translated(high: u16, low: u16) -> AddressClass {
    match class_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))) {
        AddressClass::Public => AddressClass::Public,
        AddressClass::Closed(what) => AddressClass::Closed(what),
        AddressClass::Loopback | AddressClass::Private => AddressClass::Closed("a private address in translation"),
    }
}

impl AddressRule {
    /// `host` is the name that was asked for, as the refusal names it.
    pub(super) fn check(self, host: &str, address: IpAddr) -> Result<(), AddressRefused> {
        let refused = |why: &str| Err(AddressRefused(format!("{host} is at {address}, {why}")));
        match class(address) {
            AddressClass::Closed(what) => refused(&format!("{what}, which no connection may reach")),
            AddressClass::Loopback | AddressClass::Private if !self.private => refused(
                "which is not a public address. If that is meant, add `private-addresses = true` to the connection in \
                 the system file",
            ),
            AddressClass::Public | AddressClass::Private if self.loopback_only => {
                refused("which is another machine; without TLS a connection may go to this machine only. Use TLS")
            }
            _ => Ok(()),
        }
    }

    /// Looks a name up and checks all that it resolves to: one address that is closed shuts out the name.
    pub(super) async fn resolve(self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = look_up(bare, port).await;
        let addresses = found.map_err(|error| ResolveError::NotFound(format!("{host} can't be resolved: {error}")))?;
        if addresses.is_empty() {
            return Err(ResolveError::NotFound(format!("{host} resolves to no address")));
        }
        if addresses.len() > ADDRESSES_MAX {
            let why = format!("{host} resolves to more than {ADDRESSES_MAX} addresses");
            return Err(ResolveError::Refused(AddressRefused(why)));
        }
        for address in &addresses {
            self.check(host, address.ip()).map_err(ResolveError::Refused)?;
        }
        Ok(addresses)
    }
}

async fn look_up(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    #[cfg(test)]
    if let Some(addresses) = super::tests::names::next(host) {
        return Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect());
    }
    tokio::net::lookup_host((host, port)).await.map(|found| found.take(ADDRESSES_MAX + 1).collect())
}

#[derive(Debug)]
pub(super) enum ResolveError {
    Refused(AddressRefused),
    NotFound(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC_ONLY: AddressRule = AddressRule { private: false, loopback_only: false };
    const PRIVATE_TOO: AddressRule = AddressRule { private: true, loopback_only: false };
    const THIS_MACHINE: AddressRule = AddressRule { private: true, loopback_only: true };

    fn open(rule: AddressRule, address: &str) -> bool {
        rule.check("host", address.parse().unwrap()).is_ok()
    }

    #[test]
    fn public_addresses_are_open() {
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001:80b::200e",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(open(PUBLIC_ONLY, address), "{address}");
            assert!(open(PRIVATE_TOO, address), "{address}");
            assert!(!open(THIS_MACHINE, address), "{address}");
        }
    }

    #[test]
    fn private_addresses_are_open_to_those_who_opt_in() {
        for address in [
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "fd12:3456::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "::ffff:192.168.1.1",
        ] {
            assert!(!open(PUBLIC_ONLY, address), "{address}");
            assert!(open(PRIVATE_TOO, address), "{address}");
            assert!(!open(THIS_MACHINE, address), "{address}");
        }
    }

    #[test]
    fn loopback_is_open_to_those_who_opt_in_also_without_tls() {
        for address in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"] {
            assert!(!open(PUBLIC_ONLY, address), "{address}");
            assert!(open(PRIVATE_TOO, address), "{address}");
            assert!(open(THIS_MACHINE, address), "{address}");
        }
    }

    #[test]
    fn metadata_link_local_and_the_like_are_closed_to_everybody() {
        for address in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::127.0.0.1",
            "::10.0.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "2001:db8::1",
            "3fff::1",
            "198.18.0.1",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.255",
            "ff02::1",
            "255.255.255.255",
            "240.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "2002:a9fe:a9fe::1",
            "2002:7f00:1::1",
            "2002:a00:1::",
            "2001::1",
            "100::1",
            "4000::1",
            "::ffff:0:127.0.0.1",
        ] {
            assert!(!open(PUBLIC_ONLY, address), "{address}");
            assert!(!open(PRIVATE_TOO, address), "{address}");
            assert!(!open(THIS_MACHINE, address), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to_in_every_spelling() {
        // The resolver reads the last three as 127.0.0.1.
        for host in [
            "localhost",
            "localhost.",
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
        ] {
            match PUBLIC_ONLY.resolve(host, 80).await {
                Err(ResolveError::Refused(refused)) => {
                    assert!(refused.to_string().contains("private-addresses = true"), "{host}: {refused}");
                }
                Err(ResolveError::NotFound(_)) if host == "localhost." => {}
                other => panic!("{host}: {other:?}"),
            }
        }
        assert!(THIS_MACHINE.resolve("127.0.0.1", 80).await.is_ok());
    }
}
