//! Folders that are walked although rules leave them out, such as those of generated sources.
//!
//! One is a path, as `target/generated-sources`, and means the folder of that path in each folder that is walked anyway.
//! In it no rules count. What else is in `target` stays left out.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

/// Each is looked for in every folder of the tree.
const INCLUDED_MAX: usize = 64;

/// Such folders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Inclusion(Vec<Vec<OsString>>);

/// A path that names no such folder.
#[derive(Debug, thiserror::Error)]
pub enum InclusionError {
    /// It leads elsewhere, or nowhere.
    #[error("`{0}` is no path below a folder, such as target/generated-sources")]
    NotBelow(String),
    /// There are too many.
    #[error("more than {INCLUDED_MAX} folders are to be included")]
    TooMany,
}

/// What is there of such folders in a folder that is walked.
#[derive(Debug, Default)]
pub(crate) struct Included {
    /// Those that are there.
    pub(crate) folders: Vec<PathBuf>,
    /// Folders on the way to one, where it is or would be found.
    pub(crate) passed: Vec<PathBuf>,
}

impl Inclusion {
    /// The folders of these paths, in any order.
    pub fn new(paths: &[String]) -> Result<Self, InclusionError> {
        if paths.len() > INCLUDED_MAX {
            return Err(InclusionError::TooMany);
        }
        let mut all = Vec::new();
        for path in paths {
            let mut names = Vec::new();
            for name in Path::new(path).components() {
                match name {
                    Component::Normal(name) => names.push(name.to_owned()),
                    Component::CurDir => {}
                    _ => return Err(InclusionError::NotBelow(path.clone())),
                }
            }
            if names.is_empty() {
                return Err(InclusionError::NotBelow(path.clone()));
            }
            all.push(names);
        }
        all.sort_unstable();
        all.dedup();
        Ok(Self(all))
    }

    /// The paths, in their order.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.0.iter().map(PathBuf::from_iter)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is there in a folder that is walked. Links are not followed.
    pub(crate) fn look_into(&self, folder: &Path) -> Included {
        let mut included = Included::default();
        for names in &self.0 {
            let mut at = folder.to_path_buf();
            for (number, name) in names.iter().enumerate() {
                at.push(name);
                if !fs::symlink_metadata(&at).is_ok_and(|it| it.is_dir()) {
                    break;
                }
                match number + 1 == names.len() {
                    true => included.folders.push(at.clone()),
                    false => included.passed.push(at.clone()),
                }
            }
        }
        included
    }

    /// Whether a path below a folder that is walked is one of these folders, or in one.
    pub(crate) fn begins(&self, below: &Path, is_folder: bool) -> bool {
        let names: Vec<&OsStr> = below.iter().collect();
        self.0.iter().any(|included| {
            names.len() + usize::from(is_folder) > included.len()
                && included.iter().zip(&names).all(|(included, name)| included == name)
        })
    }

    /// Whether a folder that is walked, or in such a folder, is one or in one, by its path below the ROOT.
    pub(crate) fn has(&self, below: &Path) -> bool {
        let mut rest = below.iter();
        loop {
            if self.begins(rest.as_path(), true) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        }
    }
}

impl TryFrom<Vec<String>> for Inclusion {
    type Error = InclusionError;

    fn try_from(paths: Vec<String>) -> Result<Self, InclusionError> {
        Self::new(&paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inclusion(paths: &[&str]) -> Result<Inclusion, InclusionError> {
        Inclusion::new(&paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn only_paths_below_a_folder_can_be_included() {
        assert_eq!(inclusion(&["b/c", "./a/", "a"]).unwrap(), inclusion(&["a", "b/c"]).unwrap());
        for path in ["", ".", "/a", "../a", "a/../b"] {
            inclusion(&[path]).unwrap_err();
        }
        inclusion(&vec!["a"; INCLUDED_MAX + 1]).unwrap_err();
    }

    #[test]
    fn what_is_in_an_included_folder_is_known_by_its_path() {
        let inclusion = inclusion(&["target/gen", ".apt"]).unwrap();
        let has = |path: &str| inclusion.has(Path::new(path));
        assert!(has("target/gen") && has("m/target/gen/a/b") && has("m/.apt/a"));
        assert!(!has("target") && !has("target/other/gen") && !has("m/apt") && !has(""));
        assert!(!inclusion.begins(Path::new("m/target/gen"), true));
        assert!(inclusion.begins(Path::new("target/gen/A.java"), false));
        assert!(!inclusion.begins(Path::new("target/gen"), false));
    }
}
