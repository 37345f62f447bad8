//! Sets of IP addresses, as in a token's condition, compared by their content.

use std::net::IpAddr;

use ipnet::IpNet;

/// A set of IP addresses. Two sets are equal if they contain the same addresses, even if they are written differently: a
/// host is a range of one, host bits do not count, and adjacent ranges are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpSet(Vec<IpNet>);

/// An element that is neither an address nor a range in CIDR notation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{element}\" {fault}")]
pub struct BadIpRange {
    /// The element as it was written.
    pub element: String,
    /// What is wrong with it, and what would be right.
    pub fault: String,
}

impl IpSet {
    /// Reads addresses (`192.0.2.7`, `2001:db8::1`) and CIDR ranges. `Err` has every wrong element.
    pub fn parse<'a>(elements: impl IntoIterator<Item = &'a str>) -> Result<Self, Vec<BadIpRange>> {
        let (mut ranges, mut bad) = (Vec::new(), Vec::new());
        for element in elements {
            match range(element) {
                Ok(range) => ranges.push(range.trunc()),
                Err(fault) => bad.push(BadIpRange { element: element.to_owned(), fault }),
            }
        }
        if bad.is_empty() { Ok(Self::of(ranges)) } else { Err(bad) }
    }

    fn of(ranges: Vec<IpNet>) -> Self {
        let mut ranges = IpNet::aggregate(&ranges);
        ranges.sort();
        Self(ranges)
    }

    /// Whether it contains every IPv4 address or every IPv6 address.
    pub fn is_everywhere(&self) -> bool {
        // A range of IPv6 contains the addresses of IPv4.
        let mapped = IpNet::new(IpAddr::V6(std::net::Ipv4Addr::UNSPECIFIED.to_ipv6_mapped()), 96);
        let holds = |all: &IpNet| self.0.iter().any(|range| range.contains(all));
        self.0.iter().any(|range| range.prefix_len() == 0) || mapped.is_ok_and(|mapped| holds(&mapped))
    }

    /// Whether the address is in the set.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }
}

/// An address or a range in CIDR notation, as the API wants it. A single address is a range of one. `None` if the element
/// is neither.
pub fn cidr(element: &str) -> Option<String> {
    range(element).ok().map(|range| range.to_string())
}

fn range(element: &str) -> Result<IpNet, String> {
    let Some((address, length)) = element.split_once('/') else {
        return element.parse::<IpAddr>().map(IpNet::from).map_err(|_| {
            if element.contains('-') {
                "is a range from one address to another; write ranges in CIDR notation, such as 192.0.2.0/24"
                    .to_owned()
            } else {
                "is not an IP address; write one such as 192.0.2.7 or 2001:db8::1, or a range such as 192.0.2.0/24"
                    .to_owned()
            }
        });
    };
    let address: IpAddr = address.parse().map_err(|_| {
        format!("does not start with an IP address: \"{address}\"; write a range such as 192.0.2.0/24")
    })?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let fault =
        || format!("has a prefix length of \"{length}\"; that of {address} is a number from 0 to {longest}");
    // `u8::from_str` accepts a sign and leading zeros.
    let plain = !length.starts_with('+') && (length == "0" || !length.starts_with('0'));
    let length = length.parse().ok().filter(|_| plain).ok_or_else(fault)?;
    IpNet::new(address, length).map_err(|_| fault())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(elements: &[&str]) -> IpSet {
        IpSet::parse(elements.iter().copied()).unwrap()
    }

    #[test]
    fn sets_are_compared_by_the_addresses_they_hold() {
        assert_eq!(set(&["192.0.2.7"]), set(&["192.0.2.7/32"]));
        assert_eq!(set(&["2001:db8::1"]), set(&["2001:0db8:0::0001/128"]));
        assert_eq!(set(&["123.123.123.100/24"]), set(&["123.123.123.0/24"]));
        assert_eq!(set(&["10.0.0.0/9", "10.128.0.0/9"]), set(&["10.0.0.0/8", "10.1.2.3"]));
        assert_ne!(set(&["10.0.0.0/9"]), set(&["10.0.0.0/8"]));
        assert_ne!(set(&[]), set(&["0.0.0.0/0"]));
    }

    #[test]
    fn everywhere_is_everywhere_however_it_is_written() {
        for everywhere in [&["0.0.0.0/0"][..], &["::/0"], &["0.0.0.0/1", "128.0.0.0/1"], &["::ffff:0:0/96"]] {
            assert!(set(everywhere).is_everywhere(), "{everywhere:?}");
        }
        assert!(!set(&["0.0.0.0/1", "2001:db8::/32"]).is_everywhere());
        assert!(IpSet::parse(["0.0.0.0/00"]).is_err() && IpSet::parse(["0.0.0.0/+0"]).is_err());
    }

    #[test]
    fn addresses_go_out_in_cidr_notation_and_mean_the_same() {
        let cases = [
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:0db8:0::0001", "2001:db8::1/128"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("123.123.123.100/24", "123.123.123.100/24"),
            ("2001:DB8::/32", "2001:db8::/32"),
        ];
        for (written, sent) in cases {
            assert_eq!(cidr(written).as_deref(), Some(sent));
            assert_eq!(set(&[written]), set(&[sent]));
        }
        assert_eq!(cidr("office"), None);
    }

    #[test]
    fn an_address_is_in_the_set_or_not() {
        let set = set(&["192.0.2.0/24", "2001:db8::/32"]);
        assert!(set.contains("192.0.2.200".parse().unwrap()));
        assert!(!set.contains("192.0.3.1".parse().unwrap()));
    }

    #[test]
    fn every_bad_element_is_told_with_what_would_be_right() {
        let bad = ["192.0.2.0/33", "192.0.2.300", "192.0.2.1-192.0.2.9", "::/x", "192.0.2.1", "office/24"];
        let bad = IpSet::parse(bad).unwrap_err();
        let said: Vec<_> = bad.iter().map(|bad| bad.to_string()).collect();
        assert_eq!(said.len(), 5);
        assert!(said[0].contains("0 to 32"), "{said:?}");
        assert!(said[1].contains("not an IP address"), "{said:?}");
        assert!(said[2].contains("CIDR notation"), "{said:?}");
        assert!(said[3].contains("0 to 128"), "{said:?}");
        assert!(said[4].contains("\"office\""), "{said:?}");
    }
}
