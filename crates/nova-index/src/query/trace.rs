//! A line of a stack trace, or of a compiler's message, that someone pasted.
//!
//! The form is that of `java.lang.StackTraceElement#toString`:
//! `at loader/module@version/a.b.Type$Inner.method(File.java:12)`.

/// Where something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLine {
    /// `File.java`, in small letters.
    pub(crate) file: String,
    /// From zero.
    pub(crate) line: Option<u32>,
}

/// What a trace says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trace<'t> {
    /// `a.b.Type$Inner.method`
    pub(super) symbol: &'t str,
    pub(super) line: Option<SourceLine>,
}

/// Understands a line of a trace: a frame, also while it is being typed, or what was thrown.
pub(super) fn read(text: &str) -> Option<Trace<'_>> {
    let text = text.trim();
    let frame = frame(text).or_else(|| beginning_of_frame(text));
    frame.or_else(|| place_in_file(text)).or_else(|| thrown(text))
}

fn frame(text: &str) -> Option<Trace<'_>> {
    let (symbol, rest) = text.split_once('(')?;
    let (place, _) = rest.split_once(')')?;
    let line = source_line(place);
    let is_frame = line.is_some() || matches!(place, "Native Method" | "Unknown Source");
    let symbol = symbol_of(symbol.strip_prefix("at ").unwrap_or(symbol).trim())?;
    is_frame.then_some(Trace { symbol, line })
}

fn beginning_of_frame(text: &str) -> Option<Trace<'_>> {
    let rest = text.strip_prefix("at ")?.trim_start();
    let symbol = symbol_of(rest.split_once('(').map_or(rest, |(symbol, _)| symbol))?;
    (symbol.contains('.') || rest.contains('/')).then_some(Trace { symbol, line: None })
}

/// A symbol without the names of the class loader and the module before it.
fn symbol_of(text: &str) -> Option<&str> {
    let symbol = text.split('/').rfind(|part| !part.is_empty())?;
    (!symbol.contains(char::is_whitespace)).then_some(symbol)
}

/// `Caused by: a.b.Problem: message`, `Exception in thread "main" a.b.Problem: message`.
fn thrown(text: &str) -> Option<Trace<'_>> {
    let after = |beginning: &str| text.strip_prefix(beginning);
    let in_thread = || Some(after("Exception in thread \"")?.split_once("\" ")?.1);
    let rest = after("Caused by: ").or_else(|| after("Suppressed: ")).or_else(in_thread);
    let symbol = match rest {
        Some(rest) => rest.split([':', ' ']).next()?,
        None => text.split_once(": ")?.0,
    };
    let is_type = symbol.contains('.') && !symbol.contains(char::is_whitespace);
    (is_type || rest.is_some() && !symbol.is_empty()).then_some(Trace { symbol, line: None })
}

/// `src/a/b/Type.java:12`: what a compiler says, or a search in files.
fn place_in_file(text: &str) -> Option<Trace<'_>> {
    let file = text.split_whitespace().next()?.rsplit('/').next()?;
    let line = source_line(file).filter(|it| it.line.is_some())?;
    let symbol = file.split_once(".java:")?.0;
    // The type is meant, not whatever stands in that line.
    Some(Trace { symbol, line: Some(SourceLine { line: None, ..line }) })
}

/// `File.java:12` or `File.java`.
pub(super) fn source_line(text: &str) -> Option<SourceLine> {
    let (file, line) = match text.split_once(':') {
        Some((file, line)) => {
            let digits = line.split(':').next().unwrap_or(line);
            (file, Some(digits.parse::<u32>().ok()?.saturating_sub(1)))
        }
        None => (text, None),
    };
    let is_file = file.ends_with(".java") && !file.contains(char::is_whitespace);
    is_file.then(|| SourceLine { file: file.to_ascii_lowercase(), line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, symbol: &str, file: &str, line: Option<u32>) {
        let line = Some(SourceLine { file: file.to_owned(), line }).filter(|_| !file.is_empty());
        assert_eq!(read(text), Some(Trace { symbol, line }), "{text}");
    }

    #[test]
    fn a_frame_is_read_with_and_without_its_module() {
        let (symbol, file) = ("java.util.HashMap.putVal", "hashmap.java");
        check("at java.util.HashMap.putVal(HashMap.java:637)", symbol, file, Some(636));
        check("  at java.base/java.util.HashMap.putVal(HashMap.java:637)", symbol, file, Some(636));
        check("java.util.HashMap.putVal(HashMap.java)", symbol, file, None);
        check("at app//a.B.m(B.java:1) ~[b.jar:1.0]", "a.B.m", "b.java", Some(0));
        check("at java.lang.Thread.sleep(Native Method)", "java.lang.Thread.sleep", "", None);
    }

    #[test]
    fn a_frame_is_read_while_it_is_being_typed() {
        check("at java.base/", "java.base", "", None);
        check("at java.base/j", "j", "", None);
        check("at java.base/java.util.Ha", "java.util.Ha", "", None);
        check("at java.util.HashMap.putVal(HashMap.ja", "java.util.HashMap.putVal", "", None);
    }

    #[test]
    fn what_was_thrown_is_read_without_its_message() {
        check("Caused by: a.b.Problem: no such thing", "a.b.Problem", "", None);
        check("Exception in thread \"main\" a.b.Problem", "a.b.Problem", "", None);
        check("a.b.Problem: no such thing", "a.b.Problem", "", None);
    }

    #[test]
    fn a_place_in_a_file_is_read_as_its_type() {
        check("src/a/b/Type.java:12", "Type", "type.java", None);
        check("Type.java:12:7: error", "Type", "type.java", None);
    }

    #[test]
    fn other_texts_are_no_trace() {
        for text in ["put(", "put(K key)", "HashMap", "", "at", "at the (bank)", "(A.java:1)"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
