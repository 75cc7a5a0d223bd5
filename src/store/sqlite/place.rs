//! Whether a file lies where what SQLite promises can be kept.

use std::path::Path;

/// File systems whose server may lose or reorder what was synced, or whose locks other machines
/// do not see, by the number that the kernel tells (statfs(2)).
#[cfg(target_os = "linux")]
const OF_NETWORK: [(u64, &str); 8] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x6573_5546, "FUSE"),
    (0x5346_414f, "AFS"),
];
/// File systems that end with the machine.
#[cfg(target_os = "linux")]
const OF_MEMORY: [(u64, &str); 2] = [(0x0102_1994, "tmpfs"), (0x8584_58f6, "ramfs")];

/// What is doubtful about the place of a file, if anything is.
#[cfg(target_os = "linux")]
pub(super) fn warning(path: &Path) -> Option<String> {
    let found = rustix::fs::statfs(path).ok()?;
    // The kernel's number has 32 bits; its type's width and sign differ between machines.
    let kind = u64::try_from(i128::from(found.f_type) & 0xffff_ffff).ok()?;
    let among = |kinds: &[(u64, &'static str)]| {
        let mut kinds = kinds.iter();
        kinds
            .find(|(number, _)| *number == kind)
            .map(|(_, name)| *name)
    };
    let path = path.display();
    if let Some(name) = among(&OF_NETWORK) {
        return Some(format!(
            "the SQLite file {path} lies on {name}: what locks and syncs are worth there its server decides; a file system of this machine keeps both"
        ));
    }
    among(&OF_MEMORY).map(|name| {
        format!("the SQLite file {path} lies on {name}: it is in memory, and ends with the machine")
    })
}

/// Elsewhere it is not told.
#[cfg(not(target_os = "linux"))]
pub(super) fn warning(_: &Path) -> Option<String> {
    None
}
