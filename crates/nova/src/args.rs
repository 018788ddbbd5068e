//! The command line's grammar, and its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use nova_lsp::args::LspArgs;
use nova_router::trust::WorkerName;
use nova_rpc::Endpoint;
use nova_rpc::tls::TlsVersion;
use nova_syntax::declarations::Kind;
use nova_worker::args::WorkerArgs;

use crate::cert::host_name::HostName;
use crate::cert::{ROUTER, TOKEN_VALIDITY};
use crate::period::Period;
use nova_router::{SHARD_BYTES_MAX_DEFAULT, workspace::FILE_BYTES_MAX_DEFAULT};
use nova_worker::size::Size;

/// Find Java symbols in trees of any size, in milliseconds, without a build.
#[derive(Debug, Parser)]
#[command(name = "nova", version, propagate_version = true)]
#[command(after_help = "Example:\n  nova search HashMap path/to/sources\n\n\
    Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line, or ends with what is wrong with it.
    pub(crate) fn read() -> Self {
        let cli = Self::parse();
        if let Some(problem) = cli.contradiction() {
            Self::command().error(ErrorKind::ArgumentConflict, problem).exit();
        }
        cli
    }

    /// What the grammar cannot tell.
    fn contradiction(&self) -> Option<&'static str> {
        match &self.command {
            Command::Cache(CacheArgs { action: CacheAction::Clean { roots, .. } }) => {
                let names_two = self.global.cache_dir.is_some() && !roots.is_empty();
                names_two.then_some("--cache-dir names the one workspace to clean: leave out ROOT")
            }
            Command::Cert(CertArgs {
                action: CertAction::Renew { subject, names, .. }, ..
            }) => {
                let is_router = subject.as_str() == ROUTER;
                (!names.is_empty() && !is_router).then_some("--name is for the router alone")
            }
            _ => None,
        }
    }
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalArgs {
    /// This workspace's cache folder [default: one per workspace in the platform's cache folder]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) cache_dir: Option<PathBuf>,

    /// How many worker processes to start [default: one per core]
    #[arg(long, value_name = "N", global = true)]
    pub(crate) workers: Option<usize>,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) color: ColorChoice,

    /// Tell more (-vv: even more; NOVA_LOG takes tracing filters)
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: u8,

    /// Tell nothing but results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// At a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the index up to date and tell what is in it
    #[command(after_help = "Example:\n  nova index ~/src/big --workers 4")]
    Index(IndexArgs),
    /// Find symbols by name, best first
    #[command(
        after_help = "A query may be HashMap, HM, hash_map, HashMap.put, java.util.HashMap, put(, @Override,\n\
        several words in any order, a line of a stack trace; and may have class:, kind:record,\n\
        path:core, -path:test, in:module. docs/search.md tells all.\n\n\
        Examples:\n  nova search HashMap\n  nova search HashMap.put ~/src/jdk\n  \
        nova search \"buffer byte\"        a query is one argument: quote several words\n  \
        nova search -- -flag             two dashes before a query that starts with one"
    )]
    Search(SearchArgs),
    /// List every symbol
    #[command(after_help = "Examples:\n  nova export --format jsonl > symbols.jsonl\n  \
        nova export --format ctags -o tags")]
    Export(ExportArgs),
    /// Tell why symbols rank as they do, or why a file is in the index or is not
    #[command(
        after_help = "Examples:\n  nova explain HM                  why each match is where it is\n  \
        nova explain \"class:foo -path:test\"\n  \
        nova explain src/main/java/com/acme/A.java\n  \
        nova explain build/generated ~/src/big\n  \
        nova explain src.zip!/java.base/java/util/Map.java src.zip"
    )]
    Explain(ExplainArgs),
    /// Keep a workspace open: the other commands ask it instead of looking for themselves
    #[command(after_help = "Examples:\n  nova serve ~/src/big             until Ctrl-C\n  \
        nova serve --detach ~/src/big    in the background\n  nova serve --stop ~/src/big")]
    Serve(ServeArgs),
    /// Show the layout, the shards and the cache of a workspace
    #[command(after_help = "Example:\n  nova status ~/src/big")]
    Status(StatusArgs),
    /// List or remove cached workspaces
    #[command(after_help = "Examples:\n  nova cache list\n  nova cache clean ~/src/big")]
    Cache(CacheArgs),
    /// Make certificates and tokens for workers on other machines, and revoke them
    #[command(after_help = "Examples:\n  nova cert init --name build.example.org\n  \
        nova cert worker big --shards core\n  nova cert token ci --expires 7d\n  \
        nova cert list\n  nova cert revoke big\n  nova cert renew router")]
    Cert(CertArgs),
    /// Serve an editor: the language server (the same as nova-lsp)
    #[command(after_help = "Editors start it: docs/editors has a page for each.")]
    Lsp(LspArgs),
    /// Serve a coding agent: a Model Context Protocol server over standard input and output
    #[command(after_help = "Agents start it: docs/agents.md tells how to add it to each.")]
    Mcp(McpArgs),
    /// Work for a router (the same as nova-worker)
    Worker(WorkerArgs),
    /// Print a completion script
    #[command(
        after_help = "Example:\n  nova completions bash > ~/.local/share/bash-completion/completions/nova"
    )]
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// Which tree, how it is indexed, and by whom.
#[derive(Debug, Args)]
pub(crate) struct TreeArgs {
    #[command(flatten)]
    pub(crate) indexing: IndexingArgs,

    /// Exit with 1 if a file had to be skipped
    #[arg(long)]
    pub(crate) strict: bool,

    /// Do not ask a running nova serve
    #[arg(long)]
    pub(crate) no_daemon: bool,
}

/// Which tree, and how it is indexed.
#[derive(Debug, Args)]
pub(crate) struct IndexingArgs {
    /// Folders or source archives (src.zip, *-sources.jar) [default: the current folder]
    #[arg(value_name = "ROOT")]
    pub(crate) roots: Vec<PathBuf>,

    /// Index what .gitignore, .ignore and hidden folders would leave out
    #[arg(long)]
    pub(crate) no_ignore: bool,

    /// Index these folders whatever ignore files say, in each folder that is indexed anyway
    #[arg(long, value_name = "PATH")]
    pub(crate) include_ignored: Vec<String>,

    /// Skip larger files
    #[arg(long, value_name = "SIZE", default_value_t = Size(FILE_BYTES_MAX_DEFAULT))]
    pub(crate) max_file_size: Size,

    /// Split source roots with more source than this into several shards
    #[arg(long, value_name = "SIZE", default_value_t = Size(SHARD_BYTES_MAX_DEFAULT))]
    pub(crate) max_shard_size: Size,

    /// Start a worker process for each shard
    #[arg(long, conflicts_with = "workers")]
    pub(crate) worker_per_shard: bool,

    /// Replace a worker that keeps more memory than this [default: a share of half of the machine's]
    #[arg(long, value_name = "SIZE")]
    pub(crate) worker_memory: Option<Size>,
}

impl IndexingArgs {
    /// As these are where only the ROOTs are said.
    pub(crate) fn of_roots(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            no_ignore: false,
            include_ignored: Vec::new(),
            max_file_size: Size(FILE_BYTES_MAX_DEFAULT),
            max_shard_size: Size(SHARD_BYTES_MAX_DEFAULT),
            worker_per_shard: false,
            worker_memory: None,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,

    /// Lay the source roots out anew and index everything
    #[arg(long)]
    pub(crate) rebuild: bool,

    #[command(flatten)]
    pub(crate) guests: GuestArgs,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How workers come in that somebody else starts.
#[derive(Debug, Default, Args)]
pub(crate) struct GuestArgs {
    /// Take in workers that are started by hand: unix:PATH, tcp+tls:HOST:PORT, tcp:HOST:PORT, pipe:NAME
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) listen: Option<Endpoint>,

    /// The file with the token that those workers must show
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) auth_token_file: Option<PathBuf>,

    /// For tcp+tls: the folder that says whom to trust [default: that of nova cert]
    #[arg(long, value_name = "DIR", requires = "listen")]
    pub(crate) trust_dir: Option<PathBuf>,

    /// This router's certificate [default: router.pem of the trust folder]
    #[arg(long, value_name = "FILE", requires_all = ["listen", "tls_key"])]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its private key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Who vouches for the certificates of workers [default: ca.pem of the trust folder]
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// The oldest version of TLS that is spoken: 1.3, or 1.2 for what cannot do better
    #[arg(long, value_name = "VERSION", requires = "listen", default_value_t)]
    pub(crate) tls_min_version: TlsVersion,

    /// Let tcp: leave this machine, where others can read along
    #[arg(long, requires = "listen")]
    pub(crate) allow_insecure: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// A name or a part of one: HashMap, HM, hash_map, Map.Entry, java.util.HashMap
    #[arg(value_name = "QUERY")]
    pub(crate) query: String,

    #[command(flatten)]
    pub(crate) tree: TreeArgs,

    /// Show so many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,

    /// Prefer, among equals, what is in this file or beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) near: Option<PathBuf>,

    /// Have a running nova serve answer from what it has, not look at the disk first
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// Only symbols of this kind (may be repeated)
    #[arg(long = "kind", value_name = "KIND", value_parser = parse_kind)]
    pub(crate) kinds: Vec<Kind>,

    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,

    /// What to write
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ExportFormat,

    /// Write to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Have a running nova serve answer from what it has, not look at the disk first
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// The same as --format jsonl
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

/// The formats of `nova export`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line
    #[default]
    Jsonl,
    /// A tags file for vim and readtags
    Ctags,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A query, or a file or folder, there or not; in an archive src.zip!/dir/File.java
    #[arg(value_name = "QUERY|PATH")]
    pub(crate) subject: OsString,

    #[command(flatten)]
    pub(crate) tree: TreeArgs,

    /// Of a query, explain so many matches at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,

    /// Of a query, prefer what is in this file or beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) near: Option<PathBuf>,

    /// Have a running nova serve answer from what it has, not look at the disk first
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) indexing: IndexingArgs,

    #[command(flatten)]
    pub(crate) guests: GuestArgs,

    /// Go on in the background
    #[arg(long)]
    pub(crate) detach: bool,

    /// End the one that is running
    #[arg(long, conflicts_with_all = ["detach", "idle_timeout"])]
    pub(crate) stop: bool,

    /// End when nobody was connected for so long, such as 30s, 10m or 3h [default: never; with --detach 3h]
    #[arg(long, value_name = "TIME")]
    pub(crate) idle_timeout: Option<Period>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct McpArgs {
    /// Folders or source archives [default: the current folder]
    #[arg(value_name = "ROOT")]
    pub(crate) roots: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Folders or source archives [default: the current folder]
    #[arg(value_name = "ROOT")]
    pub(crate) roots: Vec<PathBuf>,

    /// Do not ask a running nova serve
    #[arg(long)]
    pub(crate) no_daemon: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) action: CacheAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheAction {
    /// List the cached workspaces, their size and last use
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Remove cached workspaces
    Clean {
        /// The workspaces' folders [default: all workspaces]
        #[arg(value_name = "ROOT")]
        roots: Vec<PathBuf>,
        /// Print one JSON object a line, for each one removed
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CertArgs {
    #[command(subcommand)]
    pub(crate) action: CertAction,

    /// The trust folder [default: nova/trust in the platform's folder for configuration]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) trust_dir: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertAction {
    /// Make the authority and the router's certificate
    #[command(after_help = "Example:\n  nova cert init --name build.example.org --name 192.0.2.7")]
    Init {
        /// What workers reach the router by (may be repeated) [default: localhost, its addresses, and
        /// this machine's name]
        #[arg(long = "name", value_name = "HOST")]
        names: Vec<HostName>,
    },
    /// Make a worker's certificate and key, in a folder to be copied to its machine
    #[command(after_help = "Example:\n  nova cert worker big --shards core --shards 'libs/**'")]
    Worker {
        /// What to call it
        name: WorkerName,
        #[command(flatten)]
        enrolment: EnrolmentArgs,
    },
    /// Make a token for a worker, in a file to be copied to its machine
    #[command(after_help = "Examples:\n  nova cert token big\n  \
        nova cert token ci --expires 7d --shards core --stdout")]
    Token {
        /// The worker; one that is not known yet is made known
        name: WorkerName,
        /// How long it is valid, such as 12h or 90d
        #[arg(long, value_name = "TIME", default_value_t = TOKEN_VALIDITY)]
        expires: Period,
        /// Print the token, and write it into no file
        #[arg(long, conflicts_with = "out")]
        stdout: bool,
        #[command(flatten)]
        enrolment: EnrolmentArgs,
    },
    /// List the authority, the router and the workers
    #[command(after_help = "Example:\n  nova cert list")]
    List,
    /// Have a worker, or one of its tokens, not be taken any more
    #[command(
        after_help = "Examples:\n  nova cert revoke big\n  nova cert revoke ci --token 1f2e3d4c"
    )]
    Revoke {
        /// The worker
        name: WorkerName,
        /// This token alone, as nova cert list calls it
        #[arg(long, value_name = "ID")]
        token: Option<String>,
    },
    /// Make a new certificate in the place of one that is about to expire
    #[command(after_help = "Examples:\n  nova cert renew big\n  \
        nova cert renew router --name build.example.org\n  nova cert renew ca")]
    Renew {
        /// A worker, `router` or `ca`
        #[arg(value_name = "NAME|router|ca")]
        subject: WorkerName,
        /// Of the router, what workers reach it by from now on (may be repeated) [default: as before]
        #[arg(long = "name", value_name = "HOST")]
        names: Vec<HostName>,
        /// Of a worker, the folder that its own is made in
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
}

/// What a worker may see, and where what it needs is written.
#[derive(Debug, Args)]
pub(crate) struct EnrolmentArgs {
    /// Which source roots it may see, as nova status calls them (may be repeated) [default: all]
    #[arg(long, value_name = "GLOB")]
    pub(crate) shards: Vec<String>,

    /// The folder that its own is made in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
}

/// A kind by the name that the output has.
pub(crate) fn parse_kind(text: &str) -> Result<Kind, String> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("the kinds are {}", names.join(", "))
    })
}

impl Command {
    /// How many threads talk to others: what serves many must not have one wait for another.
    pub(crate) fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if matches!(self, Self::Serve(_) | Self::Lsp(_) | Self::Mcp(_)) {
            cores().max(2)
        } else {
            1
        }
    }

    /// Whether the output is data: then the messages beside it are data too, or left out.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Index(args) => args.json,
            Self::Search(args) => args.json,
            Self::Export(args) => args.json,
            Self::Explain(args) => args.json,
            Self::Serve(args) => args.json,
            Self::Status(args) => args.json,
            Self::Cache(CacheArgs { action }) => match action {
                CacheAction::List { json } | CacheAction::Clean { json, .. } => *json,
            },
            Self::Cert(args) => args.json,
            Self::Lsp(_) | Self::Mcp(_) | Self::Worker(_) | Self::Completions { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_kind_is_known_by_the_name_that_the_output_has() {
        assert_eq!(parse_kind("enum-constant"), Ok(Kind::EnumConstant));
        assert!(parse_kind("enumconstant").unwrap_err().contains("enum-constant"));
    }
}
