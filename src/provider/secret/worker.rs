//! The requests that write several secrets of a Worker at once.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;

use super::absence::twice;
use super::bulk::{EDIT_LIMIT, Edited, Edits, is_told, seen};
use super::value::{Put, put};
use crate::cloudflare::{Client, Error, WorkerSecret, workers};

/// The pauses between looks for what was written.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// A Worker.
#[derive(Clone, Copy)]
pub(crate) struct Worker<'a> {
    pub(crate) client: &'a Client,
    pub(crate) account: &'a str,
    pub(crate) script: &'a str,
}

impl Worker<'_> {
    /// The Worker's secrets.
    pub(crate) async fn secrets(&self) -> Result<Vec<WorkerSecret>, Error> {
        self.client.send(workers::list_secrets(self.account, self.script)).await
    }

    /// The Worker's secrets, in two looks if one of these is missing. A deleted Worker has none.
    pub(crate) async fn find(&self, names: &BTreeSet<&str>) -> Result<Vec<WorkerSecret>, Error> {
        let look = || async {
            match self.secrets().await {
                Err(error) if error.is_not_found() => Ok(Vec::new()),
                there => there,
            }
        };
        let has = |there: &[WorkerSecret], name: &str| there.iter().any(|secret| secret.name == name);
        twice(look, |there: &Vec<WorkerSecret>| names.iter().all(|name| has(there, name))).await
    }

    /// Writes edits. The first request has all puts, and as many removals as the API allows. Further requests do the
    /// rest.
    pub(crate) async fn edit(&self, edits: &Edits<'_>) -> Edited {
        let (mut first, mut removals) = (Edits::new(), Vec::new());
        for (name, value) in edits {
            match value {
                Some(_) => {
                    first.insert(name, *value);
                }
                None => removals.push(*name),
            }
        }
        let room = EDIT_LIMIT.saturating_sub(first.len()).min(removals.len());
        let rest = removals.split_off(room);
        first.extend(removals.into_iter().map(|name| (name, None)));
        let mut left = match self.edit_once(&first).await {
            Edited::Done => BTreeSet::new(),
            Edited::Left { names, error: None } => names,
            failed => return failed,
        };
        for (number, part) in rest.chunks(EDIT_LIMIT).enumerate() {
            match self.edit_once(&part.iter().map(|name| (*name, None)).collect()).await {
                Edited::Done | Edited::Missing(_) => {}
                Edited::Left { names, .. } => left.extend(names),
                Edited::Failed { error, .. } => {
                    left.extend(rest.iter().skip(number * EDIT_LIMIT).map(|name| (*name).to_owned()));
                    return Edited::Left { names: left, error: Some(error) };
                }
            }
        }
        if left.is_empty() { Edited::Done } else { Edited::Left { names: left, error: None } }
    }

    /// Writes edits in one request. The API may refuse them if a secret to remove does not exist: its documentation
    /// does not say. The request is then repeated without such removals.
    async fn edit_once(&self, edits: &Edits<'_>) -> Edited {
        let (mut edits, mut doubt, mut looked) = (edits.clone(), false, false);
        while !edits.is_empty() {
            let request = || workers::edit_secrets(self.account, self.script, &edits);
            let (error, may_have_effect) = match put(self.client, request).await {
                Put::Done(answer) => return self.confirmed(&edits, answer.0.as_deref()).await,
                Put::Failed { error, may_have_effect } => (error, may_have_effect || doubt),
            };
            if looked || !error.is_secret_not_found() {
                return Edited::Failed { error, may_have_effect };
            }
            (looked, doubt) = (true, may_have_effect);
            match self.secrets().await {
                Ok(there) => edits
                    .retain(|name, value| value.is_some() || there.iter().any(|secret| secret.name == *name)),
                Err(error) => return Edited::Failed { error, may_have_effect },
            }
        }
        Edited::Done
    }

    /// Checks that edits that the API accepted are in force. If the answer does not prove it, this looks at the Worker.
    /// It looks several times, because a read may lag behind the write.
    async fn confirmed(&self, edits: &Edits<'_>, answer: Option<&[WorkerSecret]>) -> Edited {
        if is_told(edits, answer) {
            return Edited::Done;
        }
        for pause in PAUSES.map(Some).into_iter().chain([None]) {
            let found = match self.secrets().await {
                Ok(there) => seen(edits, &there),
                Err(error) => return Edited::Failed { error, may_have_effect: true },
            };
            match (found, pause) {
                (Edited::Done, _) => return Edited::Done,
                (found, None) => return found,
                (_, Some(pause)) => sleep(pause).await,
            }
        }
        Edited::Done
    }
}
