//! Builds the binary for a platform. The binary depends only on the source and the compilers: it contains no path of
//! this machine. Linux binaries are linked with musl, and Windows binaries with Windows' C library. Zig's C compiler
//! links both, because it is the same on every machine. macOS binaries need Apple's linker.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use super::package::platform::Platform;
use super::package::{NAME, Result, root};

/// The C compiler, and the cargo command that links with it. PyPI has both for every machine.
const TOOLS: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// Builds the release binary for a platform.
///
/// # Errors
/// If a tool is absent and cannot be installed, or the build fails.
pub(super) fn build(platform: Platform) -> Result<PathBuf> {
    add_target(platform.target)?;
    let target_folder = target_folder();
    let mut cargo = cargo();
    if platform.os != "darwin" {
        let bin = tools(&target_folder.join("zig"))?;
        let path = env::var_os("PATH").unwrap_or_default();
        cargo.env("PATH", env::join_paths(std::iter::once(bin).chain(env::split_paths(&path)))?);
        cargo.arg("zigbuild");
    } else {
        cargo.arg("build");
    }
    cargo.args(["--quiet", "--locked", "--release", "--target", platform.target, "--bin", NAME]);
    let flags: Vec<_> = paths(&target_folder)
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect();
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    run(cargo.current_dir(root()))?;
    Ok(target_folder.join(platform.target).join("release").join(platform.program(NAME)))
}

/// Checks that the source compiles for these platforms without warnings. It compiles no C code: settings replace
/// the output of aws-lc's build script.
///
/// # Errors
/// If the source does not compile, or a tool is absent.
pub(super) fn check(platforms: &[Platform]) -> Result<()> {
    let library = c_library()?;
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--locked", "--lib", "--bins"]);
    // In a directory of its own, so that other commands of Cargo need not wait for it.
    clippy.arg("--target-dir").arg(target_folder().join("others"));
    for Platform { target, .. } in platforms {
        add_target(target)?;
        // Selects the declarations of the library's functions that fit all platforms.
        let bindings = format!("target.{target}.{library}.rustc-cfg=[\"universal\"]");
        let include = format!("target.{target}.{library}.include=\"unused\"");
        clippy.args(["--target", target, "--config", &bindings, "--config", &include]);
    }
    run(clippy.args(["--", "-D", "warnings"]).current_dir(root()))
}

fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo's name for the library that aws-lc's build script makes. The name contains a version.
fn c_library() -> Result<String> {
    let listed =
        cargo().args(["metadata", "--locked", "--format-version", "1"]).current_dir(root()).output()?;
    let listed: Json = serde_json::from_slice(&listed.stdout)?;
    let packages = listed["packages"].as_array().into_iter().flatten();
    let found = packages.filter(|package| package["name"] == "aws-lc-sys").find_map(|p| p["links"].as_str());
    Ok(found.ok_or("there is no aws-lc-sys among the dependencies")?.to_owned())
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folders that differ between machines, and their replacements in the binary. The last match counts.
fn paths(target_folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cargo_home = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    vec![(cargo_home, "/cargo"), (root().to_owned(), "/source"), (target_folder.to_owned(), "/target")]
}

/// Adds the standard library for a target, if rustup manages the compiler.
fn add_target(target: &str) -> Result<()> {
    match Command::new("rustup").arg("--version").output() {
        Ok(_) => run(Command::new("rustup").args(["--quiet", "target", "add", target]).current_dir(root())),
        Err(_) => Ok(()),
    }
}

/// Installs the tools once, and returns the folder of their commands.
fn tools(venv: &Path) -> Result<PathBuf> {
    let (bin, note) = (venv.join("bin"), venv.join("installed"));
    let wanted = TOOLS.join(" ");
    if std::fs::read_to_string(&note).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
        run(Command::new(bin.join("python")).args(["-m", "pip", "install", "--quiet"]).args(TOOLS))?;
        std::fs::write(note, wanted)?;
    }
    Ok(bin)
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{program} cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
