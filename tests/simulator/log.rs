//! The request log, for tests that count requests. It has no bodies, no values and, of the headers, only the user
//! agent.

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `GET`, `PUT`, …
    pub method: String,
    /// The path below the base URL, as sent, without the query.
    pub path: String,
    /// The query, as sent.
    pub query: String,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The HTTP status. `None` if the connection was cut or the request is still in progress.
    pub status: Option<u16>,
    /// The id of the caller's token, or `key` for the global key. `None` if the caller is unknown.
    pub caller: Option<String>,
    /// Whether a fault was injected.
    pub faulted: bool,
}

/// All requests since the last reset, in order of arrival.
#[derive(Default)]
pub struct Log {
    entries: Vec<Entry>,
    generation: u64,
}

/// Identifies an entry until the log is reset.
#[derive(Clone, Copy)]
pub struct Ticket(u64, usize);

impl Log {
    /// Adds a request that has arrived.
    pub fn arrived(&mut self, entry: Entry) -> Ticket {
        self.entries.push(entry);
        Ticket(self.generation, self.entries.len() - 1)
    }

    /// Updates an entry, unless the log was reset in the meantime.
    pub fn update(&mut self, ticket: Ticket, change: impl FnOnce(&mut Entry)) {
        if ticket.0 == self.generation
            && let Some(entry) = self.entries.get_mut(ticket.1)
        {
            change(entry);
        }
    }

    /// A copy of all entries.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.clone()
    }

    /// Forgets all entries.
    pub fn reset(&mut self) {
        self.entries.clear();
        self.generation += 1;
    }
}

/// Whether a path matches a pattern: `*` matches one segment, and a last `**` matches any number of segments.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.trim_matches('/').split('/');
    let mut found = path.trim_matches('/').split('/');
    loop {
        match (wanted.next(), found.next()) {
            (Some("**"), _) | (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}
