//! The protocols read anew under a configuration that stays as it is.

use super::{Config, agree};
use crate::catalog::Catalog;
use crate::problems::Problems;

impl Config {
    /// Reads the protocols as they are on disk now, with the checks of the start. The configuration
    /// itself is not read again: what it says of folder, default and backends stands. Tells what is
    /// doubtful beside them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any protocol.
    pub fn read_protocols(&self) -> Result<(Catalog, Vec<String>), Problems> {
        let catalog = Catalog::load(self.protocols.folder(), &self.protocols.default)?;
        let configured: Vec<&str> = self.backends.keys().map(String::as_str).collect();
        let strangers = agree::strangers(&configured, &catalog, "restart the process with");
        Problems::from_iter(strangers).or(())?;
        let doubts = agree::doubts(self, &catalog);
        Ok((catalog, doubts))
    }
}
