//! Counterparts that are programs for Node: those in `counterparts/`.

use std::path::Path;
use std::sync::OnceLock;

use integrator_testbed::node::Project;
use integrator_testbed::program::Program;

/// Starts one of the programs in `counterparts/`.
pub(crate) fn counterpart(name: &str, arguments: &[&str]) -> Program {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    let project = PROJECT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols/counterparts");
        Project::installed(&folder, Path::new(env!("CARGO_TARGET_TMPDIR")))
    });
    let mut command = project.command(name);
    command.args(arguments);
    Program::start(command)
}
