//! What a person means by a path: a place on the disk, one in an archive, or a link.

use std::fs;
use std::path::{Component, Path, PathBuf};

use nova_protocol::path;

use crate::root::Root;
use crate::scope;

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A path on the disk, absolute and without links. There may be nothing.
    Disk(PathBuf),
    /// A path in an archive: the archive, absolute and without links, and the path below it.
    Archive(PathBuf, Vec<u8>),
    /// A path through a link, or to one, that the walk meets and does not follow.
    Link {
        path: PathBuf,
        link: PathBuf,
        /// Where the path leads; `None` if that is nowhere.
        target: Option<PathBuf>,
    },
}

impl Place {
    /// Finds the place of a path as a person names it.
    pub(super) fn find(named: &Path, roots: &[Root]) -> Self {
        let absolute = std::path::absolute(named).unwrap_or_else(|_| named.to_path_buf());
        // A folder may be called like the inside of an archive.
        if fs::symlink_metadata(&absolute).is_err() {
            let bytes = path::to_bytes(&absolute);
            if let Some(folder) = scope::archive_of(&bytes) {
                let entry = bytes[folder.len()..].strip_prefix(b"/").unwrap_or_default();
                let archive = path::from_bytes(folder.strip_suffix(b"!").unwrap_or(folder));
                let real = fs::canonicalize(&archive).unwrap_or(archive);
                return Self::Archive(real, entry.to_vec());
            }
        }
        on_disk(&absolute, roots)
    }
}

/// Follows links, as the walk never meets those above the ROOTs. One that it meets is the answer, unless
/// a longer path goes on through it to where the walk gets another way.
fn on_disk(absolute: &Path, roots: &[Root]) -> Place {
    let is_walked =
        |folder: &Path| roots.iter().any(|root| !root.is_archive && folder.starts_with(&root.real));
    let mut real = PathBuf::new();
    let mut met: Option<Met> = None;
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(real.pop()),
            Component::Prefix(_) | Component::RootDir => real.push(component),
            Component::Normal(name) => {
                let is_below_root = is_walked(&real);
                real.push(name);
                if let Some(met) = &mut met {
                    met.path.push(name);
                }
                if !real.is_symlink() {
                    continue;
                }
                let target = fs::canonicalize(&real).ok();
                if is_below_root || target.is_none() {
                    met = Some(Met { path: real.clone(), link: real.clone() });
                }
                let Some(target) = target else { break };
                real = target;
            }
        }
    }
    match met {
        Some(Met { path, link }) if real == link => Place::Link { path, link, target: None },
        Some(Met { path, link }) if path == link || !is_walked(&real) => {
            Place::Link { path, link, target: Some(real) }
        }
        _ => Place::Disk(real),
    }
}

/// A link under a ROOT, and the path through it as far as that was followed.
struct Met {
    path: PathBuf,
    link: PathBuf,
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_is_told_where_the_walk_would_meet_it_and_followed_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(base.join("tree/a")).unwrap();
        fs::create_dir_all(base.join("other")).unwrap();
        symlink(base.join("tree"), base.join("to_tree")).unwrap();
        symlink("a", base.join("tree/to_a")).unwrap();
        symlink("../other", base.join("tree/to_other")).unwrap();
        symlink("nothing", base.join("tree/to_nothing")).unwrap();
        let roots = [Root::find(&base.join("tree")).unwrap()];
        let check = |named: &str, expected: Place| {
            assert_eq!(Place::find(&base.join(named), &roots), expected, "{named}");
        };
        let disk = |real: &str| Place::Disk(base.join(real));
        let link = |path: &str, link: &str, target: Option<&str>| Place::Link {
            path: base.join(path),
            link: base.join(link),
            target: target.map(|target| base.join(target)),
        };
        check("tree/a/../a/A.java", disk("tree/a/A.java"));
        check("to_tree/a/A.java", disk("tree/a/A.java"));
        check("to_tree", disk("tree"));
        check("tree/to_a", link("tree/to_a", "tree/to_a", Some("tree/a")));
        check("tree/to_a/A.java", disk("tree/a/A.java"));
        let through = link("tree/to_other/A.java", "tree/to_other", Some("other/A.java"));
        check("tree/to_other/A.java", through);
        check("tree/to_nothing", link("tree/to_nothing", "tree/to_nothing", None));
        check("tree/to_nothing/A.java", link("tree/to_nothing", "tree/to_nothing", None));
    }

    #[test]
    fn a_path_leads_into_an_archive_unless_there_is_a_folder_of_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(base.join("wow.zip!")).unwrap();
        fs::write(base.join("wow.zip!/A.java"), "").unwrap();
        let find = |named: &str| Place::find(&base.join(named), &[]);
        assert_eq!(find("wow.zip!/A.java"), Place::Disk(base.join("wow.zip!/A.java")));
        let entry = b"a/A.java".to_vec();
        assert_eq!(find("src.zip!/a/A.java"), Place::Archive(base.join("src.zip"), entry));
        assert_eq!(find("src.zip!"), Place::Archive(base.join("src.zip"), Vec::new()));
    }
}
