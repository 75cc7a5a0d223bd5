//! Whether a server may hold flows, and what its acknowledged writes survive.

use std::collections::BTreeMap;

use integrator_core::flow::time::Tick;
use redis::cmd;

use super::RedisRecords;
use super::fields::number;
use super::keys;
use super::link::Seed;
use super::read::read;
use super::script::{self, Call};
use super::trouble::Trouble;
use crate::store::operations::{Durability, PrepareError, Prepared};

/// The version of the names and values that this program keeps.
const SCHEMA: u64 = 1;
/// The oldest server that has the commands that scripts use.
const OLDEST: (u32, u32) = (6, 2);
/// What a server tells where the account may not read its configuration.
const NOT_TOLD: &str = "not told";

/// What a server tells of itself.
struct About {
    info: BTreeMap<String, String>,
    /// Settings by name; those that the account may not read are missing.
    settings: BTreeMap<&'static str, String>,
}

impl RedisRecords {
    /// Reaches the server, judges it, and makes sure of the schema.
    pub(super) async fn make_ready(&self) -> Result<(Prepared, Option<Tick>), PrepareError> {
        let about = self.about().await?;
        about.judge().map_err(PrepareError::Unsuitable)?;
        let unreachable = |trouble: Trouble| PrepareError::Unreachable(trouble.cause);
        let call = Call::of(&script::SCHEMA).key(keys::SCHEMA).number(SCHEMA);
        let schema = self.link.call(&call).await.map_err(unreachable)?;
        let schema = schema.into_iter().flatten().next().unwrap_or_default();
        if number(&schema) != Some(SCHEMA) {
            let schema = String::from_utf8_lossy(&schema);
            return Err(PrepareError::Unsuitable(format!(
                "the flows in this Redis are kept in format {schema}, and this version of the program reads format {SCHEMA}; run the version that wrote them, or name another database in the URL"
            )));
        }
        let mut get = cmd("GET");
        get.arg(keys::CLOCK);
        let shown = self.link.ask(&get).await.and_then(read::<Option<Vec<u8>>>);
        let shown = shown.map_err(unreachable)?;
        let shown = shown.as_deref().and_then(number).map(Tick);
        Ok((about.prepared(), shown))
    }

    async fn about(&self) -> Result<About, PrepareError> {
        let unreachable = |trouble: Trouble| PrepareError::Unreachable(trouble.cause);
        let mut seed = self.link.seed().await.map_err(unreachable)?;
        let mut all = cmd("INFO");
        all.arg("all");
        let info = seed.ask(&all).await.and_then(read::<String>);
        let info = info.map_err(unreachable)?;
        let lines = info
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'));
        let info = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let info = info.collect();
        let mut settings = BTreeMap::new();
        for name in ["appendfsync", "appendonly", "maxmemory-policy", "save"] {
            if let Some(value) = setting(&mut seed, name).await.map_err(unreachable)? {
                settings.insert(name, value);
            }
        }
        Ok(About { info, settings })
    }
}

/// A setting, unless the account may not read it.
async fn setting(seed: &mut Seed, name: &str) -> Result<Option<String>, Trouble> {
    let mut get = cmd("CONFIG");
    get.arg("GET").arg(name);
    match seed.ask(&get).await {
        Ok(reply) => Ok(read::<BTreeMap<String, String>>(reply)?.remove(name)),
        Err(trouble) if trouble.refused => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

impl About {
    fn info(&self, name: &str) -> &str {
        self.info.get(name).map_or("", String::as_str)
    }

    fn policy(&self) -> &str {
        let set = self.settings.get("maxmemory-policy").map(String::as_str);
        set.unwrap_or_else(|| self.info("maxmemory_policy"))
    }

    fn is_cluster(&self) -> bool {
        self.info("cluster_enabled") == "1"
    }

    fn appends(&self) -> bool {
        match self.settings.get("appendonly") {
            Some(set) => set == "yes",
            None => self.info("aof_enabled") == "1",
        }
    }

    /// Why the server must not be used.
    fn judge(&self) -> Result<(), String> {
        if self.info("redis_mode") == "sentinel" {
            return Err("the URL names a Sentinel; name the Redis server itself".to_owned());
        }
        let version = self.info("redis_version");
        if major_and_minor(version).is_none_or(|version| version < OLDEST) {
            let (major, minor) = OLDEST;
            return Err(format!(
                "Redis {version} is too old; {major}.{minor} or a later one is needed"
            ));
        }
        // Of a cluster, any server leads to those that take writes.
        if self.info("role") != "master" && !self.is_cluster() {
            return Err(format!(
                "this Redis is a replica of {}:{}; name its primary in the URL",
                self.info("master_host"),
                self.info("master_port")
            ));
        }
        let policy = self.policy();
        if policy != "noeviction" {
            return Err(format!(
                "Redis drops flows when its memory is full: maxmemory-policy is {policy}; set it to noeviction"
            ));
        }
        Ok(())
    }

    fn durability(&self) -> Durability {
        let fsync = self.settings.get("appendfsync").map(String::as_str);
        let save = self.settings.get("save").map(String::as_str);
        match (self.appends(), fsync, save) {
            (true, Some("always"), _) => Durability::PowerLoss,
            (true, Some("everysec"), _) => Durability::Second,
            (true, Some(_), _) => Durability::Minutes,
            (false, _, Some("")) => Durability::StoreProcess,
            (false, _, Some(_)) => Durability::Minutes,
            (true, None, _) | (false, _, None) => Durability::Unknown,
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !matches!(self.info("connected_slaves"), "" | "0") {
            warnings.push(
                "replicas follow this Redis: they get writes after these are acknowledged, so a failover may lose the latest".to_owned(),
            );
        }
        if self.is_cluster() {
            warnings.push(
                "this is a Redis cluster: only the server that the URL names was asked for its settings; they must be the same on all, and so must their clocks".to_owned(),
            );
        }
        if self.settings.is_empty() {
            warnings.push(
                "the account may not run CONFIG GET, so what Redis keeps over a restart is not known; allow it (+config|get)".to_owned(),
            );
        }
        warnings
    }

    fn prepared(&self) -> Prepared {
        let version = match self.info("valkey_version") {
            "" => format!("Redis {}", self.info("redis_version")),
            version => format!("Valkey {version}"),
        };
        let told = |name: &str| {
            let set = self.settings.get(name).map_or(NOT_TOLD, String::as_str);
            (name.to_owned(), set.to_owned())
        };
        let appends = if self.appends() { "yes" } else { "no" };
        let settings = vec![
            ("appendonly".to_owned(), appends.to_owned()),
            told("appendfsync"),
            told("save"),
            ("maxmemory-policy".to_owned(), self.policy().to_owned()),
            (
                "connected_slaves".to_owned(),
                self.info("connected_slaves").to_owned(),
            ),
            (
                "cluster_enabled".to_owned(),
                self.info("cluster_enabled").to_owned(),
            ),
        ];
        Prepared {
            durability: self.durability(),
            version,
            settings,
            warnings: self.warnings(),
        }
    }
}

fn major_and_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
