//! Paths as people click them and as programs read them.

use nova_router::Root;

/// For people: as reached through the ROOT that was given.
pub(crate) fn for_people(roots: &[Root], file: &[u8]) -> String {
    let Some((root, relative)) = innermost(roots, file) else { return escaped(file) };
    let given = root.given.to_string_lossy();
    let relative = escaped(relative);
    match (&*given, root.is_archive, relative.is_empty()) {
        (_, _, true) => given.into_owned(),
        (_, true, _) => format!("{given}!/{relative}"),
        (".", ..) => relative,
        (given, ..) if given.ends_with('/') => format!("{given}{relative}"),
        _ => format!("{given}/{relative}"),
    }
}

/// For programs: below the ROOT if there is one, else absolute. A file in an archive has the archive
/// in its path in any case.
pub(crate) fn for_programs(roots: &[Root], file: &[u8]) -> String {
    match roots {
        [root] => match root.relative(file) {
            Some(relative) if root.is_archive => {
                let name = root.real.file_name().unwrap_or_default().to_string_lossy();
                format!("{name}!/{}", escaped(relative))
            }
            Some(relative) => escaped(relative),
            None => escaped(file),
        },
        _ => escaped(file),
    }
}

/// Bytes as text: what is not UTF-8 becomes `%XX`.
pub(crate) fn escaped(path: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "%{byte:02X}").expect("a string takes all that is written to it");
        }
    }
    text
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
    fn bytes_that_are_not_utf8_are_escaped() {
        assert_eq!(escaped(b"a\xff/\xc3\xa4%.java"), "a%FF/\u{e4}%.java");
    }
}
