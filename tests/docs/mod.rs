//! What is generated from the provider's schema: the registry's pages, and the golden file that makes a change of the
//! schema a difference that can be reviewed. It knows nothing of Cloudflare: every word comes from the schema, from
//! `examples/` or, in [`tables`], from `data/`.
//!
//! One set of files, and two things to do with it: [`Generated::write`] and [`Generated::differences`]. `docs/guides/`
//! and `docs/design/` are written by hand and left alone.

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

/// How the generated files are brought up to date.
pub const COMMAND: &str = "cargo run --example docs";

/// The folders of which every file is generated.
const OWNED: [&str; 6] = [
    "docs/actions",
    "docs/resources",
    "docs/data-sources",
    "docs/ephemeral-resources",
    "docs/list-resources",
    "docs/functions",
];

/// What a type is to Terraform; it decides on the folders, and on the words of the page.
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

/// The types that have a schema, by what they are to Terraform.
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

/// The provider's schemas. They depend on nothing around them.
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

/// The generated files: path below the root, and content.
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

/// Where the files below the root are not what is generated.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    Missing(PathBuf),
    /// It says something else, from this line on.
    Changed(PathBuf, usize),
    /// It belongs to nothing that the provider has.
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

    /// Makes the files below `root` what is generated, and says what was not.
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

/// The content of a file; none where there is no such file.
fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

/// The number, from 1, of the first line that differs.
fn first_difference(a: &str, b: &str) -> usize {
    a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count() + 1
}

/// The files that are there in the generated folders.
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
