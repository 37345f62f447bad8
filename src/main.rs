//! The provider's process: reads the environment once, starts logging, and serves.

use std::alloc::System;
use std::process::ExitCode;

use cloudflare_tokens::provider;
use cloudflare_tokens::tf_provider::framework::report_panics;
use cloudflare_tokens::tf_provider::plugin::{self, About, Environment};
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory when it is freed. Values pass through buffers of the TLS, HTTP and gRPC libraries, which do not
/// wipe them. So a core dump of an idle provider contains its own credential, but no value that it passed on.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

const ABOUT: About = About {
    address: provider::ADDRESS,
    version: env!("CARGO_PKG_VERSION"),
    installation: "\
This is a provider for Terraform and OpenTofu, which start it themselves. To install it, name it in the
`required_providers` block and run `terraform init`; to use a binary of your own, point a `dev_overrides` or
`filesystem_mirror` block of the CLI configuration at its directory. See README.md.
With -debug it serves until Ctrl-C and prints the TF_REATTACH_PROVIDERS value that attaches Terraform to it.",
};

fn main() -> ExitCode {
    let environment = Environment::from_process();
    plugin::start_logging(&environment);
    report_panics();
    plugin::run(ABOUT, &environment, || provider::registry(provider::Environment::from_process()))
}
