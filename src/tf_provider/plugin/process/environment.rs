//! The arguments and environment variables of the process, read once and passed on as a value.

use std::ffi::OsStr;
use std::path::PathBuf;

/// Arguments and environment of the process, as far as the plugin layer is concerned.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The arguments after the program's name.
    pub arguments: Vec<String>,
    /// `TF_PLUGIN_MAGIC_COOKIE`: Terraform sets it to show that it started the plugin.
    pub magic_cookie: Option<String>,
    /// `PLUGIN_PROTOCOL_VERSIONS`: the major versions that the host speaks, separated by commas.
    pub protocol_versions: Option<String>,
    /// `PLUGIN_CLIENT_CERT`: the host's certificate, as PEM. Without it there is no TLS. On a network that others can
    /// reach, the plugin then refuses to serve.
    pub client_certificate: Option<String>,
    /// `PLUGIN_MIN_PORT`: the first TCP port that the host allows.
    pub min_port: Option<String>,
    /// `PLUGIN_MAX_PORT`: the last TCP port that the host allows.
    pub max_port: Option<String>,
    /// `TF_LOG_PROVIDER`, or `TF_LOG` if that is not set.
    pub log_level: Option<String>,
    /// The directory for sockets.
    pub temporary_directory: PathBuf,
}

impl Environment {
    /// The environment of this process.
    #[allow(clippy::disallowed_methods, reason = "this is where the plugin's environment is read")]
    pub fn from_process() -> Self {
        Self {
            arguments: std::env::args().skip(1).collect(),
            magic_cookie: variable("TF_PLUGIN_MAGIC_COOKIE"),
            protocol_versions: variable("PLUGIN_PROTOCOL_VERSIONS"),
            client_certificate: variable("PLUGIN_CLIENT_CERT"),
            min_port: variable("PLUGIN_MIN_PORT"),
            max_port: variable("PLUGIN_MAX_PORT"),
            log_level: variable("TF_LOG_PROVIDER").or_else(|| variable("TF_LOG")),
            temporary_directory: std::env::temp_dir(),
        }
    }

    /// Whether the command line has this flag. As in Go, a flag has one dash or two.
    pub(super) fn has_flag(&self, flag: &str) -> bool {
        self.arguments.iter().any(|a| a.strip_prefix("--").or_else(|| a.strip_prefix('-')) == Some(flag))
    }
}

/// A variable that is set and not empty.
#[allow(clippy::disallowed_methods, reason = "a part of the same reading")]
fn variable(name: impl AsRef<OsStr>) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
