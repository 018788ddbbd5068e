//! URIs and paths. A file is called by `file:`, one in an archive by a scheme of ours, and what is no file yet by
//! `untitled:`.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use nova_router::{archive_of, path};
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_decode_str, percent_encode,
};

/// What stands for itself in a path (RFC 3986, section 3.3), but for what some editors write otherwise.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The scheme of files in archives: the rest is as after `file:`, as in `nova-archive:///x/src.zip!/a/A.java`.
pub(crate) const ARCHIVE_SCHEME: &str = "nova-archive";

/// The folder of texts that are no files yet, each called by what its URI has after the scheme.
const UNTITLED: &str = "/untitled:/";

/// The path that a URI stands for; `None` of what is neither a file nor to be one.
pub(crate) fn to_path(uri: &Uri) -> Option<PathBuf> {
    let (scheme, rest) = uri.0.split_once(':')?;
    if scheme == "untitled" {
        let name = percent_encode(rest.as_bytes(), NON_ALPHANUMERIC);
        return Some(PathBuf::from(format!("{UNTITLED}{name}")));
    }
    let is_archive = scheme == ARCHIVE_SCHEME;
    if scheme != "file" && !is_archive {
        return None;
    }
    // An editor may drop the empty host.
    let rest = match rest.strip_prefix("//") {
        Some(rest) => rest,
        None if is_archive => rest,
        None => return None,
    };
    let (host, path) = rest.split_at(rest.find('/')?);
    if !(host.is_empty() || host.eq_ignore_ascii_case("localhost")) {
        return None;
    }
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    // A file of ours is in an archive, so that no path has two names.
    (!is_archive || archive_of(&bytes).is_some()).then(|| path::from_bytes(&bytes))
}

/// The URI of a path.
pub(crate) fn of_path(path: &Path) -> Uri {
    of_bytes(&path::to_bytes(path))
}

/// Whether a path is that of no file.
pub(crate) fn is_untitled(path: &Path) -> bool {
    path.starts_with(UNTITLED)
}

/// The same of a path as the index has it.
pub(crate) fn of_bytes(path: &[u8]) -> Uri {
    if let Some(name) = path.strip_prefix(UNTITLED.as_bytes()) {
        let rest: Vec<u8> = percent_decode(name).collect();
        return Uri(format!("untitled:{}", String::from_utf8_lossy(&rest)));
    }
    let scheme = if archive_of(path).is_some() { ARCHIVE_SCHEME } else { "file" };
    Uri(format!("{scheme}://{}", percent_encode(path, PLAIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_whatever_is_in_it() {
        for path in ["/a/B.java", "/with space/ü%41#?.java", "/c:/d", "/a+b&c=d@e"] {
            let uri = of_path(Path::new(path));
            assert!(uri.0.bytes().all(|byte| byte.is_ascii_graphic()), "{uri:?}");
            assert_eq!(to_path(&uri).unwrap(), Path::new(path));
        }
        assert_eq!(of_bytes(b"/a \xff.java").0, "file:///a%20%FF.java");
        assert_eq!(to_path(&Uri("file://localhost/a%2Fb".into())).unwrap(), Path::new("/a/b"));
    }

    #[test]
    fn what_is_in_an_archive_has_a_scheme_of_its_own() {
        let path = Path::new("/jdk 21/src.zip!/java.base/java/util/Map.java");
        let uri = of_path(path);
        assert_eq!(uri.0, "nova-archive:///jdk%2021/src.zip%21/java.base/java/util/Map.java");
        assert_eq!(to_path(&uri).unwrap(), path);
        let other = "nova-archive:/jdk%2021/src.zip!/java.base/java/util/Map.java";
        assert_eq!(to_path(&Uri(other.to_owned())).unwrap(), path);
    }

    #[test]
    fn what_is_to_be_a_file_has_its_uri_for_a_path() {
        for uri in ["untitled:Untitled-1", "untitled:/a%20b/C.java", "untitled:x#1"] {
            let path = to_path(&Uri(uri.to_owned())).unwrap();
            assert!(path.is_absolute() && is_untitled(&path), "{path:?}");
            assert_eq!(of_path(&path).0, uri);
        }
        assert!(!is_untitled(Path::new("/a/untitled:b")));
    }

    #[test]
    fn what_is_no_file_has_no_path() {
        for uri in
            ["http://a/b", "file://host/a", "file:", "file:/a", "nova-archive:///etc/passwd", ""]
        {
            assert_eq!(to_path(&Uri(uri.to_owned())), None, "{uri}");
        }
    }
}
