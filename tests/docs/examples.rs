//! The examples of a type: their location, and the parts that a page shows.

use std::io;
use std::path::{Path, PathBuf};

use super::{Sort, read};

/// The files in `examples/` for one page. A page needs none of them, but a test requires the example itself.
#[derive(Default)]
pub struct Examples {
    /// The example, in HCL.
    pub usage: Option<String>,
    /// Promises and limits, in Markdown.
    pub notes: Option<String>,
    /// An `import` block by id.
    pub import_block: Option<String>,
    /// An `import` block by identity.
    pub import_identity: Option<String>,
    /// The `terraform import` command.
    pub import_command: Option<String>,
}

/// The folder of a type's examples, below the root.
pub fn folder(sort: Sort, name: &str) -> PathBuf {
    match sort {
        Sort::Provider => PathBuf::from("examples/provider"),
        Sort::Resource => Path::new("examples/resources").join(name),
        Sort::DataSource => Path::new("examples/data-sources").join(name),
        Sort::Ephemeral => Path::new("examples/ephemeral-resources").join(name),
        Sort::List => Path::new("examples/list-resources").join(name),
        Sort::Action => Path::new("examples/actions").join(name),
        Sort::Function => Path::new("examples/functions").join(name),
    }
}

/// The file of the example itself.
pub fn usage(sort: Sort) -> &'static str {
    match sort {
        Sort::Provider => "provider.tf",
        Sort::Resource => "resource.tf",
        Sort::DataSource => "data-source.tf",
        Sort::Ephemeral => "ephemeral-resource.tf",
        Sort::List => "list-resource.tfquery.hcl",
        Sort::Action => "action.tf",
        Sort::Function => "function.tf",
    }
}

impl Examples {
    /// Reads the examples of a type.
    pub fn of(root: &Path, sort: Sort, name: &str) -> io::Result<Self> {
        let folder = root.join(folder(sort, name));
        let text = |file: &str| read(&folder.join(file)).map(|text| text.map(|t| t.trim_end().to_owned()));
        Ok(Self {
            usage: text(usage(sort))?,
            notes: text("notes.md")?,
            import_block: text("import.tf")?,
            import_identity: text("import-by-identity.tf")?,
            import_command: text("import.sh")?,
        })
    }
}
