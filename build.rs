//! Compiles the wire contract in `proto/`, without needing `protoc` on the PATH.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["tfplugin6.proto", "go_plugin.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // The client is for the tests; it comes without `connect`, so that the provider does not link a transport.
        .build_transport(false)
        // What a provider does not implement answers UNIMPLEMENTED.
        .generate_default_stubs(true)
        // These hold configuration and state. Their Debug is written by hand, and shows neither.
        .skip_debug([".tfplugin6.DynamicValue", ".tfplugin6.RawState"])
        .btree_map(".tfplugin6")
        .compile_fds(descriptors)?;
    Ok(())
}
