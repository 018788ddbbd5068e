//! The names of a corpus, and new ones made of their humps.

use std::collections::HashMap;

use nova_syntax::declarations::{Declarations, ImportKind};

use super::mixed;

/// A name that declarations and imports say so many times is as often kept as it is replaced.
const KEPT_HALF: f64 = 20.0;
/// A name's variants are numbered below this, the lower the commoner: as many names become one of the
/// first three as one of the others.
const VARIANTS_END: f64 = 17.0;
/// Shorter or longer parts of names are no words.
const HUMP_LETTERS: std::ops::RangeInclusive<usize> = 3..=12;

/// The names of a corpus by number.
pub(super) struct Names {
    texts: Vec<String>,
    by_text: HashMap<String, u32>,
    is_type: Vec<bool>,
    /// How often declarations and imports say it.
    said: Vec<u32>,
    /// The words of type names, the common ones often.
    humps: Vec<String>,
}

impl Names {
    pub(super) fn new(files: &[Declarations]) -> Self {
        let mut names = Self {
            texts: Vec::new(),
            by_text: HashMap::new(),
            is_type: Vec::new(),
            said: Vec::new(),
            humps: Vec::new(),
        };
        for file in files {
            for symbol in &file.symbols {
                let name = names.say(file.text(symbol.name));
                if symbol.kind.is_type() {
                    names.is_type[name as usize] = true;
                    let words = words(&names.texts[name as usize]);
                    let are_wanted = |it: &&str| {
                        HUMP_LETTERS.contains(&it.len())
                            && it.bytes().all(|byte| byte.is_ascii_alphabetic())
                    };
                    names.humps.extend(words.into_iter().filter(are_wanted).map(capitalised));
                }
            }
            for import in file.imports.iter().filter(|it| it.kind == ImportKind::Type) {
                let path = file.text(import.path);
                names.say(path.rsplit('.').next().unwrap_or(path));
            }
        }
        names
    }

    /// The number of a type's name.
    pub(super) fn type_named(&self, text: &str) -> Option<u32> {
        self.named(text).filter(|name| self.is_type[*name as usize])
    }

    pub(super) fn named(&self, text: &str) -> Option<u32> {
        self.by_text.get(text).copied()
    }

    pub(super) fn any_hump(&self, random: u64) -> &str {
        &self.humps[(random % self.humps.len() as u64) as usize]
    }

    /// Which variant of a name a random number means; 0 for itself.
    pub(super) fn variant(&self, name: u32, random: u64) -> u64 {
        let fraction = |bits: u64| (bits & 0xffff_ffff) as f64 / f64::from(u32::MAX);
        let said = f64::from(self.said[name as usize]);
        if fraction(random) < said / (said + KEPT_HALF) {
            return 0;
        }
        VARIANTS_END.powf(fraction(random >> 32)) as u64
    }

    /// `ConcurrentHashMap` → `ConcurrentTokenMap`, `MAX_SIZE` → `MAX_TOKEN`, `get` → `getToken`.
    pub(super) fn derived(&self, name: u32, variant: u64) -> String {
        let text = &self.texts[name as usize];
        if variant == 0 {
            return text.clone();
        }
        let random = mixed(u64::from(name), variant);
        let hump = self.any_hump(random);
        let mut words = words(text);
        let is_constant = !text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.len() > 1;
        let upper = hump.to_ascii_uppercase();
        let hump = if is_constant { upper.as_str() } else { hump };
        match words.len() {
            0 | 1 if self.is_type[name as usize] => words.insert(0, hump),
            0 | 1 => words.push(hump),
            count => words[(random >> 32) as usize % count] = hump,
        }
        let joined = words.join(if is_constant { "_" } else { "" });
        if text.starts_with(|it: char| it.is_ascii_lowercase()) {
            return joined[..1].to_ascii_lowercase() + &joined[1..];
        }
        joined
    }

    fn say(&mut self, text: &str) -> u32 {
        let name = self.by_text.get(text).copied().unwrap_or_else(|| {
            let name = self.texts.len() as u32;
            self.texts.push(text.to_owned());
            self.is_type.push(false);
            self.said.push(0);
            self.by_text.insert(text.to_owned(), name);
            name
        });
        self.said[name as usize] += 1;
        name
    }
}

/// `parseURLPath` → `parse`, `URL`, `Path`; `MAX_SIZE` → `MAX`, `SIZE`.
fn words(name: &str) -> Vec<&str> {
    let bytes = name.as_bytes();
    let (mut words, mut start) = (Vec::new(), 0);
    for at in 1..bytes.len() {
        let is_upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
        let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
        if bytes[at] == b'_' || is_upper(at) && (!is_upper(at - 1) || is_lower(at + 1)) {
            words.push(&name[start..at]);
            start = at;
        }
    }
    words.push(&name[start..]);
    let words = words.into_iter().map(|word| word.trim_matches('_'));
    words.filter(|word| !word.is_empty()).collect()
}

fn capitalised(word: &str) -> String {
    word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_where_their_words_begin() {
        assert_eq!(words("parseURLPath"), ["parse", "URL", "Path"]);
        assert_eq!(words("MAX_SIZE"), ["MAX", "SIZE"]);
        assert_eq!(words("_x"), ["x"]);
        assert_eq!(words("größe"), ["größe"]);
    }
}
