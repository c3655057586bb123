//! IP addresses and ranges of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses from one to another, of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Addresses {
    first: IpAddr,
    last: IpAddr,
}

impl Addresses {
    /// The one address that `text` spells, if it is one.
    pub(super) fn one(text: &str) -> Option<Self> {
        let address = parse(text)?;
        Some(Self {
            first: address,
            last: address,
        })
    }

    /// A CIDR block: from the address as it is given to the last of the block.
    pub(super) fn block(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [address, bits] = parts[..] else {
            return Err("Malformed CIDR, one '/' required".to_owned());
        };
        let bits: i32 = bits
            .parse()
            .map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        let bits = u32::try_from(bits)
            .map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        let first = parse(address).ok_or_else(|| format!("Nonstandard IP address: {address}"))?;
        let last = match first {
            IpAddr::V4(_) if bits > 31 => return Err("IPv4 mask bits must be < 32".to_owned()),
            IpAddr::V6(_) if bits > 127 => return Err("IPv6 mask bits must be < 128".to_owned()),
            IpAddr::V4(it) => IpAddr::V4(Ipv4Addr::from_bits(
                it.to_bits() | u32::MAX.checked_shr(bits).unwrap_or(0),
            )),
            IpAddr::V6(it) => IpAddr::V6(Ipv6Addr::from_bits(
                it.to_bits() | u128::MAX.checked_shr(bits).unwrap_or(0),
            )),
        };
        Ok(Self { first, last })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && (self.first..=self.last).contains(&address)
    }
}

/// The address that `text` spells.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    // Most texts are none, and say so with their first letter.
    let begins = text.as_bytes().first()?;
    if !(begins.is_ascii_hexdigit() || *begins == b':') || text.len() > 45 {
        return None;
    }
    text.parse().ok()
}
