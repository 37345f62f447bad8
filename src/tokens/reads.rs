//! Coalesced reads: concurrent reads share requests, and a listed page answers later reads for a while.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::belief::{Belief, Floor, Weighed};
use super::read_plan::{Known, Step, next};
use super::settings::Settings;
use crate::cloudflare::{Client, Error, ListOptions, Owner, Token, TokenList, Unreadable, host_time, tokens};

type Answer = Result<Option<Arc<Token>>, Error>;
type Waiting = HashMap<String, Vec<oneshot::Sender<Answer>>>;

/// How many pages, or single tokens, are read at a time.
const ABREAST: usize = 8;
/// If this many tokens are missing in a full list, the credential cannot list them.
const UNLISTED: u32 = 3;

/// All tokens of an owner that the credential can see.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Those that could be read.
    pub tokens: Vec<Arc<Token>>,
    /// Those that could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// Reads the tokens of any owner.
#[derive(Clone)]
pub(super) struct Reader(Arc<Inner>);

struct Inner {
    client: Client,
    settings: Settings,
    caches: Mutex<HashMap<Owner, OwnerCache>>,
}

/// What is known of one owner's tokens.
#[derive(Default)]
struct OwnerCache {
    kept: HashMap<String, (Instant, Arc<Token>)>,
    /// When a token was last written. Answers to earlier requests are of no use.
    written: HashMap<String, Instant>,
    /// The floors. `None` if this host has written nothing.
    floors: HashMap<String, Option<Floor>>,
    window: Option<Window>,
    unlisted: u32,
    waiting: Waiting,
    serving: bool,
}

/// The requests whose answers are still young.
#[derive(Clone, Copy)]
struct Window {
    opened: Instant,
    gets: u64,
    pages: Option<u64>,
    listed: bool,
    listable: bool,
}

impl OwnerCache {
    fn window(&mut self, age: Duration) -> &mut Window {
        let now = Instant::now();
        if self.window.is_some_and(|window| now.duration_since(window.opened) > age) {
            self.window = None;
        }
        let listable = self.unlisted < UNLISTED;
        self.window.get_or_insert(Window { opened: now, gets: 0, pages: None, listed: false, listable })
    }

    fn young(&self, id: &str, age: Duration) -> Option<Arc<Token>> {
        self.kept.get(id).filter(|(sent, _)| sent.elapsed() <= age).map(|(_, token)| token.clone())
    }

    fn keep(&mut self, sent: Instant, token: &Arc<Token>) {
        let is_old = |kept: &Instant| *kept >= sent;
        if self.written.get(&token.id).is_some_and(is_old)
            || self.kept.get(&token.id).is_some_and(|(kept, _)| *kept > sent)
        {
            return;
        }
        self.kept.insert(token.id.clone(), (sent, token.clone()));
    }
}

/// A token for sharing: without its value, whatever the answer held.
pub(super) fn shared(mut token: Token) -> Arc<Token> {
    token.value = None;
    Arc::new(token)
}

impl Reader {
    pub(super) fn new(client: Client, settings: Settings) -> Self {
        Self(Arc::new(Inner { client, settings, caches: Mutex::default() }))
    }

    fn cache<T>(&self, owner: &Owner, act: impl FnOnce(&mut OwnerCache) -> T) -> T {
        act(self.0.caches.lock().entry(owner.clone()).or_default())
    }

    /// The floor of a token, as this process or another one of this host knows it.
    pub(super) fn floor(&self, owner: &Owner, id: &str) -> Option<Floor> {
        let peek = || self.0.settings.record(id).and_then(|record| record.floor);
        self.cache(owner, |cache| cache.floors.entry(id.to_owned()).or_insert_with(peek).clone())
    }

    /// Records a version that was written, or that is known to be the newest.
    pub(super) fn raise(&self, owner: &Owner, id: &str, floor: &Floor) {
        let before = self.floor(owner, id);
        let floor = before.map_or_else(|| floor.clone(), |before| before.raised(floor.clone()));
        self.cache(owner, |cache| cache.floors.insert(id.to_owned(), Some(floor)));
    }

    /// Whether the token existed a moment ago.
    pub(super) fn is_known(&self, owner: &Owner, id: &str) -> bool {
        let recent = |floor: Floor| floor.is_recent(host_time());
        self.cache(owner, |cache| cache.kept.contains_key(id)) || self.floor(owner, id).is_some_and(recent)
    }

    /// A snapshot that is recent and not older than what this host has written.
    fn young(&self, owner: &Owner, id: &str) -> Option<Arc<Token>> {
        let age = self.0.settings.snapshot_age;
        let token = self.cache(owner, |cache| cache.young(id, age))?;
        let allowed = self.floor(owner, id).is_none_or(|floor| floor.allows(&token, owner, host_time()));
        allowed.then_some(token)
    }

    /// A token, at most as old as a snapshot may be. `None` if it does not exist. Concurrent reads share requests.
    pub(super) async fn get(&self, owner: &Owner, id: &str) -> Answer {
        if let Some(token) = self.young(owner, id) {
            return Ok(Some(token));
        }
        let (reply, answer) = oneshot::channel();
        self.cache(owner, |cache| {
            cache.waiting.entry(id.to_owned()).or_default().push(reply);
            if !std::mem::replace(&mut cache.serving, true) {
                let serving = Serving { reader: self.clone(), owner: owner.clone(), done: false };
                tokio::spawn(serving.run());
            }
        });
        match answer.await {
            Ok(answer) => answer,
            // A task that panicked gives no answer. A single read replaces it.
            Err(_) => self.get_fresh(owner, id).await,
        }
    }

    /// A token as it is now. The read is repeated if the answer is older than this host's last write, or if it says that
    /// the token does not exist.
    pub(super) async fn get_fresh(&self, owner: &Owner, id: &str) -> Answer {
        let settings = &self.0.settings;
        let mut belief = Belief::new(self.floor(owner, id), self.is_known(owner, id), settings.pause);
        loop {
            let read = self.get_once(owner, id).await?;
            match belief.weigh(read.as_deref(), owner, host_time()) {
                Weighed::Believed => return Ok(read),
                Weighed::Again { .. } if settings.stop.is_stopped() => return Err(stopped(owner, id)),
                Weighed::Again { wait, .. } => settings.stop.sleep(wait).await,
                Weighed::Outdated => {
                    return Err(Error::Outdated { path: tokens::get(owner, id).path().to_owned() });
                }
            }
        }
    }

    /// A single read.
    pub(super) async fn get_once(&self, owner: &Owner, id: &str) -> Answer {
        let sent = Instant::now();
        let token = self.0.client.send_opt(tokens::get(owner, id)).await?.map(shared);
        self.cache(owner, |cache| match &token {
            Some(token) => cache.keep(sent, token),
            None => drop(cache.kept.remove(id)),
        });
        Ok(token)
    }

    pub(super) async fn list(&self, owner: &Owner) -> Result<Listed, Error> {
        let none = Listed { tokens: Vec::new(), unreadable: Vec::new() };
        let all = self.pages(owner).try_fold(none, |mut all, page| async move {
            all.tokens.extend(page.tokens);
            all.unreadable.extend(page.unreadable);
            Ok(all)
        });
        all.await
    }

    /// The tokens of this name. The API's filter may also match a part of a name, so names are compared here too.
    pub(super) async fn named(&self, owner: &Owner, name: &str) -> Result<Listed, Error> {
        let of = |number| {
            let options = ListOptions { name: Some(name.to_owned()), ..ListOptions::page(number) };
            tokens::list_page(owner, &options)
        };
        let (sent, mut found) = (Instant::now(), Listed { tokens: Vec::new(), unreadable: Vec::new() });
        for page in self.0.client.pages(of).await? {
            found.unreadable.extend(page.unreadable);
            let items: Vec<_> = page.items.into_iter().map(shared).collect();
            self.cache(owner, |cache| items.iter().for_each(|token| cache.keep(sent, token)));
            found.tokens.extend(items.into_iter().filter(|token| token.name == name));
        }
        Ok(found)
    }

    /// The tokens of an owner, page by page. A page is requested when it is needed. An error ends the stream.
    pub(super) fn pages(&self, owner: &Owner) -> BoxStream<'static, Result<Listed, Error>> {
        let (reader, owner) = (self.clone(), owner.clone());
        let pages = self.0.client.token_pages(&owner);
        let next = move |mut pages: BoxStream<'static, Result<TokenList, Error>>| {
            let (reader, owner) = (reader.clone(), owner.clone());
            async move {
                let sent = Instant::now();
                let page = pages.next().await?.map(|TokenList { tokens, unreadable }| {
                    let tokens: Vec<_> = tokens.into_iter().map(shared).collect();
                    reader.cache(&owner, |cache| tokens.iter().for_each(|token| cache.keep(sent, token)));
                    Listed { tokens, unreadable }
                });
                Some((page, pages))
            }
        };
        stream::unfold(pages, next).boxed()
    }

    /// The ids of the tokens seen so far.
    pub(super) fn known(&self, owner: &Owner) -> HashSet<String> {
        self.cache(owner, |cache| cache.kept.keys().cloned().collect())
    }

    /// Records that a write begins or has ended: answers to earlier requests are of no use.
    pub(super) fn written(&self, owner: &Owner, id: &str) {
        self.cache(owner, |cache| {
            cache.kept.remove(id);
            cache.written.insert(id.to_owned(), Instant::now());
        });
    }

    async fn page(&self, owner: &Owner, number: u64) -> Result<(u64, Vec<Arc<Token>>), Error> {
        let sent = Instant::now();
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let page = self.0.client.send(tokens::list_page(owner, &ListOptions::page(number))).await?;
        // Without totals, a page with a next one does not show how many there are.
        let pages = if page.has_next(number) { page.total_pages.unwrap_or(u64::MAX) } else { 1 };
        let items: Vec<_> = page.items.into_iter().map(shared).collect();
        self.cache(owner, |cache| items.iter().for_each(|token| cache.keep(sent, token)));
        Ok((pages, items))
    }
}

/// The task that reads the tokens of an owner, as long as a caller waits.
struct Serving {
    reader: Reader,
    owner: Owner,
    done: bool,
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // After a panic, waiting callers read for themselves, and the next one starts a new task.
        self.reader.cache(&self.owner, |cache| {
            cache.serving = false;
            cache.waiting.clear();
        });
    }
}

impl Serving {
    async fn run(mut self) {
        loop {
            tokio::time::sleep(self.reader.0.settings.gather_reads).await;
            let waiting = self.reader.cache(&self.owner, |cache| {
                let waiting = std::mem::take(&mut cache.waiting);
                cache.serving = !waiting.is_empty();
                waiting
            });
            if waiting.is_empty() {
                // Later callers start the next task.
                self.done = true;
                return;
            }
            self.serve(waiting).await;
        }
    }

    async fn serve(&self, mut waiting: Waiting) {
        let age = self.reader.0.settings.snapshot_age;
        loop {
            waiting.retain(|id, replies| match self.reader.young(&self.owner, id) {
                Some(token) => {
                    answer(std::mem::take(replies), &Ok(Some(token)));
                    false
                }
                None => true,
            });
            let known = self.reader.cache(&self.owner, |cache| {
                let Window { gets, pages, listed, listable, .. } = *cache.window(age);
                let one_page = self.owner == Owner::User;
                Known { one_page, listable, gets, pages, listed, wanted: waiting.len() as u64 }
            });
            if waiting.is_empty() {
                return;
            }
            let listed = match next(known) {
                Step::Each => return self.each(waiting, known.listed).await,
                Step::FirstPage => self.first_page().await,
                Step::OtherPages => self.other_pages(known.pages.unwrap_or(1)).await,
            };
            match listed {
                Ok(()) => {}
                // The credential cannot list, or the list is malformed. Single reads are used instead.
                Err(error) if error.status().is_some() => {
                    self.reader.cache(&self.owner, |cache| cache.window(age).listable = false);
                }
                Err(error) => {
                    return waiting.into_values().for_each(|replies| answer(replies, &Err(error.clone())));
                }
            }
        }
    }

    async fn first_page(&self) -> Result<(), Error> {
        let (pages, _) = self.reader.page(&self.owner, 1).await?;
        self.reader.cache(&self.owner, |cache| {
            let window = cache.window(self.reader.0.settings.snapshot_age);
            window.pages = Some(pages);
            window.listed = pages <= 1;
            window.listable &= pages < u64::MAX;
        });
        Ok(())
    }

    async fn other_pages(&self, pages: u64) -> Result<(), Error> {
        let reads = stream::iter((2..=pages).map(|number| self.reader.page(&self.owner, number)));
        let read: Vec<_> = reads.buffer_unordered(ABREAST).collect().await;
        read.into_iter().try_for_each(|page| page.map(drop))?;
        self.reader
            .cache(&self.owner, |cache| cache.window(self.reader.0.settings.snapshot_age).listed = true);
        Ok(())
    }

    /// Reads each token alone. Only this shows that a token does not exist.
    async fn each(&self, waiting: Waiting, listed: bool) {
        let age = self.reader.0.settings.snapshot_age;
        self.reader.cache(&self.owner, |cache| cache.window(age).gets += waiting.len() as u64);
        let reads = waiting.into_iter().map(|(id, replies)| async move {
            let read = self.reader.get_fresh(&self.owner, &id).await;
            if listed && matches!(read, Ok(Some(_))) {
                self.reader.cache(&self.owner, |cache| {
                    cache.unlisted += 1;
                    let listable = cache.unlisted < UNLISTED;
                    cache.window(age).listable &= listable;
                });
            }
            answer(replies, &read);
        });
        stream::iter(reads).buffer_unordered(ABREAST).collect::<()>().await;
    }
}

/// The run was stopped before a read was certain.
fn stopped(owner: &Owner, id: &str) -> Error {
    let request = tokens::get(owner, id);
    let waited = "the token was to be read again, since the answer may have been old".to_owned();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    Error::Stopped { method, path, waited }
}

fn answer(replies: Vec<oneshot::Sender<Answer>>, with: &Answer) {
    for reply in replies {
        // The waiting caller may be gone.
        let _ = reply.send(with.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(30);

    fn token(name: &str) -> Arc<Token> {
        let json = serde_json::json!({
            "id": "a", "name": name, "status": "active", "policies": [], "value": "an invented value",
        });
        shared(serde_json::from_value(json).unwrap())
    }

    fn kept(cache: &OwnerCache) -> Option<String> {
        cache.young("a", AGE).map(|token| token.name.clone())
    }

    #[test]
    fn a_token_that_is_shared_has_no_value() {
        assert!(token("one").value.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_of_use_until_it_is_too_old() {
        let mut cache = OwnerCache::default();
        cache.keep(Instant::now(), &token("one"));
        tokio::time::advance(AGE).await;
        assert_eq!(kept(&cache).as_deref(), Some("one"));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(kept(&cache), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_an_earlier_request_takes_no_later_ones_place() {
        let second = Duration::from_secs(1);
        let (now, mut cache) = (Instant::now(), OwnerCache::default());
        let mut keep = |sent, name| {
            cache.keep(sent, &token(name));
            kept(&cache).unwrap()
        };
        assert_eq!(keep(now, "one"), "one");
        assert_eq!(keep(now - second, "earlier"), "one");
        assert_eq!(keep(now, "at once"), "at once");
        tokio::time::advance(second).await;
        assert_eq!(keep(now + second, "later"), "later");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_a_request_before_a_write_is_of_no_use() {
        let second = Duration::from_secs(1);
        let (now, mut cache) = (Instant::now(), OwnerCache::default());
        cache.written.insert("a".to_owned(), now);
        for sent in [now - second, now] {
            cache.keep(sent, &token("before"));
            assert_eq!(kept(&cache), None);
        }
        tokio::time::advance(second).await;
        cache.keep(now + second, &token("after"));
        assert_eq!(kept(&cache).as_deref(), Some("after"));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_count_for_as_long_as_their_answers_are_young() {
        let mut cache = OwnerCache::default();
        cache.window(AGE).gets = 3;
        tokio::time::advance(AGE).await;
        assert_eq!(cache.window(AGE).gets, 3);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(cache.window(AGE).gets, 0);
        assert!(cache.window(AGE).listable);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_without_many_wanted_tokens_is_not_asked_for_again() {
        let listable = |unlisted| OwnerCache { unlisted, ..OwnerCache::default() }.window(AGE).listable;
        assert!(listable(UNLISTED - 1) && !listable(UNLISTED));
    }
}
