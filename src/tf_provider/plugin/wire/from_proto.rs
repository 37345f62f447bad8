//! Converts the wire's messages into the framework's types. `dynamic_value` reads values.

use super::proto;
use crate::tf_provider::framework::ClientCapabilities;

/// The client's capabilities. Older clients send none.
pub(crate) fn client(capabilities: Option<proto::ClientCapabilities>) -> ClientCapabilities {
    let write_only_attributes = capabilities.as_ref().is_some_and(|c| c.write_only_attributes_allowed);
    let deferral = capabilities.is_some_and(|c| c.deferral_allowed);
    ClientCapabilities { write_only_attributes, deferral }
}
