//! Generates files from the provider's schema: the registry's pages, and a golden file that makes every change of the
//! schema visible in a review. This module does not know Cloudflare: every word comes from the schema, from
//! `examples/` or, in [`tables`], from `data/`.
//!
//! [`Generated::write`] writes the files, and [`Generated::differences`] checks them. `docs/guides/` and
//! `docs/design/` are written by hand and never touched.

#![allow(unreachable_pub, reason = "`pub` marks what the command and the tests use; no crate can export it")]
#![allow(dead_code, reason = "the command and the tests use a part each")]

mod attributes;
pub mod examples;
mod golden;
mod pages;
mod prose;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use cloudflare_tokens::provider::{Environment, registry};
use cloudflare_tokens::tf_provider::framework::{Schema, Schemas};

/// The command that updates the generated files.
pub const COMMAND: &str = "cargo run --example docs";

/// The folders that have only generated files.
const OWNED: [&str; 6] = [
    "docs/actions",
    "docs/resources",
    "docs/data-sources",
    "docs/ephemeral-resources",
    "docs/list-resources",
    "docs/functions",
];

/// The kind of a type in Terraform. It decides the folder and the wording of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The provider itself.
    Provider,
    /// A managed resource.
    Resource,
    /// A data source.
    DataSource,
    /// An ephemeral resource.
    Ephemeral,
    /// A list of a managed resource's objects.
    List,
    /// An action.
    Action,
    /// A function.
    Function,
}

/// The types that have a schema, by their kind in Terraform.
pub fn types(schemas: &Schemas) -> [(Sort, &BTreeMap<&'static str, Schema>); 5] {
    [
        (Sort::Resource, &schemas.resources),
        (Sort::DataSource, &schemas.data_sources),
        (Sort::Ephemeral, &schemas.ephemeral_resources),
        (Sort::List, &schemas.list_resources),
        (Sort::Action, &schemas.actions),
    ]
}

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The provider's schemas. They do not depend on the environment.
pub fn schemas() -> Schemas {
    let nothing = Environment {
        api_token: None,
        api_key: None,
        email: None,
        account_id: None,
        base_url: None,
        lock_dirs: Vec::new(),
    };
    registry(nothing).schemas()
}

/// The generated files: the path below the root, and the content.
pub struct Generated(BTreeMap<PathBuf, String>);

/// Generates everything from the schemas and from the examples below `root`.
///
/// # Errors
/// If an example cannot be read.
pub fn generate(schemas: &Schemas, root: &Path) -> io::Result<Generated> {
    let mut files = pages::all(schemas, root)?;
    files.insert(PathBuf::from("tests/golden/schema.json"), golden::of(schemas));
    Ok(Generated(files))
}

/// A difference between the files below the root and the generated ones.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference {
    /// The file does not exist.
    Missing(PathBuf),
    /// The file differs, from this line on.
    Changed(PathBuf, usize),
    /// The file belongs to no type of the provider.
    Stale(PathBuf),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{}: missing", path.display()),
            Self::Changed(path, line) => write!(f, "{}:{line}: out of date", path.display()),
            Self::Stale(path) => write!(f, "{}: of a type that is gone", path.display()),
        }
    }
}

impl Generated {
    /// Compares the files below `root` with the generated ones.
    ///
    /// # Errors
    /// If a file or folder cannot be read.
    pub fn differences(&self, root: &Path) -> io::Result<Vec<Difference>> {
        let mut found = Vec::new();
        for (path, content) in &self.0 {
            match read(&root.join(path))? {
                None => found.push(Difference::Missing(path.clone())),
                Some(there) if there != *content => {
                    found.push(Difference::Changed(path.clone(), first_difference(&there, content)));
                }
                Some(_) => {}
            }
        }
        let there = existing(root)?;
        let stale = there.into_iter().filter(|path| !self.0.contains_key(path));
        found.extend(stale.map(Difference::Stale));
        Ok(found)
    }

    /// Updates the files below `root`, and returns the differences that it found.
    ///
    /// # Errors
    /// If a file cannot be read, written or removed.
    pub fn write(&self, root: &Path) -> io::Result<Vec<Difference>> {
        let differences = self.differences(root)?;
        for difference in &differences {
            match difference {
                Difference::Missing(path) | Difference::Changed(path, _) => {
                    let target = root.join(path);
                    fs::create_dir_all(target.parent().unwrap_or(root))?;
                    fs::write(target, &self.0[path])?;
                }
                Difference::Stale(path) => fs::remove_file(root.join(path))?,
            }
        }
        Ok(differences)
    }
}

/// Reads a file. `None` if there is no such file.
fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

/// The number of the first line that differs, counted from 1.
fn first_difference(a: &str, b: &str) -> usize {
    a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count() + 1
}

/// Lists the files that exist in the generated folders.
fn existing(root: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for folder in OWNED {
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            found.insert(Path::new(folder).join(entry?.file_name()));
        }
    }
    Ok(found)
}
