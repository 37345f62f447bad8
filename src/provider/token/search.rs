//! The list resources of tokens, for `terraform query`.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use time::OffsetDateTime;

use super::model::TokenFields;
use super::plan::has_ended;
use super::{TokenResource, refresh};
use crate::cloudflare::{Error, Token};
use crate::model;
use crate::owner::Owner;
use crate::path;
use crate::provider::owner::{Owned, Ownership};
use crate::provider::session::Session;
use crate::provider::{checks, policies, wording};
use crate::tf_provider::framework::{
    Diagnostic, Diagnostics, ListResource, Listed, Listing, Model, Raw, optional,
};
use crate::tokens::{self, TokenService};

model! {
    /// The filters.
    pub(crate) struct TokenFilter {
        /// Only tokens whose name starts with this text.
        name_prefix: String = optional().check(checks::not_blank()),
        /// Only tokens with this status: `active`, `disabled`, `expired`, or another one that the API uses.
        status: String = optional().check(checks::not_blank()),
        /// Whether to list tokens that have expired or were revoked. A `status` that names them lists them in any case.
        include_expired: bool = optional().or(Raw::Bool(false)),
        /// Only tokens that have not been used for this time, such as `90d`. It counts from the last use, or from the
        /// creation of a token that was never used.
        unused_for: String = optional().check(checks::duration(false)),
        /// Only tokens with a policy that has this permission group: its name as the API lists it, or its id. A name
        /// matches the groups of every scope.
        permission_group: String = optional().check(checks::not_blank()),
    }
}

/// The list resource of one owner's type.
pub(crate) struct TokenList<T, C> {
    session: Session,
    of: PhantomData<fn() -> (T, C)>,
}

impl<T, C> TokenList<T, C> {
    /// Makes the list resource for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session, of: PhantomData }
    }
}

#[async_trait]
impl<T, C> ListResource for TokenList<T, C>
where
    T: Owned<TokenFields>,
    C: Owned<TokenFilter, Owner = T::Owner>,
{
    type Of = TokenResource<T>;
    type Config = C::Model;

    fn list(&self, config: C::Model, whole: bool) -> Listing<Self::Of> {
        let session = self.session.clone();
        let start = async move {
            let named = C::owner(&config).clone().or_of_provider(&session.account_id());
            let (tokens, owner) = session.reach(&named)?;
            let asked = C::body(&config).clone();
            let (groups, unknown) = groups(&tokens, &owner, asked.permission_group.as_str()).await?;
            let filter = Filter { asked, groups, now: session.now() };
            Ok::<_, Diagnostic>((Arc::new(Search { tokens, owner, named, filter, whole }), unknown))
        };
        let events = |started: Result<_, Diagnostic>| match started {
            Ok((search, unknown)) => all::<T>(search, unknown),
            Err(why) => only(why),
        };
        stream::once(start).flat_map(events).boxed()
    }
}

/// A search and its place.
struct Search<O> {
    tokens: TokenService,
    owner: Owner,
    named: O,
    filter: Filter,
    whole: bool,
}

/// A listing of no token, with a diagnostic.
fn only<T: Owned<TokenFields>>(diagnostic: Diagnostic) -> Listing<TokenResource<T>> {
    stream::iter([(None, diagnostic.into())]).boxed()
}

fn all<T: Owned<TokenFields>>(
    search: Arc<Search<T::Owner>>,
    first: Option<Diagnostic>,
) -> Listing<TokenResource<T>> {
    let first = stream::iter(first.map(|diagnostic| (None, diagnostic.into())));
    let pages = search.tokens.pages(&search.owner);
    first.chain(pages.flat_map(move |page| of_page::<T>(&search, page))).boxed()
}

fn of_page<T: Owned<TokenFields>>(
    search: &Arc<Search<T::Owner>>,
    page: Result<tokens::Listed, Error>,
) -> Listing<TokenResource<T>> {
    let page = match page {
        Ok(page) => page,
        Err(error) => return only(wording::unlisted(&search.owner, &error)),
    };
    let unreadable = wording::unreadable_tokens(&page.unreadable);
    let unreadable = stream::iter(unreadable.map(|warning| (None, warning.into())));
    let wanted: Vec<_> = page.tokens.into_iter().filter(|token| search.filter.takes(token)).collect();
    let search = search.clone();
    let listed = stream::iter(wanted).then(move |token| {
        let search = search.clone();
        async move {
            match listed::<T>(&search, &token).await {
                Ok(listed) => (Some(listed), Diagnostics::none()),
                Err(why) => (None, why),
            }
        }
    });
    listed.chain(unreadable).boxed()
}

async fn listed<T: Owned<TokenFields>>(
    search: &Search<T::Owner>,
    token: &Token,
) -> Result<Listed<TokenResource<T>>, Diagnostics> {
    let fields = if search.whole {
        refresh::imported(&search.tokens, &search.owner, token, search.filter.now).await?
    } else {
        TokenFields { id: token.id.clone().into(), ..TokenFields::null() }
    };
    Ok(Listed { display_name: display_name(token), object: T::with(search.named.clone(), fields) })
}

/// The name, with the status if that is not the usual one.
fn display_name(token: &Token) -> String {
    if token.status == "active" { token.name.clone() } else { format!("{} ({})", token.name, token.status) }
}

/// The ids of the permission groups with a name or an id. With a warning if no group has the name: a token may still have a
/// group that cannot be granted any more.
async fn groups(
    tokens: &TokenService,
    owner: &Owner,
    group: Option<&str>,
) -> Result<(BTreeSet<String>, Option<Diagnostic>), Diagnostic> {
    let Some(group) = group else { return Ok((BTreeSet::new(), None)) };
    if checks::is_id(group) {
        return Ok((BTreeSet::from([group.to_owned()]), None));
    }
    let catalog = policies::catalog(tokens, owner).await?;
    let ids: BTreeSet<_> = catalog.named(group).map(|group| group.id.to_string()).collect();
    let unknown = ids.is_empty().then(|| {
        wording::no_such_group(group, &catalog.nearest(group, None)).at(path!(TokenFilter.permission_group))
    });
    Ok((ids, unknown))
}

/// The filters, read.
struct Filter {
    asked: TokenFilter,
    /// The ids of `permission_group`.
    groups: BTreeSet<String>,
    now: OffsetDateTime,
}

impl Filter {
    fn takes(&self, token: &Token) -> bool {
        let TokenFilter { name_prefix, status, include_expired, unused_for, permission_group } = &self.asked;
        let is_alive = || include_expired.known() == Some(&true) || !has_ended(&token.status);
        name_prefix.as_str().is_none_or(|prefix| token.name.starts_with(prefix))
            && status.as_str().map_or_else(is_alive, |status| token.status == status)
            && unused_for.as_str().is_none_or(|wait| self.is_unused(token, wait))
            && permission_group.as_str().is_none_or(|group| self.has_group(token, group))
    }

    fn is_unused(&self, token: &Token, wait: &str) -> bool {
        let since = token.last_used_on.or(token.issued_on);
        let until = checks::parse_duration(wait).and_then(|wait| since?.checked_add(wait.try_into().ok()?));
        until.is_some_and(|until| until <= self.now)
    }

    fn has_group(&self, token: &Token, name: &str) -> bool {
        let mut groups = token.policies.iter().flat_map(|policy| &policy.permission_groups);
        groups.any(|group| self.groups.contains(&group.id) || group.name.as_deref() == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tf_provider::framework::Value;

    fn token(name: &str, status: &str, last_used_on: Option<&str>) -> Token {
        serde_json::from_value(json!({
            "id": "1".repeat(32), "name": name, "status": status,
            "issued_on": "2026-01-01T00:00:00Z", "last_used_on": last_used_on,
            "policies": [{"effect": "allow", "resources": {"k": "*"}, "permission_groups": [
                {"id": "a".repeat(32), "name": "DNS Read"}]}],
        }))
        .unwrap()
    }

    fn filter(change: impl FnOnce(&mut TokenFilter)) -> Filter {
        let mut asked = TokenFilter::null();
        change(&mut asked);
        let now = checks::instant("2026-11-28T00:00:00Z").unwrap();
        Filter { asked, groups: BTreeSet::from(["a".repeat(32)]), now }
    }

    fn text(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    #[test]
    fn what_has_ended_is_listed_where_it_is_asked_for() {
        let all = ["active", "disabled", "expired", "revoked (exposed)"];
        let taken = |filter: &Filter| all.map(|status| filter.takes(&token("t", status, None)));
        assert_eq!(taken(&filter(|_| {})), [true, true, false, false]);
        assert_eq!(taken(&filter(|f| f.include_expired = true.into())), [true; 4]);
        assert_eq!(taken(&filter(|f| f.status = text("expired"))), [false, false, true, false]);
        assert_eq!(taken(&filter(|f| f.status = text("disabled"))), [false, true, false, false]);
    }

    #[test]
    fn a_token_that_was_never_used_counts_from_when_it_was_made() {
        let unused =
            |wait: &str, used| filter(|f| f.unused_for = text(wait)).takes(&token("t", "active", used));
        assert!(unused("300d", None) && !unused("350d", None));
        assert!(unused("10d", Some("2026-11-18T00:00:00Z")) && !unused("10d", Some("2026-11-18T00:00:01Z")));
    }

    #[test]
    fn names_and_permission_groups_choose_too() {
        let by = |change: fn(&mut TokenFilter)| filter(change).takes(&token("ci-deploy", "active", None));
        assert!(by(|f| f.name_prefix = text("ci-")) && !by(|f| f.name_prefix = text("deploy")));
        assert!(by(|f| f.permission_group = text("whatever the id means")));
        let unknown = Filter { groups: BTreeSet::new(), ..filter(|f| f.permission_group = text("DNS Read")) };
        assert!(unknown.takes(&token("t", "active", None)), "the API's answer has the name");
        let other = Filter { groups: BTreeSet::new(), ..filter(|f| f.permission_group = text("DNS Write")) };
        assert!(!other.takes(&token("t", "active", None)));
    }

    #[test]
    fn a_name_shows_a_status_that_is_not_the_usual_one() {
        let shown = |status| display_name(&token("ci", status, None));
        assert_eq!((shown("active"), shown("disabled")), ("ci".to_owned(), "ci (disabled)".to_owned()));
    }
}
