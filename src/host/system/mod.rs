//! The differences between operating systems: the place of the files, the safety of their directory, and the way to
//! open them.
//!
//! `unix.rs` and `windows.rs` have the same functions. Only the file for the target system is compiled.

// This module only reads text, so its tests run on every system.
#[cfg(any(windows, test))]
mod rights;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{
    candidates, check_writable, clear_lock, clear_old_lock, has_name, make_directory, open, unsafe_directory,
};
#[cfg(windows)]
pub(super) use windows::{
    candidates, check_writable, clear_lock, clear_old_lock, has_name, make_directory, open, unsafe_directory,
};
