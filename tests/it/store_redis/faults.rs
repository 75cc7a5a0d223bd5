//! Many flows over connections that break at any moment: what was acknowledged is there, nothing
//! is there twice, and in the end the index agrees with the records.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use appattest_integrator::store::{
    Created, FlowStore, Next, Replaced, Replacement, StoreError, Stored,
};
use integrator_core::flow::machine::{Call, Recorded, Settled, settle};
use integrator_testbed::proxy::{Action, Proxy};
use integrator_testbed::redis::{Options, Server};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::repair::age_entry;
use super::{place, server, start, subject};
use crate::contract::samples::{answer, handle, number, replacement, start_key};
use crate::contract::subject::{Subject, recovered};

/// How many lives run at a time, in each of two processes.
const LIVES: u64 = 8;
/// How many follow each other.
const GENERATIONS: u64 = 12;
/// How many keys they start under.
const KEYS: u64 = 5;

const PATTERNS: [&[u8]; 5] = [
    b"EVALSHA",
    b"integrator:{index}:pairs",
    b"integrator:{index}:counts",
    b"integrator:start:",
    b"$1\r\nb\r\n",
];

/// A process whose connections break.
struct Process {
    store: Arc<dyn FlowStore>,
    proxy: Proxy,
    /// Makes flows, over a connection that holds.
    maker: Arc<Subject>,
}

impl Process {
    async fn on(server: &Server, maker: &Arc<Subject>) -> Arc<Self> {
        let proxy = Proxy::start(server.address());
        let subject = Subject::at(place(proxy.url(&server.url(0)))).await;
        Arc::new(Self {
            store: subject.store,
            proxy,
            maker: maker.clone(),
        })
    }

    /// The version that is stored, however often it must be asked for.
    async fn version(&self, flow: u64) -> Option<u64> {
        loop {
            match self.store.load(&handle(flow)).await {
                Ok(loaded) => return loaded.stored.map(|stored| stored.flow.version()),
                Err(StoreError::Unavailable { .. }) => sleep(Duration::from_millis(10)).await,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Writes a replacement, however often it must be tried; nobody else writes this flow.
    async fn write(&self, flow: u64, replacement: Replacement) {
        let after = match &replacement.next {
            Next::Record { stored, .. } => Some(stored.flow.version()),
            Next::Nothing => None,
        };
        loop {
            let written = self.store.replace(replacement.clone()).await;
            let version = self.version(flow).await;
            match written {
                Ok(Replaced::Done) => return assert_eq!(version, after, "lost"),
                Ok(Replaced::Conflict) => return assert_eq!(version, after, "conflict"),
                Ok(Replaced::TooLate) => panic!("no instant was given"),
                Err(StoreError::Unavailable { .. }) if version == after => return,
                Err(StoreError::Unavailable { .. }) => {
                    assert_eq!(version, Some(replacement.over));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn settled(&self, stored: &Stored, call: &Call, status: u16) -> Stored {
        let now = self.maker.now().await;
        let answer = answer(status, r#"{"id":"f"}"#);
        let settled = settle(&stored.flow, &self.maker.protocol, call, answer, &now);
        let Ok(Settled::Recorded(recorded)) = settled else {
            panic!("not recorded")
        };
        let Recorded {
            flow,
            answer,
            dropped,
            ..
        } = *recorded;
        let next = Stored::new(flow, self.maker.protocol.clone());
        let record = Next::Record {
            stored: next.clone(),
            answer: Some(answer),
            dropped,
        };
        let flow = number(stored.flow.handle());
        self.write(flow, replacement(stored, record)).await;
        next
    }

    /// One flow, from its start to where `flow` says.
    async fn live(&self, flow: u64) {
        let (stored, call) = self.maker.claimed(flow, "{}").await;
        let key = format!("key-{}", flow % KEYS);
        let created = self
            .store
            .create(stored.clone(), Some(start_key(&key)))
            .await;
        match created {
            Ok(Created::Created) => assert!(self.version(flow).await.is_some(), "lost"),
            Ok(Created::Existing(_) | Created::Busy) => {
                return assert_eq!(self.version(flow).await, None);
            }
            Ok(Created::Full(bound)) => panic!("{bound}"),
            Err(_) if self.version(flow).await.is_some() => {}
            Err(_) => return,
        }
        let begun = self.settled(&stored, &call, 200).await;
        let (claimed, call) = self.maker.claim_unsaved(&begun, 1_000 + flow).await;
        self.write(flow, replacement(&begun, super::record(&claimed)))
            .await;
        if flow.is_multiple_of(7) {
            return;
        }
        let ended = self.settled(&claimed, &call, 200).await;
        if !flow.is_multiple_of(3) {
            self.write(flow, replacement(&ended, Next::Nothing)).await;
        }
    }
}

/// Breaks something every few milliseconds, as often as said.
async fn break_connections(processes: [Arc<Process>; 2], times: usize) {
    let mut drawn: usize = 7;
    for _ in 0..times {
        drawn = drawn.wrapping_mul(1_103_515_245).wrapping_add(12_345) >> 3;
        let process = &processes[drawn % 2];
        let pattern = PATTERNS[drawn / 2 % PATTERNS.len()];
        let action = match drawn / 16 % 2 {
            0 => Action::Drop,
            _ => Action::LoseReply,
        };
        process.proxy.when_sent(pattern, action);
        if drawn.is_multiple_of(13) {
            process.proxy.refuse();
        }
        sleep(Duration::from_millis(5)).await;
        process.proxy.pass();
    }
}

/// As a process does about once a second.
async fn beat(processes: [Arc<Process>; 2]) {
    loop {
        for process in &processes {
            let _ = process.store.beat().await;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Lines of what a command replies.
fn lines(server: &Server, command: &[&str]) -> Vec<String> {
    let reply = server.command(command);
    reply.lines().map(str::to_owned).collect()
}

/// Compares the whole index with the records.
fn check(server: &Server) {
    let flows = lines(server, &["KEYS", "integrator:flow:*"]);
    let (mut bytes, mut terminal, mut in_states) = (0, 0, 0);
    let mut handles = BTreeSet::new();
    for key in &flows {
        let handle = key
            .trim_start_matches("integrator:flow:{")
            .trim_end_matches('}');
        handles.insert(handle.to_owned());
        let field = |name: &str| server.command(&["HGET", key, name]);
        let (facts, held, start_key) = (field("f"), field("b"), field("k"));
        let entry = server.command(&["HGET", "integrator:{index}:entries", handle]);
        let text = entry.splitn(3, ' ').nth(2).expect("an entry");
        let is_terminal = u64::from(facts.contains(r#""terminal":true"#));
        let digest = start(&start_key);
        let digest = digest.trim_start_matches("integrator:start:");
        assert_eq!(text, format!("{held} {is_terminal} {digest} {facts}"));
        let hinted = server.command(&["ZSCORE", "integrator:{index}:due", handle]);
        assert_eq!(hinted, field("d"), "{key}");
        assert_eq!(server.command(&["GET", &start(&start_key)]), handle);
        bytes += held.parse::<u64>().unwrap();
        terminal += is_terminal;
    }
    for set in ["handles", "due"] {
        let set = format!("integrator:{{index}}:{set}");
        let members = lines(server, &["ZRANGE", &set, "0", "-1"]);
        assert_eq!(members.into_iter().collect::<BTreeSet<_>>(), handles);
    }
    let entries = lines(server, &["HKEYS", "integrator:{index}:entries"]);
    assert_eq!(entries.into_iter().collect::<BTreeSet<_>>(), handles);
    for set in lines(server, &["KEYS", "integrator:{index}:state:*"]) {
        in_states += server.command(&["ZCARD", &set]).parse::<usize>().unwrap();
    }
    assert_eq!(in_states, flows.len());
    // A name that reached the server after its connection broke waits until it is taken over.
    let named = lines(server, &["KEYS", "integrator:start:*"]);
    let named = named.iter().map(|start| server.command(&["GET", start]));
    let named: BTreeSet<String> = named.filter(|name| !name.starts_with('?')).collect();
    assert_eq!(named, handles, "each flow has a key of its own");
    let count = |name: &str| server.command(&["HGET", "integrator:{index}:counts", name]);
    let count = |name: &str| count(name).parse::<u64>().unwrap_or_default();
    assert_eq!((count("bytes"), count("terminal")), (bytes, terminal));
}

#[tokio::test]
async fn after_any_faults_nothing_is_lost_and_the_index_agrees_with_the_records() {
    let server = server(Options::default());
    let maker = Arc::new(subject(&server).await);
    let processes = [
        Process::on(&server, &maker).await,
        Process::on(&server, &maker).await,
    ];
    let breaking = tokio::spawn(break_connections(processes.clone(), 150));
    let next = Arc::new(AtomicU64::new(1));
    let mut lives = JoinSet::new();
    for process in &processes {
        for _ in 0..LIVES {
            let (process, next) = (process.clone(), next.clone());
            lives.spawn(async move {
                for _ in 0..GENERATIONS {
                    process.live(next.fetch_add(1, Ordering::Relaxed)).await;
                }
            });
        }
    }

    let beating = tokio::spawn(beat(processes.clone()));
    lives.join_all().await;
    breaking.await.expect("it breaks to the end");
    beating.abort();

    // Patterns that were not sent yet are used up.
    for process in &processes {
        recovered(&*process.store).await;
    }
    // What was cut off long ago is not waited for.
    for flow in lines(&server, &["HKEYS", "integrator:{index}:entries"]) {
        age_entry(&server, flow.parse().unwrap());
    }
    for process in &processes {
        for _ in 0..20 {
            let _ = process.store.beat().await;
        }
    }
    maker.pass(60_000);
    maker.due().await;
    check(&server);
}
