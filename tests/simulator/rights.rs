//! The rights that each endpoint requires of its caller.

use super::auth::Caller;
use super::catalogue::{ACCOUNT, USER, WORKER, ZONE};
use super::resources::Resource;
use super::state::State;

/// A pair of permission groups, `… Read` and `… Write`.
#[derive(Clone, Copy, Debug)]
pub enum Area {
    /// `Account API Tokens`
    AccountTokens,
    /// `API Tokens`
    UserTokens,
    /// `Workers Scripts`
    Scripts,
    /// `Secrets Store`
    Store,
    /// `Cloudflare Tunnel`
    Tunnels,
    /// `Zone`
    Zone,
    /// `DNS`
    Dns,
}

impl Area {
    fn groups(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::AccountTokens => ("Account API Tokens Read", "Account API Tokens Write", ACCOUNT),
            Self::UserTokens => ("API Tokens Read", "API Tokens Write", USER),
            Self::Scripts => ("Workers Scripts Read", "Workers Scripts Write", ACCOUNT),
            Self::Store => ("Secrets Store Read", "Secrets Store Write", ACCOUNT),
            Self::Tunnels => ("Cloudflare Tunnel Read", "Cloudflare Tunnel Write", ACCOUNT),
            Self::Zone => ("Zone Read", "Zone Write", ZONE),
            Self::Dns => ("DNS Read", "DNS Write", ZONE),
        }
    }

    /// Whether the caller may read or write here. The right to write includes the right to read.
    pub fn granted(self, state: &State, caller: &Caller, write: bool, on: &Resource) -> bool {
        let (read, full, scope) = self.groups();
        let (read, full) = (state.catalogue.right(read, scope), state.catalogue.right(full, scope));
        if write {
            caller.holds(state, &[full], full, on)
        } else {
            caller.holds(state, &[read, full], read, on)
        }
    }
}

/// Whether one of the `Individual Workers …` groups lets the caller read this Worker, or write its secrets and deploy it.
pub fn one_worker(state: &State, caller: &Caller, write: bool, on: &Resource) -> bool {
    let writing = ["Admin", "Editor"];
    let reading = ["Admin", "Editor", "Content Read-Only", "Metadata Read-Only"];
    let groups: &[&str] = if write { &writing } else { &reading };
    groups.iter().any(|group| {
        let id = state.catalogue.right(&format!("Individual Workers {group}"), WORKER);
        caller.holds(state, &[id], id, on)
    })
}
