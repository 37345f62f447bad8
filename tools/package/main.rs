//! Makes a release: builds binaries, or takes existing ones, and packs them for registries and mirrors.

#![allow(
    clippy::disallowed_methods,
    reason = "this tool reads the environment and the clock where it needs them"
)]

#[path = "build.rs"]
mod build;
#[path = "mod.rs"]
mod package;

use std::path::PathBuf;
use std::process::ExitCode;

use package::platform::{PLATFORMS, Platform};
use package::{Release, Result, root};

const USAGE: &str = "\
usage: cargo run --example package -- [OPTION]...

Without --target and --binary it builds for this machine.

  --target PLATFORM        build for this platform (linux_amd64, or the compiler's name for it)
  --binary PLATFORM=FILE   take this binary for the platform
  --out FOLDER             write the release there, not to target/package
  --sign KEY               sign the checksums with this key of gpg's
  --mirror FOLDER          add the release to a mirror, too
  --check PLATFORM         only check that it compiles for this platform, or for all `others` than this machine's";

#[derive(Default)]
struct Options {
    targets: Vec<Platform>,
    binaries: Vec<(Platform, PathBuf)>,
    out: Option<PathBuf>,
    sign: Option<String>,
    mirror: Option<PathBuf>,
    checked: Vec<Platform>,
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a command for people who release the provider")]
fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if !options.checked.is_empty() {
        return match build::check(&options.checked) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    match make(options) {
        Ok(release) => {
            for archive in &release.archives {
                println!("{}  {}", archive.sha256, archive.path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn make(options: Options) -> Result<Release> {
    let mut binaries = options.binaries;
    for platform in options.targets {
        binaries.push((platform, build::build(platform)?));
    }
    let out = options.out.unwrap_or_else(|| root().join("target/package"));
    let release = Release::pack(binaries, &out)?;
    if let Some(key) = options.sign {
        release.sign(&key)?;
    }
    if let Some(mirror) = options.mirror {
        release.add_to_mirror(&mirror)?;
    }
    Ok(release)
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options::default();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--target" => options.targets.push(platform(&value)?),
            "--binary" => {
                let (name, file) = value.split_once('=').ok_or("--binary is PLATFORM=FILE")?;
                options.binaries.push((platform(name)?, file.into()));
            }
            "--out" => options.out = Some(value.into()),
            "--sign" => options.sign = Some(value),
            "--check" if value == "others" => {
                options.checked.extend(PLATFORMS.into_iter().filter(|p| Some(*p) != Platform::here()));
            }
            "--check" => options.checked.push(platform(&value)?),
            "--mirror" => options.mirror = Some(value.into()),
            other => return Err(format!("there is no option {other}").into()),
        }
    }
    if options.targets.is_empty() && options.binaries.is_empty() && options.checked.is_empty() {
        options.targets.push(Platform::here().ok_or("releases are not built for this platform")?);
    }
    Ok(options)
}

fn platform(name: &str) -> Result<Platform> {
    Platform::find(name).ok_or_else(|| {
        let known: Vec<_> = PLATFORMS.iter().map(ToString::to_string).collect();
        format!("{name:?} is no platform that releases are built for: {}", known.join(", ")).into()
    })
}
