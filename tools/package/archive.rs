//! A zip file that depends only on its content: names, bytes and modes. Every entry has the same time.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::Result;

/// A file in the archive.
pub struct Entry {
    /// The file's name. Archives of providers have no folders.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Whether the file is executable.
    pub executable: bool,
}

/// Writes the entries in the given order.
///
/// # Errors
/// If the file cannot be written.
pub fn pack(entries: &[Entry], to: &Path) -> Result<()> {
    let mut zip = ZipWriter::new(File::create(to)?);
    for entry in entries {
        let mode = if entry.executable { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        zip.start_file(&entry.name, options)?;
        zip.write_all(&entry.content)?;
    }
    zip.finish()?;
    Ok(())
}

/// The SHA-256 of bytes, as lower-case hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The hash of an unpacked archive for lock files, `h1:…`. It is Go's `dirhash.Hash1`: a hash over the sorted list of
/// the files' hashes and names.
pub fn h1(entries: &[Entry]) -> String {
    let mut lines: Vec<_> = entries
        .iter()
        .map(|entry| (&entry.name, format!("{}  {}\n", sha256(&entry.content), entry.name)))
        .collect();
    lines.sort();
    let list: String = lines.into_iter().map(|(_, line)| line).collect();
    format!("h1:{}", BASE64.encode(&Sha256::digest(list)))
}
