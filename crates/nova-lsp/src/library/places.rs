//! Where the sources of libraries are on this machine.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use nova_router::Root;

use super::artifact::{self, Newest};

/// Folders that are looked into for archives: a repository of Maven has three or so for each version.
const FOLDERS_MAX: usize = 200_000;
/// Archives that are looked into. A repository with all that a large company builds upon has a few thousand artifacts.
const ARCHIVES_MAX: usize = 10_000;

/// The archive of the JDK's sources: `off`, a path, or `auto` for that of `JAVA_HOME`, of the `java` on the path, or of
/// the newest JDK in the usual places.
pub(crate) fn jdk_sources(setting: Option<&str>) -> Option<PathBuf> {
    match setting {
        Some("off") => None,
        Some("" | "auto") | None => usual_jdk_sources(),
        Some(archive) => Some(expanded(archive)),
    }
}

/// The archives in these places: `maven` and `gradle` are what these tools have fetched for this user; others are
/// paths of archives, or of folders with archives below. What is amiss is told in sentences.
pub(crate) fn library_sources(places: &[String], amiss: &mut Vec<String>) -> Vec<PathBuf> {
    let mut archives = Vec::new();
    let mut newest = Newest::default();
    let mut folders_left = FOLDERS_MAX;
    for place in places {
        let path = match place.as_str() {
            "maven" => home().join(".m2/repository"),
            "gradle" => gradle_home().join("caches/modules-2/files-2.1"),
            path => expanded(path),
        };
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => look_into(&path, &mut newest, &mut folders_left),
            Ok(_) => archives.push(path),
            Err(error) => amiss
                .push(format!("no libraries in {} (nova.librarySources): {error}", path.display())),
        }
    }
    if folders_left == 0 {
        amiss.push(format!("libraries are left out: there are more than {FOLDERS_MAX} folders"));
    }
    archives.extend(newest.into_paths());
    if archives.len() > ARCHIVES_MAX {
        amiss.push(format!("libraries are left out: there are more than {ARCHIVES_MAX}"));
        archives.truncate(ARCHIVES_MAX);
    }
    archives
}

/// The ROOTs of a workspace of these archives, as far as they can be found. What is amiss is told in sentences.
pub(crate) fn roots(archives: &[PathBuf], amiss: &mut Vec<String>) -> Vec<Root> {
    let mut roots = Vec::new();
    for archive in archives {
        match Root::find(archive) {
            Ok(root) if root.is_archive => roots.push(root),
            Ok(_) => amiss.push(format!("{} is no archive of sources", archive.display())),
            Err(error) => amiss.push(format!("a library is left out: {error}")),
        }
    }
    roots
}

/// A path as people write it in settings: `~` is the user's folder.
pub(crate) fn expanded(path: &str) -> PathBuf {
    match path.strip_prefix('~') {
        Some("") => home(),
        Some(rest) if rest.starts_with('/') => home().join(&rest[1..]),
        _ => PathBuf::from(path),
    }
}

/// Takes in all source archives below a folder. Links are not followed.
fn look_into(place: &Path, newest: &mut Newest, folders_left: &mut usize) {
    let mut to_look_into = vec![place.to_path_buf()];
    while let Some(folder) = to_look_into.pop() {
        if *folders_left == 0 {
            return;
        }
        *folders_left -= 1;
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                to_look_into.push(entry.path());
            } else if kind.is_file() && is_source_archive(&entry.file_name()) {
                newest.take(place, entry.path());
            }
        }
    }
}

fn is_source_archive(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| artifact::stem(name).is_some())
}

fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_default()
}

fn gradle_home() -> PathBuf {
    match std::env::var_os("GRADLE_USER_HOME").filter(|it| !it.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => home().join(".gradle"),
    }
}

fn usual_jdk_sources() -> Option<PathBuf> {
    let of_home = |home: PathBuf| Some(home.join("lib/src.zip")).filter(|it| it.is_file());
    let java_home = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    java_home.and_then(of_home).or_else(|| on_path().and_then(of_home)).or_else(newest_jdk)
}

/// The JDK whose `java` is on the path.
fn on_path() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let java = std::env::split_paths(&folders).map(|it| it.join("java")).find(|it| it.is_file())?;
    // `bin/java` in it, wherever links lead.
    Some(java.canonicalize().ok()?.parent()?.parent()?.to_path_buf())
}

fn newest_jdk() -> Option<PathBuf> {
    let places = [
        (PathBuf::from("/usr/lib/jvm"), "lib/src.zip"),
        (home().join(".sdkman/candidates/java"), "lib/src.zip"),
        (PathBuf::from("/Library/Java/JavaVirtualMachines"), "Contents/Home/lib/src.zip"),
    ];
    let mut found = HashMap::new();
    for (folder, below) in places {
        for jdk in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Some are links to others, and some have a link to nothing.
            if let Ok(archive) = jdk.path().join(below).canonicalize() {
                found.insert(archive, jdk_version(&jdk.file_name().to_string_lossy()));
            }
        }
    }
    found.into_iter().max_by_key(|(archive, version)| (*version, archive.clone())).map(|it| it.0)
}

/// The first number in a JDK's name: of `java-1.21.0-openjdk-amd64`, `21.0.5-tem` and `jdk-21.jdk` it is 21.
fn jdk_version(name: &str) -> u32 {
    let mut numbers =
        name.split(|char: char| !char.is_ascii_digit()).filter_map(|it| it.parse().ok());
    match numbers.next() {
        Some(1) => numbers.next().unwrap_or(1),
        number => number.unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_jdk_is_known_by_its_name() {
        for (name, expected) in [
            ("java-1.21.0-openjdk-amd64", 21),
            ("java-25-openjdk-amd64", 25),
            ("21.0.5-tem", 21),
            ("jdk-17.0.2.jdk", 17),
            ("default-java", 0),
            ("jdk1.8.0_292", 8),
        ] {
            assert_eq!(jdk_version(name), expected, "{name}");
        }
    }

    #[test]
    fn a_folder_gives_the_source_archives_below_and_a_file_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        let file = |name: &str| {
            let path = place.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            path
        };
        let expected = [file("c-2-sources.jar"), file("a/b/1.0/b-1.0-sources.jar")];
        file("a/b/0.9/b-0.9-sources.jar");
        file("a/b/1.0/b-1.0.jar");
        let named = folder.path().join("src.zip");
        fs::write(&named, "").unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let nowhere = folder.path().join("nowhere");
        let mut amiss = Vec::new();
        let found = library_sources(&[text(&named), text(&place), text(&nowhere)], &mut amiss);
        assert_eq!(found, [&[named][..], &expected[..]].concat());
        assert!(amiss.len() == 1 && amiss[0].contains("nowhere"), "{amiss:?}");
    }

    #[test]
    fn a_tilde_is_the_users_folder() {
        assert_eq!(expanded("~/a"), home().join("a"));
        assert_eq!(expanded("~"), home());
        for path in ["/~/a", "~b/a", "a~", "a"] {
            assert_eq!(expanded(path), Path::new(path));
        }
    }
}
