//! Random numbers from the operating system.

use data_encoding::BASE32;
pub use getrandom::Error as NoRandomNumbers;

/// Random bytes.
///
/// # Errors
/// Where the operating system gives none.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomNumbers> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A random fraction from 0 up to 1. Without random numbers it is 1, so that a wait for a random part of a time is a wait
/// for all of it.
pub fn fraction() -> f64 {
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

/// A unique name: the prefix, and 100 random bits as 20 letters and digits.
///
/// # Errors
/// Where the operating system gives no random numbers.
pub fn name(prefix: &str) -> Result<String, NoRandomNumbers> {
    let text = BASE32.encode(&bytes::<13>()?).to_ascii_lowercase();
    Ok(format!("{prefix}{}", &text[..20]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_prefix_and_twenty_characters_and_never_the_same() {
        let (one, other) = (name("tf-").unwrap(), name("tf-").unwrap());
        assert_ne!(one, other);
        let rest = one.strip_prefix("tf-").unwrap();
        assert!(rest.len() == 20 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    }

    #[test]
    fn a_fraction_is_between_nothing_and_the_whole() {
        let all: Vec<f64> = (0..100).map(|_| fraction()).collect();
        assert!(all.iter().all(|part| (0.0..=1.0).contains(part)));
        assert!(all.iter().any(|part| *part != all[0]));
    }
}
