//! The process from its first instruction to its exit code.
//!
//! Work that the handshake line does not need comes after it: a plan starts three processes and waits for each line.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::environment::Environment;
use super::handshake::{self, PROTOCOL};
use super::listener::{self, Address, Listener, NETWORK};
use super::serve::{Mode, serve};
use super::signals::Signals;
use super::tls::{self, ServerTls};
use crate::tf_provider::framework::Registry;

/// The names of a provider, for messages and for the line that `-debug` prints.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The address with its registry: `registry.terraform.io/<namespace>/<type>`.
    pub address: &'static str,
    /// Its version.
    pub version: &'static str,
    /// How to install it, for people who start it by hand.
    pub installation: &'static str,
}

/// Runs the provider as Terraform's plugin, or does what `-debug`, `-version` or `-help` asks for. Logging must already
/// be on.
///
/// stdout gets only the handshake line, apart from what those flags print.
pub fn run(about: About, environment: &Environment, build: impl FnOnce() -> Registry) -> ExitCode {
    let done = if environment.has_flag("version") {
        say(&format!("{} {}", about.address, about.version))
    } else if environment.has_flag("help") || environment.has_flag("h") {
        say(about.installation)
    } else if environment.has_flag("debug") {
        debug(about, environment, build)
    } else {
        plugin(environment, build)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = format!("{} {}: {error}.\n", about.address, about.version);
            if error.is::<handshake::Refusal>() {
                text.push_str(about.installation);
                text.push('\n');
            }
            // If stderr is closed, the error cannot be reported anywhere.
            let _ = io::stderr().write_all(text.as_bytes());
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn Error>>;

fn plugin(environment: &Environment, build: impl FnOnce() -> Registry) -> Outcome {
    handshake::check(environment)?;
    let tls = environment.client_certificate.as_deref().map(tls::server).transpose()?;
    handshake::check_encrypted(NETWORK, tls.is_some())?;
    let certificate = tls.as_ref().map(|tls| tls.certificate.clone());
    let line = |address: &Address| handshake::line(address, certificate.as_deref());
    let acceptor = |ServerTls { config, .. }| TlsAcceptor::from(config);
    serve_until_done(environment, Mode::Managed(tls.map(acceptor)), line, build)
}

fn debug(about: About, environment: &Environment, build: impl FnOnce() -> Registry) -> Outcome {
    handshake::check_debugged(NETWORK, io::stdout().is_terminal())?;
    let line = |address: &Address| {
        let reattach = reattach(about.address, std::process::id(), address);
        format!(
            "Provider started. To attach Terraform CLI, set the TF_REATTACH_PROVIDERS environment variable with the \
             following:\n\n\tTF_REATTACH_PROVIDERS='{reattach}'\n"
        )
    };
    serve_until_done(environment, Mode::Debug, line, build)
}

/// The value for `TF_REATTACH_PROVIDERS`. `Test` must be true, because Terraform would otherwise shut the provider
/// down.
fn reattach(provider: &str, pid: u32, address: &Address) -> String {
    let address = json!({"Network": address.network().name(), "String": address.to_string()});
    let instance =
        json!({"Protocol": "grpc", "ProtocolVersion": PROTOCOL, "Pid": pid, "Test": true, "Addr": address});
    // OpenTofu's registry has another host.
    let opentofu = provider.replacen("registry.terraform.io/", "registry.opentofu.org/", 1);
    json!({ provider: instance, opentofu: instance }).to_string()
}

fn serve_until_done(
    environment: &Environment,
    mode: Mode,
    line: impl FnOnce(&Address) -> String,
    build: impl FnOnce() -> Registry,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let inside = runtime.enter();
    let listener: Listener = listener::bind(environment)?;
    // The handlers come before the line: a signal right after the line would otherwise leave the socket behind.
    let signals = Signals::new()?;
    say(&line(listener.address()))?;
    let server = Arc::new(build());
    drop(inside);
    runtime.block_on(serve(listener, mode, signals, server));
    // All important work is finished. The remaining tasks need no wait.
    runtime.shutdown_background();
    Ok(())
}

fn say(line: &str) -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reattach_line_is_what_terraform_reads() {
        let instance = r#"{"Addr":{"Network":"unix","String":"/tmp/x/s"},"Pid":7,"Protocol":"grpc","ProtocolVersion":6,"Test":true}"#;
        assert_eq!(
            reattach("registry.terraform.io/a/b", 7, &Address::Unix("/tmp/x/s".into())),
            format!(r#"{{"registry.opentofu.org/a/b":{instance},"registry.terraform.io/a/b":{instance}}}"#)
        );
    }
}
