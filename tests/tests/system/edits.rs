//! The property that everything rests on: however a tree came to be what it is, its index is that of
//! a clean run.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::sandbox::Sandbox;

const STEPS: usize = 30;
/// A step in so many is compared in full, the last one in any case.
const STEPS_PER_COMPARISON: usize = 3;

#[test]
fn after_any_edits_the_index_is_that_of_a_clean_run() {
    check(&[]);
}

#[test]
fn after_any_edits_small_shards_are_those_of_a_clean_run() {
    check(&["--max-shard-size", "512", "--workers", "3"]);
}

fn check(options: &[&str]) {
    let mut dice = Dice::new();
    let sandbox = Sandbox::new(&[]);
    let mut editor = Editor { sandbox: &sandbox, files: BTreeMap::new(), written: 0 };
    for _ in 0..12 {
        editor.add(&mut dice);
    }
    for step in 0..STEPS {
        for _ in 0..dice.below(4) {
            editor.edit(&mut dice);
        }
        sandbox.index_with(options);
        if step % STEPS_PER_COMPARISON == 0 || step + 1 == STEPS {
            sandbox.assert_like_clean();
        }
    }
}

/// Edits a tree as people and tools do.
struct Editor<'s> {
    sandbox: &'s Sandbox,
    /// The texts by path.
    files: BTreeMap<String, String>,
    /// How many texts there were: no two are the same.
    written: u32,
}

impl Editor<'_> {
    fn edit(&mut self, dice: &mut Dice) {
        match dice.below(8) {
            0 | 1 => self.add(dice),
            2 => self.rewrite(dice),
            3 => self.rewrite_in_the_same_size(dice),
            4 => self.remove(dice),
            5 => self.rename(dice),
            6 => self.rename_folder(dice),
            _ => self.touch(dice),
        }
    }

    fn add(&mut self, dice: &mut Dice) {
        let root = ["one", "two/src", "two/src/nested", "."][dice.below(4)];
        let package = ["p", "p/q", "r", ""][dice.below(4)];
        let path = format!("{root}/{package}/C{}.java", dice.below(40));
        let text = self.text(&package.replace('/', "."), dice);
        self.write(path.replace("//", "/").trim_start_matches("./"), text);
    }

    fn rewrite(&mut self, dice: &mut Dice) {
        let Some(path) = self.any(dice) else { return };
        // Often a package that does not fit the folder.
        let text = self.text(["p", "p.q", "r", ""][dice.below(4)], dice);
        self.write(&path, text);
    }

    fn rewrite_in_the_same_size(&mut self, dice: &mut Dice) {
        let Some(path) = self.any(dice) else { return };
        let digit = char::from(b'0' + dice.below(10) as u8);
        let text = self.files[&path].replace(|c: char| c.is_ascii_digit(), &digit.to_string());
        let modified = fs::metadata(self.sandbox.file(&path)).unwrap().modified().unwrap();
        self.write(&path, text);
        if dice.below(2) == 0 {
            let file = fs::File::options().append(true).open(self.sandbox.file(&path)).unwrap();
            file.set_modified(modified).unwrap();
        }
    }

    fn remove(&mut self, dice: &mut Dice) {
        let Some(path) = self.any(dice) else { return };
        fs::remove_file(self.sandbox.file(&path)).unwrap();
        self.files.remove(&path);
    }

    fn rename(&mut self, dice: &mut Dice) {
        let Some(from) = self.any(dice) else { return };
        let folder =
            from.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let to = format!("{folder}R{}.java", dice.below(20));
        fs::rename(self.sandbox.file(&from), self.sandbox.file(&to)).unwrap();
        let text = self.files.remove(&from).expect("it is one of the files");
        self.files.insert(to, text);
    }

    /// Moves a whole source root, or back.
    fn rename_folder(&mut self, dice: &mut Dice) {
        let (from, to) = [("one", "three"), ("three", "one")][dice.below(2)];
        if self.sandbox.file(to).exists() || !self.sandbox.file(from).exists() {
            return;
        }
        fs::rename(self.sandbox.file(from), self.sandbox.file(to)).unwrap();
        let moved = |path: &str| match path.strip_prefix(from) {
            Some(rest) if rest.starts_with('/') => format!("{to}{rest}"),
            _ => path.to_owned(),
        };
        self.files = self.files.iter().map(|(path, text)| (moved(path), text.clone())).collect();
    }

    fn touch(&mut self, dice: &mut Dice) {
        let Some(path) = self.any(dice) else { return };
        let text = self.files[&path].clone();
        self.write(&path, text);
    }

    fn write(&mut self, path: &str, text: String) {
        self.sandbox.write(path, &text);
        self.files.insert(path.to_owned(), text);
    }

    fn any(&self, dice: &mut Dice) -> Option<String> {
        let index = dice.below(self.files.len().max(1));
        self.files.keys().nth(index).cloned()
    }

    fn text(&mut self, package: &str, dice: &mut Dice) -> String {
        self.written += 1;
        let number = self.written;
        let clause =
            if package.is_empty() { String::new() } else { format!("package {package};\n") };
        let fields = "    int padding;\n".repeat(dice.below(6));
        format!(
            "{clause}import java.util.List;\nclass T{number} {{\n{fields}    void m{number}() {{}}\n}}\n"
        )
    }
}

/// Numbers that follow from a seed, which is printed so that a failure can be repeated with
/// `NOVA_TEST_SEED`.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let given = std::env::var("NOVA_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_nanos() as u64
        });
        eprintln!("NOVA_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `bound`, by splitmix64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
