//! Workers that do not share the router's disk, and routers that they need not trust.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use nova_protocol::message::{
    IndexShard, Location, Request, RequestError, Response, SourceFile, SourceRoot, UpdateFile,
};
use nova_protocol::path;
use nova_rpc::{AcceptPolicy, Admission, CallError, Caller, accept};
use nova_worker::Worker;
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
