//! Terraform's semantics without protobuf: values, types, paths, diagnostics, schema, planning, typed traits.
