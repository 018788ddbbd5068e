//! `file:` URIs and paths.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use nova_router::path;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stands for itself in a path (RFC 3986, section 3.3), but for what some editors write otherwise.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of a `file:` URI; `None` of any other.
pub(crate) fn to_path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.0.strip_prefix("file://")?;
    let (host, path) = rest.split_at(rest.find('/')?);
    if !(host.is_empty() || host.eq_ignore_ascii_case("localhost")) {
        return None;
    }
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    Some(path::from_bytes(&bytes))
}

/// The URI of a path.
pub(crate) fn of_path(path: &Path) -> Uri {
    of_bytes(&path::to_bytes(path))
}

/// The same of a path as the index has it.
pub(crate) fn of_bytes(path: &[u8]) -> Uri {
    Uri(format!("file://{}", percent_encode(path, PLAIN)))
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
    fn what_is_no_file_has_no_path() {
        for uri in ["untitled:Untitled-1", "http://a/b", "file://host/a", "file:", ""] {
            assert_eq!(to_path(&Uri(uri.to_owned())), None, "{uri}");
        }
    }
}
