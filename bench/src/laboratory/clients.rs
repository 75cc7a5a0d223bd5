//! How the people in front of the integrator behave: those who wait when they are told to, those
//! who back off, and those who make a storm.

use std::time::Duration;

use super::chance::{Chance, Stream};

/// What a population of clients is like.
#[derive(Clone, Copy, Debug)]
pub struct Clients {
    /// The mean time between an answer and the next step of the same flow.
    pub think: Duration,
    /// How long a client waits for one reply before it tries again.
    pub patience: Duration,
    /// The share that waits as long as `Retry-After` says.
    pub honouring: f64,
    /// The share that tries again at once, whatever it is told.
    pub stubborn: f64,
    /// The upper end of the first wait of those who back off; it doubles with each try.
    pub backoff: Duration,
    /// The upper end of any such wait.
    pub backoff_max: Duration,
    /// The waits of those who do not back off, at least and at most.
    pub stubborn_waits: (Duration, Duration),
    /// How often a step is tried before the flow is given up.
    pub tries_max: u32,
    /// How long a step is tried before the flow is given up.
    pub gives_up: Duration,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            think: Duration::from_millis(300),
            patience: Duration::from_secs(5),
            honouring: 0.4,
            stubborn: 0.3,
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(8),
            stubborn_waits: (Duration::from_millis(100), Duration::from_millis(300)),
            tries_max: 20,
            gives_up: Duration::from_secs(30),
        }
    }
}

/// What one client does when it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Honouring,
    BackingOff,
    Stubborn,
}

/// One user on the way through one flow.
#[derive(Debug)]
pub struct User {
    manner: Manner,
    chance: Chance,
    /// The step it is at.
    pub step: usize,
    /// When it tried this step first.
    since: Duration,
    /// How often it has tried this step.
    tries: u32,
    /// Counts its tries of all steps, so that what belongs to an earlier one is known as such.
    pub attempt: u32,
    /// The call of this step that is in flight.
    pub call: Option<usize>,
    /// Whether it waits for a reply.
    pub waiting: bool,
    /// Whether the step was answered while it had left.
    pub answered: bool,
    /// Where its flow stands among those begun.
    pub flow: Option<usize>,
}

impl User {
    /// The user of this number, the same in every run of this seed.
    pub fn new(clients: &Clients, seed: u64, number: usize, now: Duration) -> Self {
        let mut chance = Chance::new(seed, Stream::User(number));
        let drawn = chance.uniform();
        let manner = if drawn < clients.honouring {
            Manner::Honouring
        } else if drawn < clients.honouring + clients.stubborn {
            Manner::Stubborn
        } else {
            Manner::BackingOff
        };
        Self {
            manner,
            chance,
            step: 0,
            since: now,
            tries: 0,
            attempt: 0,
            call: None,
            waiting: false,
            answered: false,
            flow: None,
        }
    }

    /// Begins a try of its step, and waits for the reply.
    pub fn begin_try(&mut self, now: Duration) {
        if self.tries == 0 {
            self.since = now;
        }
        self.tries += 1;
        self.attempt += 1;
        self.waiting = true;
    }

    /// Goes on to the next step; the time it thinks before.
    pub fn advance(&mut self, clients: &Clients) -> Duration {
        self.step += 1;
        self.tries = 0;
        self.call = None;
        self.waiting = false;
        self.answered = false;
        self.chance.exponential(clients.think)
    }

    /// How long it waits before it tries the step again, unless it gives up.
    pub fn wait(
        &mut self,
        clients: &Clients,
        now: Duration,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        self.waiting = false;
        if self.tries >= clients.tries_max || now >= self.since + clients.gives_up {
            return None;
        }
        let (least, most) = match (self.manner, retry_after) {
            // A second of jitter, so that all who were told the same do not come at once.
            (Manner::Honouring, Some(told)) => (told, told + Duration::from_secs(1)),
            (Manner::Stubborn, _) => clients.stubborn_waits,
            (Manner::Honouring, None) | (Manner::BackingOff, _) => {
                let doubled = clients.backoff * (1 << (self.tries - 1).min(10));
                (Duration::ZERO, doubled.min(clients.backoff_max))
            }
        };
        Some(self.chance.between(least, most))
    }
}
