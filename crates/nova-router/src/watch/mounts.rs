//! File systems that others change too: the system tells nobody of what another machine wrote.
//!
//! Read from Linux's table of mounts; elsewhere there is none, and all count as local.

use std::fs::File;
use std::io::Read;

use super::watched::Wanted;
use crate::folder;

const TABLE: &str = "/proc/self/mountinfo";
/// A longer table is looked at in part; each mount takes about a hundred bytes.
const MOUNTS_BYTES_MAX: u64 = 4 << 20;

/// By the kernel's names for them.
const NETWORK: &[&[u8]] = &[
    b"9p",
    b"afs",
    b"beegfs",
    b"ceph",
    b"cifs",
    b"coda",
    b"fuse",
    b"gfs2",
    b"gpfs",
    b"lustre",
    b"nfs",
    b"nfs4",
    b"ocfs2",
    b"prl_fs",
    b"smb3",
    b"smbfs",
    b"vboxsf",
    b"virtiofs",
];
/// What a program serves may be anywhere.
const NETWORK_PREFIX: &[u8] = b"fuse.";

/// The mounts of this system.
#[derive(Debug)]
pub(super) struct Mounts(Vec<Mount>);

#[derive(Debug)]
struct Mount {
    point: Vec<u8>,
    kind: Vec<u8>,
}

impl Mounts {
    pub(super) fn read() -> Self {
        let mut table = Vec::new();
        if let Ok(file) = File::open(TABLE) {
            // What could be read is better than nothing.
            drop(file.take(MOUNTS_BYTES_MAX).read_to_end(&mut table));
        }
        Self::parse(&table)
    }

    pub(super) fn parse(table: &[u8]) -> Self {
        Self(table.split(|&byte| byte == b'\n').filter_map(parse_line).collect())
    }

    /// Why nobody tells what changes in one of these folders; `None` if all are told of.
    pub(super) fn silent(&self, wanted: &Wanted) -> Option<String> {
        let inner = self.0.iter().map(|mount| &mount.point[..]);
        let inner = inner.filter(|point| wanted.folders.contains_key(*point));
        let mut looked_at = inner.chain(wanted.tops());
        looked_at.find_map(|path| {
            let kind = &self.innermost(path)?.kind;
            let is_silent = NETWORK.contains(&&kind[..]) || kind.starts_with(NETWORK_PREFIX);
            is_silent.then(|| {
                let (path, kind) = (String::from_utf8_lossy(path), String::from_utf8_lossy(kind));
                format!("{path} is on a file system ({kind}) that does not tell what others change")
            })
        })
    }

    fn innermost(&self, path: &[u8]) -> Option<&Mount> {
        let around = self.0.iter().filter(|mount| folder::below(path, &mount.point).is_some());
        // Of two at one place the later one is seen.
        around.max_by_key(|mount| mount.point.len())
    }
}

/// `36 35 98:0 /from /point rw,noatime master:1 - ext4 /dev/root rw`, with any number of words before
/// the dash.
fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|&byte| byte == b' ');
    let point = unescape(words.nth(4)?);
    let kind = words.skip_while(|word| *word != b"-").nth(1)?;
    Some(Mount { point, kind: kind.to_vec() })
}

/// Blanks and backslashes are octal numbers there: `\040`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| byte == b'\\');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) => {
                bytes.push(code);
                rest = &after[3..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const MOUNTED: &[u8] = b"\
        22 1 0:21 / /proc rw - proc proc rw\n\
        27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n\
        28 27 0:30 / /home/me/far\\040away rw - nfs4 server:/home rw\n\
        29 28 0:31 / /home/me/far\\040away/near rw - tmpfs none rw\n\
        30 27 0:32 / /mnt/ssh rw - fuse.sshfs me@there: rw\n\
        31 27 0:33 / /mnt/twice rw - cifs //server/share rw\n\
        32 27 0:34 / /mnt/twice rw - ext4 /dev/vdb rw\n\
        not a line\n";

    #[test]
    fn folders_on_network_file_systems_are_found() {
        fn check(folders: &[&str], expected: Option<&str>) {
            let folders = folders.iter().map(|path| path.as_bytes().to_vec()).collect();
            let reason = Mounts::parse(MOUNTED).silent(&Wanted::new(folders, BTreeSet::new()));
            assert_eq!(reason.is_some(), expected.is_some(), "{reason:?}");
            assert!(reason.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
        check(&["/home/me/code"], None);
        check(&["/home/me/far away/code"], Some("nfs4"));
        check(&["/home/me/far away/near/code"], None);
        check(&["/home/me/far awayness"], None);
        check(&["/mnt/ssh"], Some("fuse.sshfs"));
        check(&["/mnt/twice/code"], None);
        check(&["/mnt", "/mnt/ssh"], Some("fuse.sshfs"));
        check(&["/home", "/home/me", "/home/me/far away"], Some("/home/me/far away"));
        check(&["/mnt"], None);
    }

    #[test]
    fn this_systems_table_is_understood() {
        let mounts = Mounts::read();
        if cfg!(target_os = "linux") {
            assert!(mounts.innermost(b"/").is_some());
        }
    }
}
