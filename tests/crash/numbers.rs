//! Randomness that can be had again, the sizes of a run, and one clock for all that is seen.

use std::str::FromStr;
use std::sync::OnceLock;

use tokio::time::Instant;

/// What the environment says of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Flows of a storm, for each store.
    pub(crate) flows: u64,
    /// Rounds of every named point, for each store.
    pub(crate) rounds: u64,
    /// Clients at a time.
    pub(crate) clients: u64,
}

impl Sizes {
    pub(crate) fn of_environment() -> Self {
        Self {
            flows: variable("INTEGRATOR_CRASH_FLOWS").unwrap_or(100),
            rounds: variable("INTEGRATOR_CRASH_ROUNDS").unwrap_or(1),
            clients: variable("INTEGRATOR_CRASH_CLIENTS").unwrap_or(50),
        }
    }
}

/// The seed of this run: `INTEGRATOR_CRASH_SEED`, or one of its own.
pub(crate) fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        variable("INTEGRATOR_CRASH_SEED").unwrap_or_else(|| {
            let mut bytes = [0; 4];
            let drawn = std::fs::File::open("/dev/urandom")
                .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes));
            drawn.expect("the system gives randomness");
            u32::from_le_bytes(bytes).into()
        })
    })
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    let Ok(value) = text.parse() else {
        panic!("{name}={text} is no number");
    };
    Some(value)
}

/// Microseconds since this process first asked.
pub(crate) fn micros() -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    let since = EPOCH.get_or_init(Instant::now).elapsed();
    u64::try_from(since.as_micros()).expect("a run does not last that long")
}

/// A sequence that a seed tells (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of one part of a run, whatever the other parts draw.
    pub(crate) fn of(seed: u64, part: &str, number: u64) -> Self {
        let mut mixed = seed;
        for byte in part.bytes().chain(number.to_le_bytes()) {
            mixed = Self(mixed ^ u64::from(byte)).draw();
        }
        Self(mixed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.draw() % (to - from + 1)
    }

    /// Whether one of `percent` in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.between(0, 99) < percent
    }

    /// One place of a list of this length.
    pub(crate) fn below(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a length");
        usize::try_from(self.draw() % length).expect("it is below a length")
    }
}

#[test]
fn one_seed_gives_one_sequence_and_each_part_its_own() {
    let drawn = |seed, part, number| {
        let mut random = Random::of(seed, part, number);
        (0..4).map(|_| random.draw()).collect::<Vec<_>>()
    };
    assert_eq!(drawn(1, "a", 2), drawn(1, "a", 2));
    assert_ne!(drawn(1, "a", 2), drawn(2, "a", 2));
    assert_ne!(drawn(1, "a", 2), drawn(1, "b", 2));
    assert_ne!(drawn(1, "a", 2), drawn(1, "a", 3));
}
