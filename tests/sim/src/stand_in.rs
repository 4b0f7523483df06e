//! A target behind an HTTP port, with the misbehaviour between the two.

use crate::connection::{Cut, CuttableListener};
use crate::misbehaviour::{Act, Quirks, Rule, Rules, Work};
use crate::sabotage::{spoil, whole};
use crate::tls::Tls;
use crate::{Answer, Clock, Ledger, Request, SimError, control, system_clock};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The largest request that a stand-in reads, in bytes.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// A system that can be stood in for.
pub trait Target: Send + Sync + 'static {
    /// The path below which it answers: `/scim/v2`.
    fn base(&self) -> &str;

    /// Does what is asked, one request at a time or many; may block on a disk. Every change goes into the ledger before
    /// it is made.
    fn handle(&self, request: &Request, quirks: &Quirks, ledger: &Ledger) -> Answer;

    /// An error in this target's own manner.
    fn error(&self, status: u16, code: Option<&str>, detail: &str) -> Answer;
}

/// Where a stand-in listens and what it starts with.
pub struct Setup {
    pub listen: SocketAddr,
    /// The second port, for rules and ledger; none if nobody outside this process needs them.
    pub control: Option<SocketAddr>,
    pub ledger: Option<PathBuf>,
    /// None serves in the clear.
    pub tls: Option<Tls>,
    pub rules: Vec<Rule>,
    pub clock: Clock,
}

/// A free port, no control port, a ledger in memory, no encryption, and good behaviour.
impl Default for Setup {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { listen, control: None, ledger: None, tls: None, rules: Vec::new(), clock: system_clock() }
    }
}

/// A stand-in that runs until it is stopped or dropped.
pub struct StandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    control: Option<SocketAddr>,
    roots_pem: Option<String>,
    tasks: Vec<JoinHandle<()>>,
}

pub(crate) struct Shared {
    target: Box<dyn Target>,
    pub(crate) ledger: Ledger,
    pub(crate) rules: Rules,
    clock: Clock,
    encrypted: bool,
    /// The `Authorization` headers that [`Act::EndToken`] has ended.
    ended: Mutex<HashSet<String>>,
    stopped: AtomicBool,
}

impl StandIn {
    pub async fn start(target: impl Target, setup: Setup) -> Result<Self, SimError> {
        let identity = setup.tls.as_ref().map(Tls::issue).transpose()?;
        let shared = Arc::new(Shared {
            target: Box::new(target),
            ledger: Ledger::open(setup.ledger.as_deref(), setup.clock.clone())?,
            rules: Rules::default(),
            clock: setup.clock,
            encrypted: identity.is_some(),
            ended: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        shared.rules.add(setup.rules);

        let (listener, address) = listen(setup.listen).await?;
        let app = Router::new().fallback(serve).with_state(shared.clone());
        let app = app.into_make_service_with_connect_info::<Cut>();
        let tls = identity.as_ref().map(|identity| TlsAcceptor::from(identity.config.clone()));
        let listener = CuttableListener { listener, tls };
        let mut tasks = vec![tokio::spawn(async move {
            // It never ends by itself.
            let _ = axum::serve(listener, app).await;
        })];
        let mut control = None;
        if let Some(address) = setup.control {
            let (listener, address) = listen(address).await?;
            control = Some(address);
            let app = control::app(shared.clone());
            tasks.push(tokio::spawn(async move {
                let _ = axum::serve(listener, app).await;
            }));
        }
        Ok(Self { shared, address, control, roots_pem: identity.map(|identity| identity.roots_pem), tasks })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the target's own paths begin: `http://127.0.0.1:40123/scim/v2`.
    pub fn url(&self) -> String {
        let scheme = if self.shared.encrypted { "https" } else { "http" };
        format!("{scheme}://{}{}", self.address, self.shared.target.base())
    }

    /// The certificate of the authority that a client must trust, if this stand-in encrypts.
    pub fn roots_pem(&self) -> Option<&str> {
        self.roots_pem.as_deref()
    }

    pub fn control_address(&self) -> Option<SocketAddr> {
        self.control
    }

    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    pub fn rules(&self) -> &Rules {
        &self.shared.rules
    }

    /// From now on nothing is served: new connections are refused, and those that are open close at their next request.
    pub async fn stop(mut self) {
        self.end();
        for task in std::mem::take(&mut self.tasks) {
            // Ended by us, which it reports as a failure.
            let _ = task.await;
        }
    }

    fn end(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.end();
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SimError> {
    if !address.ip().is_loopback() {
        return Err(SimError::NotLoopback(address));
    }
    let failed = |source| SimError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: axum::extract::Request,
) -> Response {
    // The server closes idle connections when it is dropped, and may be a request late.
    if shared.stopped.load(Ordering::Acquire) {
        return hang_up(&cut);
    }
    let request = match shared.read(request).await {
        Ok(request) => request,
        Err(refusal) => return whole(refusal),
    };
    let act = shared.rules.choose(&request);
    if shared.has_ended(&request, act == Some(Act::EndToken)) {
        let error = |status, code: Option<&str>, detail: &str| shared.target.error(status, code, detail);
        return spoil(Answer::empty(401), &Act::DropAuth, (shared.clock)(), error);
    }
    let skipped = act.as_ref().is_some_and(|act| act.work() == Work::Skipped);
    let answer = if skipped { Answer::empty(200) } else { shared.clone().work(request, &act).await };
    match act {
        Some(Act::Close { .. }) => hang_up(&cut),
        Some(Act::Hang { .. }) => std::future::pending().await,
        Some(act) => {
            let error = |status, code: Option<&str>, detail: &str| shared.target.error(status, code, detail);
            spoil(answer, &act, (shared.clock)(), error)
        }
        None => whole(answer),
    }
}

/// The answer never leaves: its connection is cut.
fn hang_up(cut: &Cut) -> Response {
    cut.now();
    whole(Answer::empty(200))
}

impl Shared {
    async fn read(&self, request: axum::extract::Request) -> Result<Request, Answer> {
        let (head, body) = request.into_parts();
        let below =
            head.uri.path().strip_prefix(self.target.base()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let Some(path) = below else {
            return Err(self.target.error(404, None, "nothing is served here"));
        };
        let headers = head.headers.iter();
        let headers =
            headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into()));
        let body = to_bytes(body, REQUEST_BYTES_MAX).await;
        Ok(Request {
            method: head.method.as_str().to_owned(),
            path: path.to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            encrypted: self.encrypted,
            body: body
                .map_err(|_| self.target.error(413, None, "the request is larger than 1 MiB, or broke off"))?
                .into(),
        })
    }

    /// Whether the token that a request carries is no longer good; `end` ends it now.
    fn has_ended(&self, request: &Request, end: bool) -> bool {
        let Some(token) = request.header("authorization") else { return end };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if end {
            ended.insert(token.to_owned());
        }
        ended.contains(token)
    }

    /// On a thread of its own, since it syncs files; it also ends when the client has gone away meanwhile.
    async fn work(self: Arc<Self>, request: Request, act: &Option<Act>) -> Answer {
        let quirks = act.as_ref().map(Act::quirks).unwrap_or_default();
        let shared = self.clone();
        let work = tokio::task::spawn_blocking(move || shared.target.handle(&request, &quirks, &shared.ledger));
        work.await.unwrap_or_else(|fault| self.target.error(500, None, &format!("the stand-in failed: {fault}")))
    }
}
