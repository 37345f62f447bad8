//! Token policies as a domain of their own, pure: no async, no HTTP, no Terraform.
