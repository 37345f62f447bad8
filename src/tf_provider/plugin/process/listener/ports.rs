//! Chooses a TCP port: the first free one in the range that the host gives. Pure, apart from the attempts to listen.

use std::io;
use std::ops::RangeInclusive;

/// The range of ports from `PLUGIN_MIN_PORT` and `PLUGIN_MAX_PORT`. If neither is set, it is port 0, and the system
/// chooses a port.
///
/// # Errors
/// If one of them is not a port, or the range is empty.
pub fn ports(min: Option<&str>, max: Option<&str>) -> io::Result<RangeInclusive<u16>> {
    let port = |name, text: Option<&str>| {
        text.map(|text| text.trim().parse::<u16>().map_err(|_| bad(format!("{name} is no port: {text}"))))
            .transpose()
    };
    let range = match (port("PLUGIN_MIN_PORT", min)?, port("PLUGIN_MAX_PORT", max)?) {
        (None, None) => 0..=0,
        // Ports below 1024 belong to the system.
        (None, Some(max)) => 1024..=max,
        (Some(min), max) => min..=max.unwrap_or(u16::MAX),
    };
    if range.is_empty() {
        return Err(bad(format!("there is no port from {} to {}", range.start(), range.end())));
    }
    Ok(range)
}

/// Listens on the first free port. Ports that are in use or reserved by the system are skipped.
///
/// # Errors
/// If no port is free. The error has the reason of the last attempt.
pub fn first_free<L>(ports: RangeInclusive<u16>, listen: impl Fn(u16) -> io::Result<L>) -> io::Result<L> {
    let (first, last) = (*ports.start(), *ports.end());
    let mut reason = None;
    for port in ports {
        match listen(port) {
            Ok(listener) => return Ok(listener),
            Err(error) => reason = Some(error),
        }
    }
    let reason = reason.map(|error| error.to_string()).unwrap_or_default();
    let what = format!("cannot listen on 127.0.0.1, on any port from {first} to {last} ({reason})");
    Err(io::Error::new(io::ErrorKind::AddrInUse, what))
}

fn bad(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_names_the_ports() {
        assert_eq!(ports(None, None).unwrap(), 0..=0);
        assert_eq!(ports(Some("10000"), Some("25000")).unwrap(), 10000..=25000);
        assert_eq!(ports(Some("10000"), None).unwrap(), 10000..=65535);
        assert_eq!(ports(None, Some("2000")).unwrap(), 1024..=2000);
        for (min, max) in
            [(Some("2"), Some("1")), (Some("x"), None), (None, Some("65536")), (None, Some("80"))]
        {
            assert_eq!(ports(min, max).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{min:?} {max:?}");
        }
    }

    #[test]
    fn the_first_free_port_is_taken() {
        let listen = |port| if port < 7 { Err(io::ErrorKind::AddrInUse.into()) } else { Ok(port) };
        assert_eq!(first_free(5..=9, listen).unwrap(), 7);
        let none = first_free(3..=6, listen).unwrap_err().to_string();
        assert!(none.contains("from 3 to 6"), "{none}");
    }
}
