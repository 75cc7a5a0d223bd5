//! `[store]`: where flows are kept, and what each kind of store needs to be found.

use std::fmt;
use std::path::{Path, PathBuf};

use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;
use super::store_url::{self, StoreUrl};
use crate::problems::Problem;

const KIND: &str = "store.kind";
const PATH: &str = "store.path";
const URL: &str = "store.url";

const MEMORY: &str = "memory";
const SQLITE: &str = "sqlite";
const REDIS: &str = "redis";
const POSTGRES: &str = "postgres";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        KIND,
        Kind::Word(&[MEMORY, SQLITE, REDIS, POSTGRES]),
        Feature::Flows,
        "What keeps the flows; `memory` forgets them when the process ends.",
    )
    .default(MEMORY),
    Setting::new(
        PATH,
        Kind::Path,
        Feature::Flows,
        "File of the `sqlite` store, which needs it; other stores have none.",
    ),
    Setting::new(
        URL,
        Kind::StoreUrl,
        Feature::Flows,
        "URL of the `redis` or `postgres` store, which needs it; other stores have none.",
    ),
];

/// What keeps the flows, and where it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// This process.
    Memory,
    /// A file, which belongs to one process.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A Redis server.
    Redis {
        /// Where it is; the scheme is `redis` or `rediss`.
        url: StoreUrl,
    },
    /// A PostgreSQL server.
    Postgres {
        /// Where it is; the scheme is `postgres` or `postgresql`.
        url: StoreUrl,
    },
}

impl Store {
    pub(super) fn assemble(settled: &Settled, directory: &Path) -> Result<Store, Problem> {
        match settled.text(KIND)? {
            MEMORY => Ok(Store::Memory),
            SQLITE => Ok(Store::Sqlite {
                path: directory.join(settled.path(PATH)?),
            }),
            REDIS => Ok(Store::Redis {
                url: settled.store_url(URL)?.clone(),
            }),
            POSTGRES => Ok(Store::Postgres {
                url: settled.store_url(URL)?.clone(),
            }),
            kind => Err(Problem::of(KIND, format!("{kind} is no store"))),
        }
    }
}

/// The kind and the place, without credentials.
impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Store::Memory => f.write_str(MEMORY),
            Store::Sqlite { path } => write!(f, "{SQLITE} at {}", path.display()),
            Store::Redis { url } => write!(f, "{REDIS} at {url}"),
            Store::Postgres { url } => write!(f, "{POSTGRES} at {url}"),
        }
    }
}

/// What a kind of store is found by.
#[derive(Clone, Copy)]
enum Place {
    File,
    /// A URL with one of these schemes.
    Server([&'static str; 2]),
}

impl Place {
    /// The place of a kind that has one outside this process.
    fn of(kind: &str) -> Option<Place> {
        match kind {
            SQLITE => Some(Place::File),
            REDIS => Some(Place::Server(store_url::REDIS)),
            POSTGRES => Some(Place::Server(store_url::POSTGRES)),
            _ => None,
        }
    }

    /// The setting that tells it.
    fn key(self) -> &'static str {
        match self {
            Place::File => PATH,
            Place::Server(_) => URL,
        }
    }

    fn allowed(self) -> String {
        match self {
            Place::File => "the path of a file".to_owned(),
            Place::Server([one, other]) => format!("a URL that begins with {one}:// or {other}://"),
        }
    }

    /// Why the place that is said is none of this kind.
    fn unfit(self, settled: &Settled, directory: &Path) -> Option<String> {
        match self {
            Place::File => unfit_path(settled.path(PATH).ok()?, directory),
            Place::Server(schemes) => {
                let scheme = settled.store_url(URL).ok()?.scheme();
                (!schemes.contains(&scheme)).then(|| format!("this URL begins with {scheme}://"))
            }
        }
    }
}

/// The file of a store that has one.
pub(super) fn file(settled: &Settled) -> Option<&Path> {
    let is_file = settled.text(KIND) == Ok(SQLITE);
    let path = is_file.then(|| settled.path(PATH).ok())?;
    path.map(PathBuf::as_path)
}

/// A store without what it needs, with what it does not have, or with what is not for its kind.
pub(super) fn contradictions(settled: &Settled, directory: &Path) -> Vec<Problem> {
    let Ok(kind) = settled.text(KIND) else {
        return Vec::new();
    };
    let told = format!("the store is {kind} ({})", settled.place(KIND));
    let place_at = |key: &str| Place::of(kind).filter(|place| place.key() == key);
    let problem = |key: &str| match (place_at(key), settled.is_said(key)) {
        (None, false) => None,
        (None, true) => {
            let text = format!("{told}, which has none; leave it out");
            Some(Problem::at(key, settled.place(key), text))
        }
        (Some(place), false) => {
            let allowed = place.allowed();
            let text = format!("is missing; {told}, which needs it; allowed: {allowed}");
            Some(Problem::of(key, text))
        }
        (Some(place), true) => {
            let why = place.unfit(settled, directory)?;
            let text = format!("{why}, but {told}; allowed: {}", place.allowed());
            Some(Problem::at(key, settled.place(key), text))
        }
    };
    let whole = |key: &&str| !settled.is_broken(key);
    [PATH, URL]
        .into_iter()
        .filter(whole)
        .filter_map(problem)
        .collect()
}

fn unfit_path(path: &Path, directory: &Path) -> Option<String> {
    if is_no_file_to_sqlite(path) {
        // It may be a URL with a password, so it is not repeated.
        return Some(
            "a colon stands in the first part of this path (write ./ in front)".to_owned(),
        );
    }
    let is_folder = directory.join(path).is_dir();
    is_folder.then(|| format!("{} is a folder", path.display()))
}

/// `:memory:` and `file:…` mean something else to SQLite than a file of that name, and a URL names
/// no file: all of them have a colon before the first slash.
fn is_no_file_to_sqlite(path: &Path) -> bool {
    let first = path.components().next();
    first.is_some_and(|first| first.as_os_str().to_string_lossy().contains(':'))
}
