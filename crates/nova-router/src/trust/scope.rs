//! Which shards a worker may see, by the source roots that are in them.

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Deserializer, de};

use crate::source_root;

/// Patterns of one worker.
const SCOPE_GLOBS_MAX: usize = 64;
/// Bytes of one pattern.
const GLOB_BYTES_MAX: usize = 1024;

/// The source roots that a worker may see: all of them, or those that a pattern matches.
///
/// A pattern matches a root by the root's path as the layout calls it (below the workspace's folder where it is
/// in it, which itself is `.`; else absolute), or by that of a folder around it: `core` lets in
/// `core/src/main/java`. One that begins with a slash matches absolute paths, wherever the root is; so each ROOT has a
/// name. An archive's name may stand without the `!` at its end. `*` and `?` do not match a slash; `**` stands for any number of
/// folders.
#[derive(Debug, Clone)]
pub struct ShardScope(Option<Globs>);

#[derive(Debug, Clone)]
struct Globs {
    patterns: Vec<String>,
    /// For what the layout calls a root.
    set: GlobSet,
    /// For where it is, those that begin with a slash. Others would match folders around the workspace.
    rooted: GlobSet,
}

/// A pattern that makes no sense, or too many of them.
#[derive(Debug, thiserror::Error)]
pub enum ShardScopeError {
    /// There are too many.
    #[error("{found} patterns of shards, more than {SCOPE_GLOBS_MAX}")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// One has too many bytes.
    #[error("a pattern of {found} bytes, more than {GLOB_BYTES_MAX}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// One is no pattern.
    #[error(transparent)]
    Malformed(#[from] globset::Error),
}

impl ShardScope {
    /// All source roots.
    pub const ALL: Self = Self(None);

    /// Those that a pattern matches; without patterns none.
    pub fn new(patterns: Vec<String>) -> Result<Self, ShardScopeError> {
        if patterns.len() > SCOPE_GLOBS_MAX {
            return Err(ShardScopeError::TooMany { found: patterns.len() });
        }
        let (mut set, mut rooted) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in &patterns {
            let glob = glob(pattern)?;
            if pattern.starts_with('/') {
                rooted.add(glob.clone());
            }
            set.add(glob);
        }
        Ok(Self(Some(Globs { set: set.build()?, rooted: rooted.build()?, patterns })))
    }

    /// Whether it may see a source root, by its path as the layout of a workspace in the folder `base` calls it.
    pub fn may_have(&self, root: &[u8], base: &[u8]) -> bool {
        let Some(globs) = &self.0 else { return true };
        let name = if root.is_empty() { b"." } else { root };
        is_in(&globs.set, name)
            || (!globs.rooted.is_empty() && is_in(&globs.rooted, &source_root::path(root, base)))
    }

    /// The patterns; `None` if it may see all.
    pub fn patterns(&self) -> Option<&[String]> {
        self.0.as_ref().map(|globs| globs.patterns.as_slice())
    }
}

/// Whether a pattern matches a path, or a folder around it.
fn is_in(set: &GlobSet, path: &[u8]) -> bool {
    let around = path.iter().enumerate().filter(|(at, byte)| **byte == b'/' && *at > 0);
    let mut folders = around.map(|(at, _)| &path[..at]).chain([path]);
    let is_match = |folder: &[u8]| set.is_match_candidate(&Candidate::from_bytes(folder));
    folders.any(|folder| is_match(folder) || folder.strip_suffix(b"!").is_some_and(is_match))
}

fn glob(pattern: &str) -> Result<Glob, ShardScopeError> {
    if pattern.len() > GLOB_BYTES_MAX {
        return Err(ShardScopeError::TooLong { found: pattern.len() });
    }
    let pattern = pattern.strip_suffix('/').filter(|it| !it.is_empty()).unwrap_or(pattern);
    Ok(GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()?)
}

impl Default for ShardScope {
    fn default() -> Self {
        Self::ALL
    }
}

impl PartialEq for ShardScope {
    fn eq(&self, other: &Self) -> bool {
        self.patterns() == other.patterns()
    }
}

impl Eq for ShardScope {}

impl<'de> Deserialize<'de> for ShardScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(patterns: &[&str]) -> ShardScope {
        ShardScope::new(patterns.iter().map(|it| (*it).to_owned()).collect()).unwrap()
    }

    #[test]
    fn a_pattern_matches_a_root_and_what_is_below_it() {
        let check = |pattern: &str, root: &str, expected: bool| {
            let may_have = scope(&[pattern]).may_have(root.as_bytes(), b"/w/app");
            assert_eq!(may_have, expected, "{pattern} {root}");
        };
        check("core", "core", true);
        check("core", "core/src/main/java", true);
        check("core/", "core/src", true);
        check("core", "core-secret/src", false);
        check("core", "a/core/src", false);
        check("**/core", "a/core/src", true);
        check("core/*/main", "core/src/main/java", true);
        check("core/*/java", "core/src/main/java", false);
        check("core/**/java", "core/src/main/java", true);
        check("*", "core/src", true);
        check("c?re", "core/src", true);
        check("c?re", "c/re", false);
        check("{a,b}/src", "b/src", true);
        check(".", "", true);
        check("core", "", false);
        check("**", "", true);
        check("/home/x/lib", "/home/x/lib/src", true);
        check("/home/x/lib", "/home/x/library", false);
        check("lib/src.zip", "lib/src.zip!/java.base", true);
        check("lib/src.zip", "lib/src.zip.d/java.base", false);
        check("lib/src.zip!/java.base", "lib/src.zip!/java.base", true);
        check("lib/src.zip!/java.base", "lib/src.zip!/java.desktop", false);
        check("Core", "core", false);
    }

    #[test]
    fn each_root_of_a_workspace_has_a_name() {
        // ROOTs `/w/app`, by which the workspace is known, `/w/lib` and `/w/jdk/src.zip`.
        let roots = ["src/main", "", "/w/lib/src", "/w/jdk/src.zip!/java.base"];
        let check = |pattern: &str, expected: [bool; 4]| {
            let scope = scope(&[pattern]);
            let found = roots.map(|root| scope.may_have(root.as_bytes(), b"/w/app"));
            assert_eq!(found, expected, "{pattern}");
        };
        check("/w/app", [true, true, false, false]);
        check("/w/lib", [false, false, true, false]);
        check("/w/jdk/src.zip", [false, false, false, true]);
        check("/w/*", [true, true, true, true]);
        check("/w/app/src", [true, false, false, false]);
        check("/w/ap", [false; 4]);
        // A folder around the workspace is nobody's business but where its whole path says so.
        check("app", [false; 4]);
        check("**/app", [false; 4]);
        check("/w", [true, true, true, true]);
    }

    #[test]
    fn a_scope_without_patterns_has_nothing_and_one_without_a_list_has_all() {
        for root in [&b""[..], b"a", b"/a/b", b"\xff"] {
            assert!(ShardScope::ALL.may_have(root, b"/w"));
            assert!(!scope(&[]).may_have(root, b"/w"));
        }
        assert!(scope(&["a"]).may_have(b"a/\xff", b"/w"));
        assert!(!scope(&["a"]).may_have(b"\xff/a", b"/w"));
    }

    /// Roots and patterns of the few letters and signs that matter, in all combinations that a small generator
    /// comes by: a pattern that is a plain path lets in just what is at it or below it.
    #[test]
    fn plain_paths_let_in_what_is_at_or_below_them_and_more_patterns_never_less() {
        const LETTERS: &[u8] = b"ab./-";
        let paths: Vec<Vec<u8>> = (0..LETTERS.len().pow(5))
            .step_by(7)
            .map(|number| {
                let mut rest = number;
                let mut letter = || {
                    let at = rest % LETTERS.len();
                    rest /= LETTERS.len();
                    LETTERS[at]
                };
                (0..5).map(|_| letter()).collect()
            })
            .filter(|path: &Vec<u8>| !path.ends_with(b"/"))
            .collect();
        for pattern in paths.iter().step_by(5) {
            let text = std::str::from_utf8(pattern).unwrap();
            let (alone, with_other) = (scope(&[text]), scope(&["zz", text]));
            for root in &paths {
                let below = crate::folder::below(root, pattern).is_some();
                assert_eq!(alone.may_have(root, b"/w"), below, "{text} {root:?}");
                assert_eq!(with_other.may_have(root, b"/w"), below);
            }
        }
    }

    #[test]
    fn patterns_are_bounded_and_must_make_sense() {
        let many = vec!["a".to_owned(); SCOPE_GLOBS_MAX + 1];
        assert!(matches!(ShardScope::new(many), Err(ShardScopeError::TooMany { .. })));
        let long = vec!["a".repeat(GLOB_BYTES_MAX + 1)];
        assert!(matches!(ShardScope::new(long), Err(ShardScopeError::TooLong { .. })));
        let broken = vec!["a[".to_owned()];
        assert!(matches!(ShardScope::new(broken), Err(ShardScopeError::Malformed(_))));
    }
}
