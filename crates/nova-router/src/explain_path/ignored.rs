//! Which rule of which ignore file keeps the walk away from a path.
//!
//! The walk does not tell what it passed over, so its decision is taken again here for one path, by the
//! same matchers in the same order: `.ignore` before `.gitignore` before `.git/info/exclude`, of each
//! the deepest file that has a rule for the path, and in a file the last such rule. What no rule speaks
//! of is left out if it is hidden. A test holds the two together.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, Glob};
use nova_protocol::path;

use crate::inclusion::Inclusion;

/// A path that the walk passes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What is passed over (absolute path): the file itself, or a folder around it.
    pub path: Vec<u8>,
    /// Why.
    pub cause: Cause,
}

/// Why the walk passes over something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Its name begins with a dot.
    Hidden,
    /// A rule says so.
    Rule(Rule),
}

/// A rule of an ignore file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rule as written.
    pub glob: String,
    /// The ignore file, by its absolute path.
    pub file: Vec<u8>,
    /// Its line there, from one; `None` if the file was changed meanwhile.
    pub line: Option<usize>,
}

/// Why a walk of `root` does not come to a path below it; `None` if it does.
pub(super) fn left_out(
    root: &Path,
    path: &Path,
    is_folder: bool,
    included: &Inclusion,
) -> Option<LeftOut> {
    let below = path.strip_prefix(root).ok()?;
    let mut rules = Rules::around(root);
    let mut at = root.to_path_buf();
    let mut names = below.components().peekable();
    loop {
        if included.begins(path.strip_prefix(&at).ok()?, is_folder) {
            return None;
        }
        at.push(names.next()?);
        let is_last = names.peek().is_none();
        if let Some(cause) = rules.cause(&at, is_folder || !is_last) {
            return Some(LeftOut { path: path::to_bytes(&at).into_owned(), cause });
        }
        if !is_last {
            rules.enter(&at);
        }
    }
}

/// The ignore files of a folder and of all folders around it.
struct Rules {
    /// The outermost folder first.
    levels: Vec<Level>,
}

/// The ignore files of one folder, in the order of their precedence.
type Level = [Gitignore; 3];

impl Rules {
    /// Those that count for what is directly in `folder`: a ROOT's parents have their say as well.
    fn around(folder: &Path) -> Self {
        let mut folders: Vec<&Path> = folder.ancestors().collect();
        folders.reverse();
        Self { levels: folders.into_iter().map(level).collect() }
    }

    fn enter(&mut self, folder: &Path) {
        self.levels.push(level(folder));
    }

    /// Why the walk passes over an entry of the innermost folder; `None` if it does not.
    fn cause(&self, path: &Path, is_folder: bool) -> Option<Cause> {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        match self.matched(path, is_folder) {
            Match::Ignore(glob) => Some(Cause::Rule(rule(glob))),
            Match::Whitelist(_) => None,
            Match::None => name.starts_with(b".").then_some(Cause::Hidden),
        }
    }

    fn matched(&self, path: &Path, is_folder: bool) -> Match<&Glob> {
        let deepest = |kind: usize| {
            let levels = self.levels.iter().rev();
            let mut matches = levels.map(|level| level[kind].matched(path, is_folder));
            matches.find(|it| !it.is_none()).unwrap_or(Match::None)
        };
        deepest(0).or(deepest(1)).or(deepest(2))
    }
}

fn level(folder: &Path) -> Level {
    [
        matcher(folder, Some(folder.join(".ignore"))),
        matcher(folder, Some(folder.join(".gitignore"))),
        matcher(folder, git_excludes(folder)),
    ]
}

/// The rules of one file, for what is below `folder`; none if it is not there. Lines that are no rules
/// are passed over, as the walk does.
fn matcher(folder: &Path, file: Option<PathBuf>) -> Gitignore {
    let Some(file) = file.filter(|file| file.exists()) else { return Gitignore::empty() };
    let mut builder = GitignoreBuilder::new(folder);
    if let Some(error) = builder.add(file) {
        tracing::debug!("{error}");
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// What leaves files out of the checkout in this folder, and is in no version of it.
pub(crate) fn git_excludes(folder: &Path) -> Option<PathBuf> {
    Some(git_folder(folder)?.join("info/exclude"))
}

/// Where git keeps what all worktrees of a checkout share: in a second worktree `.git` is a file that
/// leads there.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    if !git.is_file() {
        return Some(git);
    }
    let own = PathBuf::from(first_line(&git)?.strip_prefix("gitdir: ")?);
    let shared = first_line(&own.join("commondir"))?;
    Some(if shared.starts_with('.') { own.join(shared) } else { PathBuf::from(shared) })
}

fn first_line(file: &Path) -> Option<String> {
    BufReader::new(File::open(file).ok()?).lines().next()?.ok()
}

fn rule(glob: &Glob) -> Rule {
    let file = glob.from().unwrap_or(Path::new(""));
    Rule {
        glob: glob.original().to_owned(),
        file: path::to_bytes(file).into_owned(),
        line: line_of(file, glob.original()),
    }
}

/// The line that a rule is on. Of several that read the same the last one counts.
fn line_of(file: &Path, glob: &str) -> Option<usize> {
    let content = fs::read(file).ok()?;
    let text = String::from_utf8_lossy(&content);
    let text = text.trim_start_matches('\u{feff}');
    let is_rule = |line: &str| line == glob || line.trim_end() == glob;
    let numbered = (1..).zip(text.lines());
    numbered.filter(|(_, line)| is_rule(line)).last().map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::{WalkOptions, walk};
    use std::collections::BTreeSet;
    use tokio_util::sync::CancellationToken;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::Builder::new().prefix("tree").tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        for (path, text) in files {
            let path = real.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (folder, real)
    }

    fn walked(root: &Path, heed_ignore_files: bool, included: &Inclusion) -> BTreeSet<PathBuf> {
        let options = WalkOptions { heed_ignore_files, included, threads: 2 };
        let walked = walk(&[root.to_path_buf()], options, &CancellationToken::new());
        let in_folder = |folder: &crate::folder::Folder| {
            let folder_path = path::from_bytes(&folder.path);
            let names = folder.files.iter().map(|file| path::from_bytes(&file.name));
            names.map(|name| folder_path.join(name)).collect::<Vec<_>>()
        };
        walked.folders.iter().flat_map(in_folder).collect()
    }

    /// Asserts that exactly those files are explained as left out that the walk does not list.
    #[track_caller]
    fn assert_like_walk(root: &Path) {
        assert_like_walk_with(root, &Inclusion::default());
    }

    #[track_caller]
    fn assert_like_walk_with(root: &Path, included: &Inclusion) {
        let (all, listed) = (walked(root, false, included), walked(root, true, included));
        assert!(!listed.is_empty() && listed.len() < all.len(), "{root:?} proves nothing");
        for file in &all {
            let left_out = left_out(root, file, false, included);
            assert_eq!(left_out.is_none(), listed.contains(file), "{file:?}: {left_out:?}");
        }
    }

    /// Where rules and exceptions of every kind, at every depth, meet.
    const TREE: &[(&str, &str)] = &[
        (".gitignore", "out/\n*.gen.java\n/top.java\nx/**\n!x/keep/\ndeep/*/skip.java\n[bad\n"),
        (".ignore", "!Whitelisted.gen.java\nbuild\n!.shown\n"),
        (".git/info/exclude", "Excluded.java\n!Both.gen.java\n"),
        (".git/A.java", ""),
        ("A.java", ""),
        ("top.java", ""),
        ("a/top.java", ""),
        ("a/B.gen.java", ""),
        ("a/Both.gen.java", ""),
        ("a/Whitelisted.gen.java", ""),
        ("a/Excluded.java", ""),
        ("a/.gitignore", "!B.gen.java\r\n!Whitelisted.gen.java\nLocal.java\n  \n#C.java\n"),
        ("a/Local.java", ""),
        ("a/C.java", ""),
        ("a/b/Local.java", ""),
        ("a/b/.ignore", "!Local.java\nA.java\n"),
        ("a/b/A.java", ""),
        ("a/b/c/A.java", ""),
        ("a/b/c/.gitignore", "!A.java\n*\n"),
        ("a/b/c/D.java", ""),
        ("out/C.java", ""),
        ("a/out/.gitignore", "!*\n"),
        ("a/out/D.java", ""),
        ("build/E.java", ""),
        ("x/keep/F.java", ""),
        ("x/lose/G.java", ""),
        ("deep/1/skip.java", ""),
        ("deep/1/2/skip.java", ""),
        (".hidden/H.java", ""),
        (".shown/I.java", ""),
        (".shown/.J.java", ""),
        ("a/.K.java", ""),
        ("nested/.git/info/exclude", "/L.java\n"),
        ("nested/L.java", ""),
        ("nested/in/L.java", ""),
        ("odd/.gitignore", "\u{feff}bom.java\n\\!bang.java\ntrailing.java   \n*.java/\n"),
        ("odd/Plain.java", ""),
        ("odd/bom.java", ""),
        ("odd/!bang.java", ""),
        ("odd/trailing.java", ""),
        ("odd/folder.java/M.java", ""),
    ];

    #[test]
    fn it_agrees_with_the_walk_about_every_file() {
        let (_folder, root) = tree(TREE);
        assert_like_walk(&root);
    }

    #[test]
    fn it_agrees_with_the_walk_of_a_root_whose_parents_have_rules() {
        let (_folder, root) = tree(TREE);
        assert_like_walk(&root.join("a"));
        assert_like_walk(&root.join("a/b"));
        assert_like_walk(&root.join("nested"));
        assert_like_walk(&root.join("odd"));
    }

    #[test]
    fn it_agrees_with_the_walk_about_what_is_included() {
        let (_folder, root) = tree(TREE);
        for paths in [&["out"][..], &["x/lose", ".hidden"], &["b/c", "a/out", "folder.java"]] {
            let paths: Vec<_> = paths.iter().map(|&path| path.to_owned()).collect();
            assert_like_walk_with(&root, &Inclusion::new(&paths).unwrap());
        }
    }

    #[test]
    fn it_agrees_with_the_walk_of_a_second_worktree() {
        let (_folder, root) = tree(&[
            ("main/.git/info/exclude", "A.java\n"),
            ("main/.git/worktrees/w/commondir", "../..\n"),
            ("w/A.java", ""),
            ("w/B.java", ""),
        ]);
        let git = root.join("main/.git/worktrees/w");
        fs::write(root.join("w/.git"), format!("gitdir: {}\n", git.display())).unwrap();
        assert_like_walk(&root.join("w"));
    }

    #[test]
    fn the_rule_is_told_as_written_with_its_line_and_what_it_leaves_out() {
        let (_folder, root) = tree(&[
            (".gitignore", "# ours\n*.gen.java\n!*.gen.java\n\n*.gen.java  \nout/\n"),
            ("a/A.gen.java", ""),
            ("b/out/in/B.java", ""),
            (".c/C.java", ""),
        ]);
        let check = |path: &str, left_out_path: &str, glob: &str, line: usize| {
            let bytes = |path: &str| path::to_bytes(&root.join(path)).into_owned();
            let cause = Cause::Rule(Rule {
                glob: glob.to_owned(),
                file: bytes(".gitignore"),
                line: Some(line),
            });
            let expected = LeftOut { path: bytes(left_out_path), cause };
            let left_out = left_out(&root, &root.join(path), false, &Inclusion::default());
            assert_eq!(left_out, Some(expected));
        };
        check("a/A.gen.java", "a/A.gen.java", "*.gen.java", 5);
        check("b/out/in/B.java", "b/out", "out/", 6);
        let hidden =
            left_out(&root, &root.join(".c/C.java"), false, &Inclusion::default()).unwrap();
        assert_eq!(
            (hidden.path, hidden.cause),
            (path::to_bytes(&root.join(".c")).into_owned(), Cause::Hidden)
        );
    }
}
