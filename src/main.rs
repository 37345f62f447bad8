//! The provider's process: reads the environment once, starts logging, serves.

use std::process::ExitCode;

use cloudflare_tokens::model;
use cloudflare_tokens::tf_provider::framework::{Diagnostics, Provider, Server, report_panics};
use cloudflare_tokens::tf_provider::plugin::{self, About, Environment};

const ABOUT: About = About {
    address: "registry.terraform.io/cloudflare-tokens/cloudflare-tokens",
    version: env!("CARGO_PKG_VERSION"),
    installation: "\
This is a provider for Terraform and OpenTofu, which start it themselves. To install it, name it in the
`required_providers` block and run `terraform init`; to use a binary of your own, point a `dev_overrides` or
`filesystem_mirror` block of the CLI configuration at its directory. See README.md.
With -debug it serves until Ctrl-C and prints the TF_REATTACH_PROVIDERS value that attaches Terraform to it.",
};

model! {
    /// Nothing yet.
    pub struct Config {}
}

struct Nothing;

#[async_trait::async_trait]
impl Provider for Nothing {
    type Config = Config;

    async fn configure(&self, _: Config) -> Diagnostics {
        Diagnostics::none()
    }

    async fn stop(&self) {}
}

fn main() -> ExitCode {
    let environment = Environment::from_process();
    plugin::start_logging(&environment);
    report_panics();
    plugin::run(ABOUT, &environment, || Server::builder(Nothing).build())
}
