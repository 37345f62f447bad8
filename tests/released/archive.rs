//! What is in the archive.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::package::platform::Platform;
use crate::package::{NAME, VERSION, root};

/// The largest binary that is released.
const LARGEST: u64 = 9_000_000;

/// The released binary, unpacked.
pub(crate) struct Released {
    folder: TempDir,
}

impl Released {
    /// From the archive for this machine in `target/package`.
    pub(crate) fn unpack() -> Released {
        let platform = Platform::here().expect("releases are built for this platform");
        let archive = root().join(format!("target/package/{NAME}_{VERSION}_{platform}.zip"));
        let file = std::fs::File::open(&archive).unwrap_or_else(|error| {
            panic!("{}: {error}. `cargo run --example package` makes it", archive.display())
        });
        let folder = tempfile::tempdir().unwrap();
        zip::ZipArchive::new(file).unwrap().extract(folder.path()).unwrap();
        Released { folder }
    }

    /// The binary.
    pub(crate) fn binary(&self) -> PathBuf {
        self.folder.path().join(format!("{NAME}_v{VERSION}"))
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn the_binary_runs_and_says_its_version() {
    let released = Released::unpack();
    let said = output(Command::new(released.binary()).arg("-version"));
    assert!(said.ends_with(&format!(" {VERSION}\n")), "{said}");
}

#[test]
fn the_binary_is_small() {
    let size = std::fs::metadata(Released::unpack().binary()).unwrap().len();
    assert!(size <= LARGEST, "{size} bytes");
}

#[test]
fn the_binary_names_no_folder_of_the_machine_that_built_it() {
    let released = Released::unpack();
    let bytes = std::fs::read(released.binary()).unwrap();
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let homes = ["HOME", "CARGO_HOME", "RUSTUP_HOME", "CARGO_TARGET_DIR"].into_iter().filter_map(variable);
    for folder in homes.chain([root().to_owned()]).filter(|folder| *folder != Path::new("/")) {
        let name = format!("{}/", folder.display());
        let at = bytes.windows(name.len()).position(|window| window == name.as_bytes());
        let shown = at.map(|at| String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 120)]).into_owned());
        assert_eq!(shown, None, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_linux_binary_is_static() {
    let said = output(Command::new("ldd").arg(Released::unpack().binary()));
    let static_ = ["statically linked", "not a dynamic executable"].iter().any(|words| said.contains(words));
    assert!(static_, "{said}");
}
