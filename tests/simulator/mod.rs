//! A strict, stateful Cloudflare API for tests. It runs in memory and speaks real HTTP. It imports nothing from
//! `src/`, because a shared helper could hide a mistake of the provider.
//!
//! [`Simulator`] is the handle for tests. A request passes through [`server`] (HTTP and faults), [`routes`] (the
//! endpoint), [`auth`] (the caller) and [`quota`] (the rate limit). One handler then runs to its end under the
//! state's lock, so each request takes effect at one instant. [`options::Readings`] has a switch for each point where
//! Cloudflare's behaviour is not known for sure.

#![allow(dead_code, reason = "each test binary uses a part of the simulator")]
#![allow(unreachable_pub, reason = "`pub` marks what tests may use; no crate can export it")]
#![allow(clippy::expect_used, reason = "a fixture that can't start should fail its test, with the reason")]

pub mod admin;
pub mod auth;
pub mod body;
pub mod catalogue;
pub mod envelope;
pub mod faults;
pub mod history;
pub mod inspect;
pub mod log;
pub mod options;
pub mod policies;
pub mod quota;
pub mod resources;
pub mod rights;
pub mod routes;
pub mod seed;
pub mod server;
pub mod state;
pub mod store;
pub mod tokens;
pub mod tunnels;
pub mod workers;
pub mod zones;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use self::{faults::Faults, log::Log, state::State};
#[allow(unused_imports, reason = "the names that tests use")]
pub use self::{
    faults::{Effect, Fault, FaultId, FaultKind, Sticky},
    inspect::PolicyView,
    log::Entry,
    options::{CreateStatus, CreatorCap, Options, Readings},
    workers::Script,
};

/// The data that the HTTP side and the handle share.
pub struct Shared {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    log: Mutex<Log>,
}

impl Shared {
    /// The state. It ignores a poisoned lock, so that a panic in one request does not break every later request.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The faults still to be injected.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requests seen so far.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running simulator. It serves from its own thread and runtime, so that blocking tests can use it too. It stops
/// when it is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a simulator, for async tests.
    ///
    /// # Panics
    /// If it can't listen.
    #[allow(clippy::unused_async, reason = "async tests read better, and starting may come to wait")]
    pub async fn start(options: Options) -> Self {
        Self::spawn(options)
    }

    /// Starts a simulator, for blocking tests.
    ///
    /// # Panics
    /// If it can't listen.
    pub fn spawn(options: Options) -> Self {
        let listener = TcpListener::bind(options.listen).expect("the simulator's address is free");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(options)),
            faults: Mutex::default(),
            log: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || runtime.block_on(server::serve(listener, served, stopped)))
            .expect("a thread starts");
        Self { shared, address, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT/client/v4`
    pub fn base_url(&self) -> String {
        format!("http://{}/client/v4", self.address)
    }

    /// Blocks until the simulator's thread ends. The thread ends on its own only if it panics.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
