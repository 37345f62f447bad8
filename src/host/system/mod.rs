//! What differs between operating systems: where the files are, who may use their directory, and how they are opened.
//!
//! `unix.rs` and `windows.rs` have the same functions, and only the one of the system that is built for is compiled.

// Reads text, so that its tests run everywhere.
#[cfg(any(windows, test))]
mod rights;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{
    candidates, check_writable, clear_lock, has_name, make_directory, open, unsafe_directory,
};
#[cfg(windows)]
pub(super) use windows::{
    candidates, check_writable, clear_lock, has_name, make_directory, open, unsafe_directory,
};
