//! The simulator's options: its limits, and how to read Cloudflare's behaviour where sources differ.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Limits and readings. The defaults are as strict as the real API and use its documented quotas.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on. Port 0 chooses a free port.
    pub listen: SocketAddr,
    /// Requests per window and caller. `None` turns off the limit and its headers.
    pub quota: Option<(u32, Duration)>,
    /// How many tokens an account may own.
    pub account_token_limit: usize,
    /// How many tokens a user may own.
    pub user_token_limit: usize,
    /// How long each request takes before it takes effect.
    pub latency: Duration,
    /// How far the reads of tokens lag behind the writes.
    pub read_lag: Duration,
    /// How long the API refuses a new value as unknown.
    pub value_lag: Duration,
    /// The address that callers appear to have. `None` means the connection's address.
    pub client_ip: Option<IpAddr>,
    /// Whether `/__sim/…` is served (see the module `admin`).
    pub admin: bool,
    /// How to read Cloudflare's behaviour where sources differ.
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
            read_lag: Duration::ZERO,
            value_lag: Duration::ZERO,
            client_ip: None,
            admin: false,
            readings: Readings::default(),
        }
    }
}

/// How far a new token may exceed the rights of its creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreatorCap {
    /// The token may not exceed them.
    Full,
    /// Only policies for specific zones are checked (issue 7241 of the official provider).
    SpecificZones,
    /// Nothing is checked (OpenBao's plugin observed this).
    Off,
}

/// What a create does with `status` in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateStatus {
    /// The field is refused, like any field that no document names.
    Refused,
    /// The field is accepted and ignored: the token is active (the official provider sends `active`).
    Ignored,
    /// The field is accepted, and the token has this status.
    Honoured,
}

/// One switch for each point where sources differ or are silent.
#[derive(Clone, Debug)]
pub struct Readings {
    /// A PUT with `condition: null` clears the condition. False: the null is ignored.
    pub condition_null_clears: bool,
    /// An unknown permission group is refused. False: it is dropped silently.
    pub unknown_group_rejected: bool,
    /// `policies: []` makes a token without permissions. False: the request is refused.
    pub empty_policies_accepted: bool,
    /// A policy with unchanged content keeps its id across a PUT without ids. False: all ids are new.
    pub policy_ids_stable: bool,
    /// Addresses are returned as canonical CIDRs. False: they are returned as sent.
    pub cidr_normalised: bool,
    /// Unset times are null in every answer. False: they are absent.
    pub unset_is_null: bool,
    /// Unset times are null in the answer to a create.
    pub unset_is_null_on_create: bool,
    /// How far a new token may exceed the rights of its creator.
    pub creator_cap: CreatorCap,
    /// Conditions are returned under `request.ip`. False: under `request_ip`.
    pub legacy_condition_key: bool,
    /// A PUT without `status` is refused. False: the status stays.
    pub status_required: bool,
    /// Fields that a PUT omits (`expires_on`, `not_before`, `condition`) keep their values. False: they are cleared.
    pub omitted_kept: bool,
    /// `result_info` has `total_pages`.
    pub total_pages: bool,
    /// A caller without the right to read tokens can list itself. False: the request is refused.
    pub list_self: bool,
    /// Only times like `2026-01-02T03:04:05Z` are valid. False: any RFC 3339 time is valid.
    pub utc_seconds_only: bool,
    /// Fields and list parameters that no document names are refused. False: they are ignored.
    pub unknown_fields_refused: bool,
    /// What a create does with `status` in its body.
    pub create_status: CreateStatus,
    /// A body with an `expires_on` in the past is refused, even if an expired token only keeps its value. False: it
    /// is accepted.
    pub past_expiry_refused: bool,
    /// A group with zone, bucket or Worker scope can be granted on an account. False: it is refused.
    pub lower_scope_on_account: bool,
    /// The `name` of a list request matches the whole name. False: it matches a part of the name.
    pub list_name_exact: bool,
    /// A bulk edit that removes an absent secret is refused. False: the secret counts as removed.
    pub bulk_misses_refused: bool,
    /// The answer to a bulk edit has only the secrets that were put. False: it has all secrets of the Worker.
    pub bulk_answers_edited_only: bool,
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
            create_status: CreateStatus::Ignored,
            past_expiry_refused: true,
            lower_scope_on_account: true,
            list_name_exact: false,
            bulk_misses_refused: true,
            bulk_answers_edited_only: false,
        }
    }
}

impl Readings {
    /// Sets a reading by its name, for the command line.
    ///
    /// # Errors
    /// If there is no such reading or value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match (name, value) {
            ("creator_cap", "full") => self.creator_cap = CreatorCap::Full,
            ("creator_cap", "specific_zones") => self.creator_cap = CreatorCap::SpecificZones,
            ("creator_cap", "off") => self.creator_cap = CreatorCap::Off,
            ("creator_cap", _) => {
                return Err(format!("creator_cap is full, specific_zones or off, not {value}"));
            }
            ("create_status", "refused") => self.create_status = CreateStatus::Refused,
            ("create_status", "ignored") => self.create_status = CreateStatus::Ignored,
            ("create_status", "honoured") => self.create_status = CreateStatus::Honoured,
            ("create_status", _) => {
                return Err(format!("create_status is refused, ignored or honoured, not {value}"));
            }
            (switch, value) => self.switch(switch, value)?,
        }
        Ok(())
    }

    fn switch(&mut self, name: &str, value: &str) -> Result<(), String> {
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
            "past_expiry_refused" => &mut self.past_expiry_refused,
            "lower_scope_on_account" => &mut self.lower_scope_on_account,
            "list_name_exact" => &mut self.list_name_exact,
            "bulk_misses_refused" => &mut self.bulk_misses_refused,
            "bulk_answers_edited_only" => &mut self.bulk_answers_edited_only,
            _ => return Err(format!("no reading is called {name}")),
        };
        *switch = value.parse().map_err(|_| format!("{name} is true or false, not {value}"))?;
        Ok(())
    }
}
