//! Coalesced reads: concurrent ones share requests, and a page that was listed answers the next ones for a while.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::read_plan::{Known, Step, next};
use super::service::guard;
use crate::cloudflare::{Client, Error, ListOptions, Owner, Token, tokens};

type Answer = Result<Option<Arc<Token>>, Error>;
type Waiting = HashMap<String, Vec<oneshot::Sender<Answer>>>;

/// How many pages, or single tokens, are read at a time.
const ABREAST: usize = 8;
/// So many tokens that a full list did not show mean that the credential may not list them.
const UNLISTED: u32 = 3;

/// Reads the tokens of any owner.
#[derive(Clone)]
pub(super) struct Reader(Arc<Inner>);

struct Inner {
    client: Client,
    gather: Duration,
    age: Duration,
    shelves: Mutex<HashMap<Owner, Shelf>>,
}

/// What is known of one owner's tokens.
#[derive(Default)]
struct Shelf {
    kept: HashMap<String, (Instant, Arc<Token>)>,
    /// When a token was last written: an answer to an earlier request is of no use.
    written: HashMap<String, Instant>,
    window: Option<Window>,
    unlisted: u32,
    waiting: Waiting,
    serving: bool,
}

/// What was spent while the answers are still young.
#[derive(Clone, Copy)]
struct Window {
    opened: Instant,
    gets: u64,
    pages: Option<u64>,
    listed: bool,
    listable: bool,
}

impl Shelf {
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

/// A token as it is handed around: without a value, whatever the answer held.
pub(super) fn shared(mut token: Token) -> Arc<Token> {
    token.value = None;
    Arc::new(token)
}

impl Reader {
    pub(super) fn new(client: Client, gather: Duration, age: Duration) -> Self {
        Reader(Arc::new(Inner { client, gather, age, shelves: Mutex::default() }))
    }

    fn shelf<T>(&self, owner: &Owner, act: impl FnOnce(&mut Shelf) -> T) -> T {
        act(guard(&self.0.shelves).entry(owner.clone()).or_default())
    }

    pub(super) async fn get(&self, owner: &Owner, id: &str) -> Answer {
        let (reply, answer) = oneshot::channel();
        let found = self.shelf(owner, |shelf| {
            let young = shelf.young(id, self.0.age);
            if young.is_none() {
                shelf.waiting.entry(id.to_owned()).or_default().push(reply);
                if !std::mem::replace(&mut shelf.serving, true) {
                    let serving = Serving { reader: self.clone(), owner: owner.clone(), done: false };
                    tokio::spawn(serving.run());
                }
            }
            young
        });
        match found {
            Some(token) => Ok(Some(token)),
            // A task that died answers nobody; its successors are no reason to fail.
            None => match answer.await {
                Ok(answer) => answer,
                Err(_) => self.get_fresh(owner, id).await,
            },
        }
    }

    pub(super) async fn get_fresh(&self, owner: &Owner, id: &str) -> Answer {
        let sent = Instant::now();
        let token = self.0.client.send_opt(tokens::get(owner, id)).await?.map(shared);
        self.shelf(owner, |shelf| match &token {
            Some(token) => shelf.keep(sent, token),
            None => drop(shelf.kept.remove(id)),
        });
        Ok(token)
    }

    pub(super) async fn list(&self, owner: &Owner) -> Result<Vec<Arc<Token>>, Error> {
        let sent = Instant::now();
        let all: Vec<_> = self.0.client.list_tokens(owner).await?.into_iter().map(shared).collect();
        self.shelf(owner, |shelf| all.iter().for_each(|token| shelf.keep(sent, token)));
        Ok(all)
    }

    /// The ids of the tokens that were seen so far.
    pub(super) fn known(&self, owner: &Owner) -> HashSet<String> {
        self.shelf(owner, |shelf| shelf.kept.keys().cloned().collect())
    }

    /// A write begins or has ended: what was asked before is of no use.
    pub(super) fn written(&self, owner: &Owner, id: &str) {
        self.shelf(owner, |shelf| {
            shelf.kept.remove(id);
            shelf.written.insert(id.to_owned(), Instant::now());
        });
    }

    async fn page(&self, owner: &Owner, number: u64) -> Result<(u64, Vec<Arc<Token>>), Error> {
        let sent = Instant::now();
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let page = self.0.client.send(tokens::list_page(owner, &ListOptions::page(number))).await?;
        // Without totals, a page that has a next one says nothing of how many there are.
        let pages = if page.has_next(number) { page.total_pages.unwrap_or(u64::MAX) } else { 1 };
        let items: Vec<_> = page.items.into_iter().map(shared).collect();
        self.shelf(owner, |shelf| items.iter().for_each(|token| shelf.keep(sent, token)));
        Ok((pages, items))
    }
}

/// The one task that reads the tokens of an owner, as long as somebody waits.
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
        // After a panic: whoever waits reads for itself, and the next one starts anew.
        self.reader.shelf(&self.owner, |shelf| {
            shelf.serving = false;
            shelf.waiting.clear();
        });
    }
}

impl Serving {
    async fn run(mut self) {
        loop {
            tokio::time::sleep(self.reader.0.gather).await;
            let waiting = self.reader.shelf(&self.owner, |shelf| {
                let waiting = std::mem::take(&mut shelf.waiting);
                shelf.serving = !waiting.is_empty();
                waiting
            });
            if waiting.is_empty() {
                // Whoever comes from now on starts the next task.
                self.done = true;
                return;
            }
            self.serve(waiting).await;
        }
    }

    async fn serve(&self, mut waiting: Waiting) {
        let age = self.reader.0.age;
        loop {
            let known = self.reader.shelf(&self.owner, |shelf| {
                waiting.retain(|id, replies| match shelf.young(id, age) {
                    Some(token) => {
                        answer(std::mem::take(replies), &Ok(Some(token)));
                        false
                    }
                    None => true,
                });
                let Window { gets, pages, listed, listable, .. } = *shelf.window(age);
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
                // No right to list, or no list as it should be: single reads will do.
                Err(error) if error.status().is_some() => {
                    self.reader.shelf(&self.owner, |shelf| shelf.window(age).listable = false);
                }
                Err(error) => {
                    return waiting.into_values().for_each(|replies| answer(replies, &Err(error.clone())));
                }
            }
        }
    }

    async fn first_page(&self) -> Result<(), Error> {
        let (pages, _) = self.reader.page(&self.owner, 1).await?;
        self.reader.shelf(&self.owner, |shelf| {
            let window = shelf.window(self.reader.0.age);
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
        self.reader.shelf(&self.owner, |shelf| shelf.window(self.reader.0.age).listed = true);
        Ok(())
    }

    /// Reads each by itself: that is what says that a token does not exist.
    async fn each(&self, waiting: Waiting, listed: bool) {
        let age = self.reader.0.age;
        self.reader.shelf(&self.owner, |shelf| shelf.window(age).gets += waiting.len() as u64);
        let reads = waiting.into_iter().map(|(id, replies)| async move {
            let read = self.reader.get_fresh(&self.owner, &id).await;
            if listed && matches!(read, Ok(Some(_))) {
                self.reader.shelf(&self.owner, |shelf| {
                    shelf.unlisted += 1;
                    let listable = shelf.unlisted < UNLISTED;
                    shelf.window(age).listable &= listable;
                });
            }
            answer(replies, &read);
        });
        stream::iter(reads).buffer_unordered(ABREAST).collect::<()>().await;
    }
}

fn answer(replies: Vec<oneshot::Sender<Answer>>, with: &Answer) {
    for reply in replies {
        // Whoever waited may be gone.
        let _ = reply.send(with.clone());
    }
}
