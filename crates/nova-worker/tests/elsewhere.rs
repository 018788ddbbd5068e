//! Workers that do not share the router's disk, and routers that they need not trust; and the other way round.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use nova_protocol::handshake::Hello;
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_protocol::message::{
    IndexShard, Location, Request, RequestError, Response, SourceFile, SourceRoot, UpdateFile,
};
use nova_protocol::path;
use nova_protocol::shipping::IndexBuilt;
use nova_rpc::{AcceptPolicy, Admission, CallError, Caller, accept, join};
use nova_worker::Worker;
use nova_worker::shipping::agent::Agent;
use nova_worker::shipping::store::{STORE_BYTES_MIN, TextStore};
use tokio::io::{DuplexStream, duplex};

#[tokio::test]
async fn it_neither_reads_nor_writes_what_a_path_names() {
    let folder = tempfile::tempdir().unwrap();
    let index = index_shard(folder.path());
    let update = |text: Option<Bytes>| {
        Request::UpdateFile(UpdateFile {
            shard: 1,
            identity: [0; 16],
            root: index.roots[0].clone(),
            path: "A.java".into(),
            session: 0,
            version: 1,
            text,
            stamp: None,
            file_bytes_max: 1000,
        })
    };
    let store = TextStore::open(folder.path(), STORE_BYTES_MIN).unwrap();
    let worker = Worker { texts: Some(Arc::new(store)), ..Worker::default() };
    let (router, stream) = duplex(64 << 10);
    tokio::spawn(worker.serve(stream));
    let caller = accepted(router).await;
    for request in [Request::IndexShard(index.clone()), update(None)] {
        let refused = caller.call(&request, None).await;
        assert!(
            matches!(refused, Err(CallError::Request(RequestError::Invalid(_)))),
            "{request:?}: {refused:?}"
        );
    }
    assert!(!folder.path().join("index.bin").exists() && !folder.path().join("record").exists());
    let updated = caller.call(&update(Some("class A {}".into())), None).await;
    assert!(matches!(updated, Ok(Response::UpdateFile(_))), "{updated:?}");
}

#[tokio::test]
async fn one_that_lacks_what_it_was_not_asked_for_is_cut_off() {
    for lacking in [vec![0, 0], vec![1, 0], vec![0, 2]] {
        let folder = tempfile::tempdir().unwrap();
        let request = Request::IndexShard(index_shard(folder.path()));
        let (remote, worker) = duplex(64 << 10);
        tokio::spawn(lack(worker, lacking.clone()));
        let agent = Agent {
            remote: accepted(remote).await,
            name: "liar".into(),
            shards: None,
            token: None,
            cache_dir: folder.path().to_owned(),
        };
        let (router, stream) = duplex(64 << 10);
        tokio::spawn(agent.serve(stream));
        let answer = accepted(router).await.call(&request, None).await;
        assert!(matches!(answer, Err(CallError::Disconnected(_))), "{lacking:?}: {answer:?}");
    }
}

/// A request about two files of a folder, which are written.
fn index_shard(folder: &Path) -> IndexShard {
    let bytes = |path: &Path| Bytes::from(path::to_bytes(path).into_owned());
    let names = ["A.java", "B.java"];
    for name in names {
        std::fs::write(folder.join(name), "class A {}").expect("the folder is there");
    }
    let location = Location::Folder(bytes(folder));
    IndexShard {
        shard: 1,
        identity: [0; 16],
        output: bytes(&folder.join("index.bin")),
        base: None,
        dropped: Vec::new(),
        roots: vec![SourceRoot { identity: "src".into(), location }],
        files: names.map(|name| SourceFile { root: 0, path: name.into() }).to_vec(),
        quarantined: Vec::new(),
        threads: 1,
        file_bytes_max: 1000,
        record: Some(bytes(&folder.join("record"))),
    }
}

/// A router's end of a connection to a worker.
async fn accepted(stream: DuplexStream) -> Caller {
    let admit = |_: &_| Ok(Admission { number: 1, challenge: None });
    let policy = AcceptPolicy::new("0.1.0", None);
    accept(stream, &policy, admit).await.expect("a worker says hello").into_caller()
}

/// A worker that takes all texts, and lacks these still.
async fn lack(stream: DuplexStream, lacking: Vec<u32>) {
    let hello = Hello::worker("liar", "0.1.0");
    let joined = join(stream, hello, HANDSHAKE_TIMEOUT, |_| None).await.expect("it is let in");
    let mut incoming = joined.into_incoming();
    while let Some(asked) = incoming.next().await {
        asked.responder.respond(Ok(match asked.request {
            Request::StoreTexts(_) => Response::StoreTexts,
            _ => Response::BuildIndex(IndexBuilt::Lacking(lacking.clone())),
        }));
    }
}
