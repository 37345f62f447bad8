//! Where Terraform and Cloudflare meet: provider configuration, resources, and the wording of diagnostics.
