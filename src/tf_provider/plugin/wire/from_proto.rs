//! The wire's messages in the framework's vocabulary. Values are read in `dynamic_value`.

use super::proto;
use crate::tf_provider::framework::ClientCapabilities;

/// What the client can do; older ones say nothing.
pub(crate) fn client(capabilities: Option<proto::ClientCapabilities>) -> ClientCapabilities {
    let write_only_attributes = capabilities.as_ref().is_some_and(|c| c.write_only_attributes_allowed);
    let deferral = capabilities.is_some_and(|c| c.deferral_allowed);
    ClientCapabilities { write_only_attributes, deferral }
}
