//! What a test may choose about the simulator: its limits, and how to read Cloudflare where sources differ.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Limits and readings. The default is as strict as the real API, with its documented quotas.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Requests per window and caller; `None` turns the limit and its headers off.
    pub quota: Option<(u32, Duration)>,
    /// Tokens that an account may own.
    pub account_token_limit: usize,
    /// Tokens that a user may own.
    pub user_token_limit: usize,
    /// How long each request takes before it has its effect.
    pub latency: Duration,
    /// The address that callers seem to come from; `None` takes the connection's.
    pub client_ip: Option<IpAddr>,
    /// Whether `/__sim/…` is served (see the module `admin`).
    pub admin: bool,
    /// How to read Cloudflare where sources differ.
    pub readings: Readings,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            quota: Some((1200, Duration::from_secs(300))),
            account_token_limit: 500,
            user_token_limit: 50,
            latency: Duration::ZERO,
            client_ip: None,
            admin: false,
            readings: Readings::default(),
        }
    }
}

/// How far a token may exceed the caller that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreatorCap {
    /// Not at all.
    Full,
    /// Only policies for specific zones are checked (issue 7241 of the official provider).
    SpecificZones,
    /// No check (seen by OpenBao's plugin).
    Off,
}

/// One switch for each point where sources differ or are silent.
#[derive(Clone, Debug)]
pub struct Readings {
    /// PUT with `condition: null` clears the condition; false: the null is ignored.
    pub condition_null_clears: bool,
    /// An unknown permission group is refused; false: it is dropped in silence.
    pub unknown_group_rejected: bool,
    /// `policies: []` makes a token without permissions; false: it is refused.
    pub empty_policies_accepted: bool,
    /// A policy whose content stays keeps its id across a PUT that names no ids; false: all ids are new.
    pub policy_ids_stable: bool,
    /// Addresses come back as canonical CIDRs; false: as they were sent.
    pub cidr_normalised: bool,
    /// Unset times come back as null in every answer; false: they are absent.
    pub unset_is_null: bool,
    /// The same, for the answer to a create alone.
    pub unset_is_null_on_create: bool,
    /// How far a token may exceed its creator.
    pub creator_cap: CreatorCap,
    /// Conditions come back under `request.ip`; false: `request_ip`.
    pub legacy_condition_key: bool,
    /// A PUT without `status` is refused; false: the status stays.
    pub status_required: bool,
    /// What a PUT leaves out (`expires_on`, `not_before`, `condition`) keeps its old value; false: it is cleared.
    pub omitted_kept: bool,
    /// `result_info` has `total_pages`.
    pub total_pages: bool,
    /// A caller that may not read tokens may list itself; false: it is refused.
    pub list_self: bool,
    /// Only `2026-01-02T03:04:05Z` is a time; false: any RFC 3339 is.
    pub utc_seconds_only: bool,
    /// Fields and list parameters that no document names are refused; false: they are ignored.
    pub unknown_fields_refused: bool,
}

impl Default for Readings {
    fn default() -> Self {
        Self {
            condition_null_clears: true,
            unknown_group_rejected: true,
            empty_policies_accepted: true,
            policy_ids_stable: false,
            cidr_normalised: false,
            unset_is_null: false,
            unset_is_null_on_create: false,
            creator_cap: CreatorCap::Full,
            legacy_condition_key: false,
            status_required: false,
            omitted_kept: true,
            total_pages: false,
            list_self: false,
            utc_seconds_only: true,
            unknown_fields_refused: true,
        }
    }
}

impl Readings {
    /// Sets a reading by its name, for the command line.
    ///
    /// # Errors
    /// If there is no such reading or value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if name == "creator_cap" {
            self.creator_cap = match value {
                "full" => CreatorCap::Full,
                "specific_zones" => CreatorCap::SpecificZones,
                "off" => CreatorCap::Off,
                _ => return Err(format!("creator_cap is full, specific_zones or off, not {value}")),
            };
            return Ok(());
        }
        let switch = match name {
            "condition_null_clears" => &mut self.condition_null_clears,
            "unknown_group_rejected" => &mut self.unknown_group_rejected,
            "empty_policies_accepted" => &mut self.empty_policies_accepted,
            "policy_ids_stable" => &mut self.policy_ids_stable,
            "cidr_normalised" => &mut self.cidr_normalised,
            "unset_is_null" => &mut self.unset_is_null,
            "unset_is_null_on_create" => &mut self.unset_is_null_on_create,
            "legacy_condition_key" => &mut self.legacy_condition_key,
            "status_required" => &mut self.status_required,
            "omitted_kept" => &mut self.omitted_kept,
            "total_pages" => &mut self.total_pages,
            "list_self" => &mut self.list_self,
            "utc_seconds_only" => &mut self.utc_seconds_only,
            "unknown_fields_refused" => &mut self.unknown_fields_refused,
            _ => return Err(format!("no reading is called {name}")),
        };
        *switch = value.parse().map_err(|_| format!("{name} is true or false, not {value}"))?;
        Ok(())
    }
}
