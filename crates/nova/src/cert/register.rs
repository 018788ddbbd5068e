//! `workers.toml` as it is edited: what people wrote into it beside, and how, stays.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use nova_router::trust::policy::{POLICY_BYTES_MAX, Policy, WORKER_TOKENS_MAX, Worker};
use nova_router::trust::{Fingerprint, Moment, TokenHash, WorkerName};
use nova_rpc::private;
use time::OffsetDateTime;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use crate::cert::folder::TrustFolder;
use nova_router::in_words::paths;

const HEADER: &str = "# Who may work for this router. `nova cert` writes it, and so may you.\n";

/// `workers.toml`.
#[derive(Debug)]
pub(crate) struct Register {
    path: PathBuf,
    document: DocumentMut,
    policy: Policy,
}

impl Register {
    /// What the folder's file says; nothing if there is none.
    pub(crate) fn open(folder: &TrustFolder) -> anyhow::Result<Self> {
        let path = folder.workers();
        let text = if path.exists() {
            String::from_utf8(private::read_guarded(&path, POLICY_BYTES_MAX)?)
                .with_context(|| format!("{} is not UTF-8", paths::shown(&path)))?
        } else {
            HEADER.to_owned()
        };
        let policy =
            Policy::parse(&text).map_err(|error| anyhow!("{}: {error}", paths::shown(&path)))?;
        let document = text.parse().with_context(|| paths::shown(&path))?;
        Ok(Self { path, document, policy })
    }

    /// All workers, as the file has them.
    pub(crate) fn workers(&self) -> &[Worker] {
        self.policy.workers()
    }

    /// The worker of this name, as the file has it.
    pub(crate) fn worker(&self, name: &WorkerName) -> Option<&Worker> {
        self.policy.worker(name)
    }

    /// The same, where there must be one.
    pub(crate) fn expect(&self, name: &WorkerName) -> anyhow::Result<&Worker> {
        self.worker(name).ok_or_else(|| {
            let path = paths::shown(&self.path);
            anyhow!("there is no worker `{name}` in {path}: `nova cert list` shows those that are")
        })
    }

    /// Adds a worker that nothing is known of yet.
    pub(crate) fn add(&mut self, name: &WorkerName, shards: &[String]) -> anyhow::Result<()> {
        let mut table = Table::new();
        table["name"] = value(name.as_str());
        if !shards.is_empty() {
            table["shards"] = value(shards.iter().collect::<Array>());
        }
        // What stands at the end of the file stays above it.
        let above = self.document.trailing().as_str().unwrap_or_default();
        table.decor_mut().set_prefix(format!("{above}\n"));
        self.document.set_trailing("");
        self.tables()?.push(table);
        Ok(())
    }

    /// Removes a worker and all that is known of it.
    pub(crate) fn remove(&mut self, name: &WorkerName) -> anyhow::Result<()> {
        self.tables()?.retain(|table| !is_called(table, name));
        self.policy = self.parse(&self.document.to_string())?;
        Ok(())
    }

    /// Puts a certificate before those that a worker has, and takes away those that are named.
    pub(crate) fn add_fingerprint(
        &mut self,
        name: &WorkerName,
        new: Fingerprint,
        gone: &[Fingerprint],
    ) -> anyhow::Result<()> {
        let kept = self.worker(name).map_or_else(Vec::new, |it| it.fingerprints.clone());
        let kept = kept.into_iter().filter(|it| !gone.contains(it));
        let all: Vec<String> = [new].into_iter().chain(kept).map(|it| it.to_string()).collect();
        self.table(name)?["fingerprint"] = match &all[..] {
            [only] => value(only),
            several => value(lines(several.iter().map(Value::from))),
        };
        Ok(())
    }

    /// Adds a token to those that a worker has. If there are too many, the dead ones make way.
    pub(crate) fn add_token(
        &mut self,
        name: &WorkerName,
        hash: TokenHash,
        expires: Moment,
    ) -> anyhow::Result<()> {
        let now = OffsetDateTime::now_utc();
        let known = self.worker(name).map_or(&[][..], |worker| &worker.tokens);
        let is_full = known.len() >= WORKER_TOKENS_MAX;
        let dead = known.iter().filter(|it| is_full && (it.revoked || it.expires.is_past(now)));
        let dead: Vec<String> = dead.map(|token| token.id.clone()).collect();
        let mut token = InlineTable::new();
        token.insert("id", hash.short().into());
        token.insert("hash", hash.to_string().into());
        let date = expires.to_string().parse::<toml_edit::Datetime>();
        token.insert("expires", date.context("a date that TOML cannot write")?.into());
        let tokens = self.tokens(name)?;
        tokens.retain(|token| !dead.iter().any(|id| has_id(token, id)));
        let all = tokens.iter().cloned().chain([Value::from(token)]);
        *tokens = lines(all.map(|it| it.decorated("", "")));
        Ok(())
    }

    /// Has a worker not be taken any more.
    pub(crate) fn revoke(&mut self, name: &WorkerName) -> anyhow::Result<()> {
        self.table(name)?["revoked"] = value(true);
        Ok(())
    }

    /// Has one of a worker's tokens not be taken any more.
    pub(crate) fn revoke_token(&mut self, name: &WorkerName, id: &str) -> anyhow::Result<()> {
        let token = self.tokens(name)?.iter_mut().find(|token| has_id(token, id));
        let token = token.and_then(Value::as_inline_table_mut);
        let token = token.with_context(|| {
            format!("`{name}` has no token `{id}`: `nova cert list` shows those that it has")
        })?;
        token.insert("revoked", true.into());
        Ok(())
    }

    /// What the file would hold now; refuses what the router would refuse.
    pub(crate) fn check(&self) -> anyhow::Result<String> {
        let text = self.document.to_string();
        self.parse(&text)?;
        Ok(text)
    }

    fn parse(&self, text: &str) -> anyhow::Result<Policy> {
        Policy::parse(text).map_err(|error| {
            let path = paths::shown(&self.path);
            anyhow!("cannot change {path}: the router would refuse {error}")
        })
    }

    /// Replaces the file.
    pub(crate) fn save(self) -> anyhow::Result<()> {
        let text = self.check()?;
        Ok(private::replace(&self.path, text.as_bytes())?)
    }

    fn tables(&mut self) -> anyhow::Result<&mut ArrayOfTables> {
        let item = self.document.entry("worker").or_insert(ArrayOfTables::new().into());
        if !item.is_array_of_tables() {
            let as_tables = std::mem::take(item).into_array_of_tables();
            *item = as_tables.map_or_else(|other| other, Item::ArrayOfTables);
        }
        item.as_array_of_tables_mut().context("`worker` is no list of tables")
    }

    fn table(&mut self, name: &WorkerName) -> anyhow::Result<&mut Table> {
        let table = self.tables()?.iter_mut().find(|table| is_called(table, name));
        table.with_context(|| format!("there is no worker `{name}`"))
    }

    fn tokens(&mut self, name: &WorkerName) -> anyhow::Result<&mut Array> {
        let item = self.table(name)?.entry("tokens").or_insert(value(Array::new()));
        // They may be tables of their own: `[[worker.tokens]]`.
        item.make_value();
        match item.as_array_mut() {
            Some(tokens) => Ok(tokens),
            None => bail!("the `tokens` of `{name}` are no list"),
        }
    }
}

fn is_called(table: &Table, name: &WorkerName) -> bool {
    let its_name = table.get("name").and_then(Item::as_str);
    its_name.and_then(|it| it.parse::<WorkerName>().ok()).is_some_and(|it| it == *name)
}

fn has_id(token: &Value, id: &str) -> bool {
    let token = token.as_inline_table();
    token.and_then(|it| it.get("id")).and_then(Value::as_str) == Some(id)
}

/// A list with a line for each value.
fn lines(values: impl Iterator<Item = Value>) -> Array {
    let mut list = Array::new();
    for value in values {
        list.push_formatted(value.decorated("\n    ", ""));
    }
    list.set_trailing("\n");
    list.set_trailing_comma(true);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_router::trust::Token;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn open(text: &str) -> (tempfile::TempDir, Register) {
        let folder = tempfile::tempdir().unwrap();
        let trust = TrustFolder::new(Some(folder.path())).unwrap();
        if !text.is_empty() {
            private::create(&trust.workers(), text.as_bytes()).unwrap();
        }
        let register = Register::open(&trust).unwrap();
        (folder, register)
    }

    fn name(text: &str) -> WorkerName {
        text.parse().unwrap()
    }

    fn hash(token: &str) -> TokenHash {
        TokenHash::of(&Token::new(token).unwrap())
    }

    #[test]
    fn what_people_wrote_stays_when_a_worker_is_revoked() {
        let text = format!(
            "# mine\n[[worker]]   # the big one\nname = 'big'\nfingerprint = '{A}'\n\n\
             # theirs\n[[worker]]\nname = \"other\"\nsan = 'x'\n"
        );
        let (_folder, mut register) = open(&text);
        register.revoke(&name("Big")).unwrap();
        let expected = text.replace("aaa'\n", "aaa'\nrevoked = true\n");
        assert_eq!(register.check().unwrap(), expected);
    }

    #[test]
    fn workers_tokens_and_certificates_are_added_and_taken_away() {
        let (folder, mut register) = open("");
        let big = name("big");
        register.add(&big, &["core".to_owned()]).unwrap();
        assert!(register.check().unwrap_err().to_string().contains("nothing tells who `big` is"));
        register.add_fingerprint(&big, A.parse().unwrap(), &[]).unwrap();
        let expires: Moment = OffsetDateTime::UNIX_EPOCH.into();
        for token in ["one", "two"] {
            register.add_token(&big, hash(token), expires).unwrap();
        }
        register.revoke_token(&big, &hash("one").short()).unwrap();
        assert!(register.revoke_token(&big, "none").is_err());
        register.save().unwrap();
        let trust = TrustFolder::new(Some(folder.path())).unwrap();
        let mut register = Register::open(&trust).unwrap();
        let worker = register.expect(&big).unwrap();
        assert_eq!(worker.fingerprints, [A.parse().unwrap()]);
        assert_eq!(worker.scope.patterns(), Some(&["core".to_owned()][..]));
        let tokens: Vec<_> = worker.tokens.iter().map(|it| (it.hash, it.revoked)).collect();
        assert_eq!(tokens, [(hash("one"), true), (hash("two"), false)]);
        assert!(register.check().unwrap().starts_with(HEADER));

        let new = Fingerprint::of(b"new");
        register.add_fingerprint(&big, new, &[]).unwrap();
        register.save().unwrap();
        let mut register = Register::open(&trust).unwrap();
        assert_eq!(register.expect(&big).unwrap().fingerprints, [new, A.parse().unwrap()]);
        register.add_fingerprint(&big, Fingerprint::of(b"newest"), &[new]).unwrap();
        register.save().unwrap();
        let mut register = Register::open(&trust).unwrap();
        let expected = [Fingerprint::of(b"newest"), A.parse().unwrap()];
        assert_eq!(register.expect(&big).unwrap().fingerprints, expected);
        register.remove(&big).unwrap();
        register.save().unwrap();
        assert!(Register::open(&trust).unwrap().expect(&big).is_err());
    }

    #[test]
    fn tokens_in_tables_of_their_own_are_found_too() {
        let (_folder, mut register) = open(&format!(
            "[[worker]]\nname = 'big'\n[[worker.tokens]]\nid = 'x'\nhash = '{}'\n\
             expires = 2999-01-01T00:00:00Z\n",
            hash("x")
        ));
        register.revoke_token(&name("big"), "x").unwrap();
        let policy = Policy::parse(&register.check().unwrap()).unwrap();
        assert!(policy.workers()[0].tokens[0].revoked);
    }

    #[test]
    fn dead_tokens_make_way_when_there_are_too_many() {
        let (folder, mut register) = open("");
        let big = name("big");
        register.add(&big, &[]).unwrap();
        let later: Moment = (OffsetDateTime::now_utc() + time::Duration::DAY).into();
        for number in 0..WORKER_TOKENS_MAX {
            let expires = if number == 3 { OffsetDateTime::UNIX_EPOCH.into() } else { later };
            register.add_token(&big, hash(&number.to_string()), expires).unwrap();
        }
        register.save().unwrap();
        let trust = TrustFolder::new(Some(folder.path())).unwrap();
        let mut register = Register::open(&trust).unwrap();
        register.add_token(&big, hash("new"), later).unwrap();
        register.save().unwrap();
        let mut register = Register::open(&trust).unwrap();
        let tokens = &register.expect(&big).unwrap().tokens;
        assert_eq!(tokens.len(), WORKER_TOKENS_MAX);
        assert!(!tokens.iter().any(|token| token.hash == hash("3")));
        register.add_token(&big, hash("one too many"), later).unwrap();
        assert!(register.check().unwrap_err().to_string().contains("16 tokens"));
    }
}
