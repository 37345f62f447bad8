//! The token service over the API client and the policy domain: coalesced reads, group-committed writes.
