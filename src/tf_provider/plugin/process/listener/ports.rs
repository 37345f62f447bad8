//! Which port a listener on TCP takes: the first free one of those that the host names. Pure, but for the attempts.

use std::io;
use std::ops::RangeInclusive;

/// The ports that the host names by `PLUGIN_MIN_PORT` and `PLUGIN_MAX_PORT`; without either, port 0, for which the system
/// chooses one.
///
/// # Errors
/// If one of them is no port, or the range is empty.
pub fn ports(min: Option<&str>, max: Option<&str>) -> io::Result<RangeInclusive<u16>> {
    let port = |name, text: Option<&str>| {
        text.map(|text| text.trim().parse::<u16>().map_err(|_| bad(format!("{name} is no port: {text}"))))
            .transpose()
    };
    let range = match (port("PLUGIN_MIN_PORT", min)?, port("PLUGIN_MAX_PORT", max)?) {
        (None, None) => 0..=0,
        // Those below 1024 belong to the system.
        (None, Some(max)) => 1024..=max,
        (Some(min), max) => min..=max.unwrap_or(u16::MAX),
    };
    if range.is_empty() {
        return Err(bad(format!("there is no port from {} to {}", range.start(), range.end())));
    }
    Ok(range)
}

/// The first port that can be listened on. What is in use, or kept by the system, is passed over.
///
/// # Errors
/// If none of them can be, with the last one's reason.
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
