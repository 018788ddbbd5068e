//! Of the source archives of one artifact the newest, as far as paths tell:
//!
//! ```text
//! org/slf4j/slf4j-api/2.0.9/slf4j-api-2.0.9-sources.jar         in a repository of Maven
//! org.slf4j/slf4j-api/2.0.9/<hash>/slf4j-api-2.0.9-sources.jar  in the cache of Gradle
//! slf4j-api-2.0.9-sources.jar                                   in any folder
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The newest archive of each artifact.
#[derive(Debug, Default)]
pub(super) struct Newest(BTreeMap<String, (Rank, PathBuf)>);

/// The greater, the newer: the version; whether the file is called after it and nothing else; the version that the
/// file's name tells, which has more to say of a snapshot.
type Rank = (Version, bool, Version);

impl Newest {
    /// Takes in a source archive that was found below a place.
    pub(super) fn take(&mut self, place: &Path, archive: PathBuf) {
        let Some((artifact, rank)) = identify(archive.strip_prefix(place).unwrap_or(&archive))
        else {
            return;
        };
        let new = (rank, archive);
        match self.0.get_mut(&artifact) {
            Some(known) if *known >= new => {}
            Some(known) => *known = new,
            None => drop(self.0.insert(artifact, new)),
        }
    }

    /// The archives, by what they are called.
    pub(super) fn into_paths(self) -> impl Iterator<Item = PathBuf> {
        self.0.into_values().map(|(_, path)| path)
    }
}

/// What a source archive is called before `-sources.jar`; none of other files, and of the sources of tests.
pub(super) fn stem(name: &str) -> Option<&str> {
    let stem = name.strip_suffix("-sources.jar")?;
    (!stem.ends_with("-test") && !stem.ends_with("-tests")).then_some(stem)
}

/// The artifact that an archive (path below its place) is of, and how new it is.
fn identify(below: &Path) -> Option<(String, Rank)> {
    let names: Vec<_> = below.components().map(|name| name.as_os_str().to_string_lossy()).collect();
    let (file, folders) = names.split_last()?;
    let stem = stem(file)?;
    let told = |folders: &[std::borrow::Cow<'_, str>]| {
        let [group @ .., artifact, version] = folders else { return None };
        let rest = stem.strip_prefix(&**artifact)?.strip_prefix('-')?;
        let rank = (Version::of(version), rest == version, Version::of(rest));
        Some((format!("{}:{artifact}", group.join(".")), rank))
    };
    let of_gradle = || told(folders.split_last()?.1);
    let of_name = || {
        let starts = stem.match_indices('-').map(|(at, _)| at);
        let is_version = |at: &usize| stem[at + 1..].starts_with(|it: char| it.is_ascii_digit());
        let (name, version) =
            stem.split_at(starts.into_iter().find(is_version).unwrap_or(stem.len()));
        let version = Version::of(version);
        (format!("{}/{name}", folders.join("/")), (version.clone(), true, version))
    };
    Some(told(folders).or_else(of_gradle).unwrap_or_else(of_name))
}

/// A version, in the order that people mean: `1.0-rc1` before `1.0` before `1.0.1` before `1.10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Version(Vec<Part>);

/// The order of the variants is that of versions that are the same before them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// What comes before the release, such as `rc`.
    Early(String),
    End,
    Word(String),
    Number(u64),
}

impl Version {
    fn of(text: &str) -> Self {
        const EARLY: [&str; 13] = [
            "a",
            "alpha",
            "b",
            "beta",
            "cr",
            "dev",
            "ea",
            "m",
            "milestone",
            "pre",
            "preview",
            "rc",
            "snapshot",
        ];
        let mut parts = Vec::new();
        let words = text.split(|char: char| !char.is_ascii_alphanumeric());
        for mut rest in words {
            while let Some(first) = rest.chars().next() {
                let is_digit = first.is_ascii_digit();
                let end = rest.find(|it: char| it.is_ascii_digit() != is_digit);
                let (part, behind) = rest.split_at(end.unwrap_or(rest.len()));
                let word = part.to_ascii_lowercase();
                parts.push(match is_digit {
                    true => Part::Number(part.parse().unwrap_or(u64::MAX)),
                    false if EARLY.contains(&word.as_str()) => Part::Early(word),
                    false => Part::Word(word),
                });
                rest = behind;
            }
        }
        parts.push(Part::End);
        Self(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(paths: &[&str], expected: &[&str]) {
        let mut newest = Newest::default();
        let place = Path::new("/place");
        paths.iter().for_each(|path| newest.take(place, place.join(path)));
        let expected: Vec<_> = expected.iter().map(|path| place.join(path)).collect();
        assert_eq!(newest.into_paths().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn versions_are_ordered_as_people_mean_them() {
        let versions = [
            "1.0-alpha-1",
            "1.0-M2",
            "1.0-rc1",
            "1.0-RC2",
            "1.0-SNAPSHOT",
            "1.0",
            "1.0-jre",
            "1.0.1",
            "1.2",
            "1.10",
            "2.0.0.Final",
            "31.1-jre",
            "99999999999999999999999",
        ];
        assert!(versions.is_sorted_by_key(|text| Version::of(text)), "{versions:?}");
    }

    #[test]
    fn of_each_artifact_the_newest_is_taken_whoever_fetched_it() {
        check(
            &[
                "org/a/core/1.9/core-1.9-sources.jar",
                "org/a/core/1.10/core-1.10-sources.jar",
                "org.a/core/1.2/0123abcd/core-1.2-sources.jar",
                "org/b/core/1.0/core-1.0-sources.jar",
                "org.c/x-y/1.0/1f/x-y-1.0-sources.jar",
                "org.c/x-y/1.1-rc1/2f/x-y-1.1-rc1-sources.jar",
            ],
            &[
                "org/a/core/1.10/core-1.10-sources.jar",
                "org/b/core/1.0/core-1.0-sources.jar",
                "org.c/x-y/1.1-rc1/2f/x-y-1.1-rc1-sources.jar",
            ],
        );
    }

    #[test]
    fn of_a_version_there_is_one_and_of_tests_none() {
        check(
            &[
                "g/a/1.0/a-1.0-tests-sources.jar",
                "g/a/1.0/a-1.0-linux-sources.jar",
                "g/a/1.0/a-1.0-sources.jar",
                "g/s/2-SNAPSHOT/s-2-20250102.030405-1-sources.jar",
                "g/s/2-SNAPSHOT/s-2-20250102.030405-11-sources.jar",
                "g/s/2-SNAPSHOT/s-2-20250102.030405-9-sources.jar",
            ],
            &["g/a/1.0/a-1.0-sources.jar", "g/s/2-SNAPSHOT/s-2-20250102.030405-11-sources.jar"],
        );
    }

    #[test]
    fn in_a_folder_of_files_their_names_tell() {
        check(
            &[
                "lib/a-b-1.0-sources.jar",
                "lib/a-b-1.1-sources.jar",
                "lib/c-sources.jar",
                "a-b-0.1-sources.jar",
            ],
            &["a-b-0.1-sources.jar", "lib/a-b-1.1-sources.jar", "lib/c-sources.jar"],
        );
    }
}
