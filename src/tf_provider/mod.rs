//! A Terraform provider SDK that knows no Cloudflare: Terraform's semantics, and the wire under them.

pub mod framework;
pub mod plugin;
