//! The platforms that releases are built for.

use std::fmt;

/// An operating system and an architecture, with the names of Go, Terraform and OCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// `linux`, `darwin`, `windows`.
    pub os: &'static str,
    /// `amd64`, `arm64`.
    pub arch: &'static str,
    /// The compiler's name for the platform. Linux binaries are static, so that they start on any distribution.
    pub target: &'static str,
}

/// All platforms.
pub const PLATFORMS: [Platform; 5] = [
    Platform { os: "darwin", arch: "amd64", target: "x86_64-apple-darwin" },
    Platform { os: "darwin", arch: "arm64", target: "aarch64-apple-darwin" },
    Platform { os: "linux", arch: "amd64", target: "x86_64-unknown-linux-musl" },
    Platform { os: "linux", arch: "arm64", target: "aarch64-unknown-linux-musl" },
    Platform { os: "windows", arch: "amd64", target: "x86_64-pc-windows-gnu" },
];

impl Platform {
    /// Finds a platform by its name (`linux_amd64`) or its compiler target (`x86_64-unknown-linux-musl`).
    pub fn find(name: &str) -> Option<Self> {
        PLATFORMS.into_iter().find(|platform| platform.to_string() == name || platform.target == name)
    }

    /// The file name of a program on this platform.
    pub fn program(&self, name: &str) -> String {
        format!("{name}{}", if self.os == "windows" { ".exe" } else { "" })
    }

    /// The platform of this machine. `None` if releases do not support it.
    pub fn here() -> Option<Self> {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        let os = if os == "macos" { "darwin" } else { os };
        PLATFORMS
            .into_iter()
            .find(|platform| platform.os == os && platform.target.split('-').next() == Some(arch))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}
