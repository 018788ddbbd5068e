//! Paths as people click them and as programs read them.

use std::fmt::Write;
use std::path::Path;

use crate::Root;

/// For people: as reached through the ROOT that was given.
pub fn for_people(roots: &[Root], file: &[u8]) -> String {
    let Some((root, relative)) = innermost(roots, file) else { return printable(file) };
    let given = shown(&root.given);
    let relative = printable(relative);
    match (&*given, root.is_archive, relative.is_empty()) {
        (_, _, true) => given,
        (_, true, _) => format!("{given}!/{relative}"),
        (".", ..) => relative,
        (given, ..) if given.ends_with('/') => format!("{given}{relative}"),
        _ => format!("{given}/{relative}"),
    }
}

/// For programs: below the ROOT if there is one, else absolute. A file in an archive has the archive
/// in its path in any case, by the name that was given.
pub fn for_programs(roots: &[Root], file: &[u8]) -> String {
    match roots {
        [root] => match root.relative(file) {
            Some(relative) if root.is_archive => {
                let name = root.given.file_name().unwrap_or_default();
                format!("{}!/{}", escaped(name.as_encoded_bytes()), escaped(relative))
            }
            Some(relative) => escaped(relative),
            None => escaped(file),
        },
        _ => escaped(file),
    }
}

/// For people: any path, on one line.
pub fn shown(path: &Path) -> String {
    printable(path.as_os_str().as_encoded_bytes())
}

/// For programs: any path.
pub fn as_data(path: &Path) -> String {
    escaped(path.as_os_str().as_encoded_bytes())
}

/// Bytes as text: what is not UTF-8 becomes `%XX`.
pub fn escaped(path: &[u8]) -> String {
    escaped_where(path, |_| false)
}

/// Bytes as text that does nothing to a terminal: what controls one becomes `%XX` too.
pub fn printable(path: &[u8]) -> String {
    escaped_where(path, char::is_control)
}

fn escaped_where(path: &[u8], is_escaped: impl Fn(char) -> bool) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_escaped(c) {
                push_escaped(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(c);
            }
        }
        push_escaped(&mut text, chunk.invalid());
    }
    text
}

fn push_escaped(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "%{byte:02X}").expect("a string takes all that is written to it");
    }
}

fn innermost<'r, 'f>(roots: &'r [Root], file: &'f [u8]) -> Option<(&'r Root, &'f [u8])> {
    let around = roots.iter().filter_map(|root| Some((root, root.relative(file)?)));
    around.min_by_key(|(_, relative)| relative.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(given: &str, real: &str, is_archive: bool) -> Root {
        Root { given: given.into(), real: real.into(), is_archive }
    }

    #[test]
    fn people_see_the_path_through_the_root_that_they_gave() {
        let check = |given: &str, expected: &str| {
            let roots = [root(given, "/real/w", false)];
            assert_eq!(for_people(&roots, b"/real/w/a/A.java"), expected);
        };
        check("w", "w/a/A.java");
        check("../w/", "../w/a/A.java");
        check(".", "a/A.java");
        let archive = [root("lib/src.zip", "/real/lib/src.zip", true)];
        assert_eq!(for_people(&archive, b"/real/lib/src.zip!/a/A.java"), "lib/src.zip!/a/A.java");
    }

    #[test]
    fn programs_see_relative_paths_for_one_root_and_absolute_ones_for_several() {
        let one = [root("w", "/real/w", false)];
        assert_eq!(for_programs(&one, b"/real/w/a/A.java"), "a/A.java");
        let two = [root("w", "/real/w", false), root("v", "/real/v", false)];
        assert_eq!(for_programs(&two, b"/real/w/a/A.java"), "/real/w/a/A.java");
        let archive = [root("lib/src.zip", "/real/lib/src.zip", true)];
        assert_eq!(for_programs(&archive, b"/real/lib/src.zip!/a/A.java"), "src.zip!/a/A.java");
    }

    #[test]
    fn an_archive_has_the_name_that_was_given() {
        let link = [root("lib/link.zip", "/real/src.zip", true)];
        assert_eq!(for_people(&link, b"/real/src.zip!/a/A.java"), "lib/link.zip!/a/A.java");
        assert_eq!(for_programs(&link, b"/real/src.zip!/a/A.java"), "link.zip!/a/A.java");
    }

    #[cfg(unix)]
    #[test]
    fn names_of_roots_are_escaped_like_those_of_files() {
        use std::os::unix::ffi::OsStrExt;
        let given = std::ffi::OsStr::from_bytes(b"a\xff\n.zip");
        let roots = [Root { given: given.into(), real: "/real/src.zip".into(), is_archive: true }];
        assert_eq!(for_people(&roots, b"/real/src.zip!/A.java"), "a%FF%0A.zip!/A.java");
        assert_eq!(for_programs(&roots, b"/real/src.zip!/A.java"), "a%FF\n.zip!/A.java");
    }

    #[test]
    fn people_see_no_control_characters() {
        assert_eq!(
            printable(b"a\n\x1b[31m\x7f\xc2\x9b\xff\xc3\xa4"),
            "a%0A%1B[31m%7F%C2%9B%FF\u{e4}"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_escaped() {
        assert_eq!(escaped(b"a\xff/\xc3\xa4%.java"), "a%FF/\u{e4}%.java");
    }
}
