//! The tool `find_definition`: what is called exactly so.

use std::cmp::Reverse;
use std::sync::Arc;

use nova_router::MatchClass;
use nova_router::report::Symbol;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{self, About, SymbolLine};
use super::failure::Failure;
use super::workspace::Workspace;
use super::{file, server};
use crate::commands::search::question;

pub(super) const NAME: &str = "find_definition";

pub(super) const DESCRIPTION: &str = "Find where a Java name is declared: declarations of exactly this name, the \
    likeliest first. Waits first until files written before the call are indexed. The name may be plain (HashMap, put) \
    or qualified by types or packages (HashMap.put, Map.Entry, java.util.HashMap). Overloads are listed one by one. \
    Answers as search_symbols does; total counts declarations of exactly this name. If cut, qualify the name.";

/// Declarations that are listed.
const DEFINITIONS_MAX: usize = 20;

/// Symbols that are looked at.
const NAMESAKES_MAX: usize = 300;

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "schemars")]
pub(super) struct Arguments {
    /// A Java name, plain or qualified: HashMap, HashMap.put, java.util.Map.Entry
    name: String,
    /// The file that the name stands in: what is declared in it comes first, then what is in its folder
    #[serde(default)]
    near_path: Option<String>,
}

#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    about: About,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

pub(super) async fn call(workspace: &Arc<Workspace>, arguments: Value) -> Result<String, Failure> {
    let Arguments { name, near_path } = server::read(arguments)?;
    let names = read_name(&name).ok_or_else(|| {
        Failure::Arguments(
            "name is a Java name, such as HashMap, HashMap.put or java.util.Map.Entry; search_symbols takes more"
                .to_owned(),
        )
    })?;
    let near = near_path.map(|path| file::find(workspace.roots(), &path)).transpose()?;
    let question = question(&names[0], &[], NAMESAKES_MAX, near.as_deref());
    workspace.catch_up().await?;
    let mut found = workspace.search(&question).await?;
    // What is called so, but for case and underscores, comes first: where others follow, no more of it does.
    let others_follow =
        found.hits.last().is_some_and(|(_, score)| score.reasons().class != MatchClass::Exact);
    let is_all = !found.cut || others_follow;
    found.hits.retain(|(symbol, _)| names.iter().any(|name| is_called(symbol, name)));
    // Whoever says where the name stands means what is there rather than what is better known.
    found.hits.sort_by_key(|(_, score)| Reverse(score.reasons().near));
    let about = About {
        total: found.hits.len() as u64,
        total_is_exact: is_all,
        cut: found.hits.len() > DEFINITIONS_MAX || !is_all,
        ..About::new(&found)
    };
    let hint = "nothing is called exactly so: search_symbols finds similar names";
    let hint = found.hits.is_empty().then_some(hint);
    let hits = found.hits.iter().take(DEFINITIONS_MAX);
    let symbols = hits.map(|(symbol, _)| SymbolLine::new(workspace.roots(), symbol));
    answer::write(&Found { about, hint }, symbols).map_err(|_| Failure::Bug)
}

/// The name with dots only; and, if a dollar in it may be one too, the name with that.
fn read_name(given: &str) -> Option<Vec<String>> {
    let name = given.trim();
    let name = name.find('(').map_or(name, |end| &name[..end]);
    let name = name.replace("::", ".").replace('#', ".");
    let is_identifier = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_$".contains(c))
    };
    if !name.split('.').all(is_identifier) {
        return None;
    }
    let nested = name.contains('$').then(|| name.replace('$', "."));
    Some([Some(name), nested].into_iter().flatten().collect())
}

/// Whether a symbol is called so, together with what is around it.
fn is_called(symbol: &Symbol, name: &str) -> bool {
    let around = symbol.around();
    let dot = if around.is_empty() { "" } else { "." };
    let whole = format!("{around}{dot}{}", symbol.name);
    let before = whole.strip_suffix(name);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use nova_syntax::declarations::{Kind, Modifiers};

    use super::*;

    #[test]
    fn a_name_is_read_in_the_forms_that_people_write() {
        let check = |given: &str, expected: &[&str]| {
            assert_eq!(read_name(given).unwrap_or_default(), expected, "{given}");
        };
        check("HashMap", &["HashMap"]);
        check(" HashMap#put(K, V) ", &["HashMap.put"]);
        check("Map::get", &["Map.get"]);
        check("java.util.Map$Entry", &["java.util.Map$Entry", "java.util.Map.Entry"]);
        for wrong in ["", "a b", ".a", "a.", "a..b", "Map<K>", "kind:class", "-a"] {
            check(wrong, &[]);
        }
    }

    #[test]
    fn what_is_around_a_symbol_may_be_said_from_the_inside_out() {
        let put = Symbol {
            name: "put".to_owned(),
            kind: Kind::Method,
            container: "HashMap".to_owned(),
            package: "java.util".to_owned(),
            file: Vec::new(),
            line: 0,
            character: 0,
            signature: String::new(),
            modifiers: Modifiers::default(),
            local: false,
        };
        for name in ["put", "HashMap.put", "util.HashMap.put", "java.util.HashMap.put"] {
            assert!(is_called(&put, name), "{name}");
        }
        for name in ["ut", "Map.put", "java.HashMap.put", "x.java.util.HashMap.put", "HashMap"] {
            assert!(!is_called(&put, name), "{name}");
        }
    }
}
