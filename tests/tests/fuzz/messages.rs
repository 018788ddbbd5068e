//! The bodies of all messages, each read as whatever it could be meant as.

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use nova_protocol::body::{self, DecodeError};
use nova_protocol::inspection::*;
use nova_protocol::limits::TEXT_BYTES_MAX;
use nova_protocol::message::*;
use nova_protocol::place::{TextPosition, TextRange};
use nova_protocol::shipping::*;
use nova_protocol::{SendError, frontend};

use crate::mutation::mutate;
use crate::runner::{Memory, Target};
use crate::trace::Trace;

pub(crate) const TARGET: Target = Target {
    name: "messages",
    seeds,
    mutate,
    run,
    // A byte can be an item of a list of paths, which takes 32, and three times that while the list grows.
    memory: Memory { per_byte: 128, beside: 16 << 10 },
};

fn run(input: &[u8], trace: &mut Trace) {
    let encode_asked =
        |(request, deadline): &(Request, _)| body::encode_request(request, *deadline);
    check(input, body::decode_request, encode_asked, trace);
    check(input, body::decode_response::<Response>, body::encode_response, trace);
    check(input, body::decode_progress::<Progress>, progress, trace);
    let encode_asked =
        |(request, deadline): &(frontend::Request, _)| body::encode_request(request, *deadline);
    check(input, body::decode_request, encode_asked, trace);
    check(input, body::decode_response::<frontend::Response>, body::encode_response, trace);
    check(input, body::decode_progress::<frontend::Progress>, progress, trace);
    // A longer text than may be sent can be read; it is cut when it is sent on.
    if input.len() <= TEXT_BYTES_MAX {
        check(input, body::decode_error, |error| Ok(body::encode_error(error)), trace);
    }
}

fn progress<P: serde::Serialize>(progress: &P) -> Result<Bytes, SendError> {
    Ok(body::encode_progress(progress))
}

/// What can be read is written as something that is read as the same, and is not longer: one value has one
/// shortest encoding.
fn check<T: PartialEq + Debug>(
    input: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    encode: impl Fn(&T) -> Result<Bytes, SendError>,
    trace: &mut Trace,
) {
    match decode(input) {
        Ok(message) => {
            let encoded = encode(&message).expect("what is within the bounds can be written");
            trace.note(encoded.first());
            trace.note_count(encoded.len());
            assert!(encoded.len() <= input.len(), "{message:?} has become longer");
            assert_eq!(decode(&encoded), Ok(message), "it comes back as another");
        }
        Err(DecodeError::Malformed(error)) => trace.note_kind(&error),
        Err(error) => trace.note_kind(&error),
    }
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = asked();
    seeds.extend(answered());
    seeds.extend(frontend_messages());
    seeds
}

fn asked() -> Vec<(&'static str, Vec<u8>)> {
    let file = || SourceFile { root: 0, path: "p/A.java".into() };
    let location = Location::Archive { path: "/lib/src.zip".into(), prefix: "m/".into() };
    let roots = vec![
        SourceRoot { identity: "src".into(), location: Location::Folder("/src".into()) },
        SourceRoot { identity: "lib".into(), location },
    ];
    let root = roots[0].clone();
    let stamp = FileStamp { size: 10, mtime_ns: -1, ctime_ns: 2, inode: 3 };
    let quarantined =
        QuarantinedFile { file: file(), stamp, content_hash: [9; 32], note: "it hangs".into() };
    let index_shard = IndexShard {
        shard: 7,
        identity: [1; 16],
        output: "/cache/shard_7.tmp".into(),
        base: Some("/cache/shard_7.bin".into()),
        dropped: vec![file()],
        roots,
        files: vec![file(), SourceFile { root: 1, path: "q/B.java".into() }],
        quarantined: vec![quarantined],
        threads: 2,
        file_bytes_max: 16 << 20,
        record: Some("/cache/record".into()),
    };
    let update_file = UpdateFile {
        shard: 7,
        identity: [1; 16],
        root,
        path: "p/A.java".into(),
        session: 3,
        version: 4,
        text: Some("class A {}".into()),
        stamp: Some(stamp),
        file_bytes_max: 16 << 20,
    };
    let inspect_file = InspectFile {
        shard: 7,
        root: update_file.root.clone(),
        path: "p/A.java".into(),
        text: None,
        file_bytes_max: 16 << 20,
        inspection: Inspection::Around(vec![TextPosition { line: 3, character: 7 }]),
    };
    let open = OpenFile {
        session: 3,
        path: "/src/p/A.java".into(),
        version: 4,
        text: "class A {}".into(),
    };
    let manifest = BuildIndex {
        shard: 7,
        identity: [1; 16],
        read_at_ns: 1_000,
        roots: vec!["src".into()],
        files: vec![ManifestFile { file: file(), stamp, content_hash: [9; 32] }],
    };
    let piece = Packed { unpacked_bytes: 3, block: Bytes::from_static(&[0x30, b'a', b'b', b'c']) };
    let piece = TextPiece { content_hash: [9; 32], text_bytes: 3, offset: 0, piece };
    let requests = [
        ("index-shard", Request::IndexShard(index_shard)),
        ("update-file", Request::UpdateFile(update_file)),
        ("load-files", Request::LoadFiles(LoadFiles { files: vec![open] })),
        (
            "unload-files",
            Request::UnloadFiles(UnloadFiles { session: 7, paths: vec!["/a".into(), "".into()] }),
        ),
        ("get-worker-stats", Request::GetWorkerStats),
        ("build-index", Request::BuildIndex(manifest)),
        ("store-texts", Request::StoreTexts(StoreTexts { pieces: vec![piece.clone(), piece] })),
        ("fetch-index", Request::FetchIndex(FetchIndex { index: 3, offset: 256 << 10 })),
        ("inspect-file", Request::InspectFile(inspect_file)),
    ];
    let deadline = Some(Duration::from_millis(300));
    let body = |request| body::encode_request(&request, deadline).expect("it has short lists");
    requests.into_iter().map(|(name, request)| (name, body(request).to_vec())).collect()
}

fn outlined() -> Outlined {
    let range = TextRange { start: TextPosition { line: 3, character: 7 }, ..Default::default() };
    Outlined {
        name: "A".into(),
        kind: 2,
        signature: "A<T>".into(),
        modifiers: 1,
        parent: Some(0),
        local: false,
        name_range: range,
        range,
    }
}

fn answered() -> Vec<(&'static str, Vec<u8>)> {
    let name = NameInText {
        name: "A".into(),
        qualifier: vec!["p".into()],
        role: NameRole::Call,
        arguments: Some(2),
        package: "p".into(),
        imports: vec![Import { path: "q.B".into(), kind: ImportKind::Static }],
        enclosing: vec![EnclosingType {
            name: "C".into(),
            kind: 2,
            superclass: Some("D".into()),
            interfaces: vec!["E".into()],
        }],
        declares: Some(outlined()),
        ..NameInText::default()
    };
    let around = Surroundings { ranges: vec![TextRange::default()] };
    let fold = Fold { range: TextRange::default(), kind: FoldKind::Body };
    let responses = [
        (
            "shard-indexed",
            Response::IndexShard(ShardIndexed { index_bytes: 1000, rescanned_files: 2 }),
        ),
        ("file-updated", Response::UpdateFile(FileUpdated { version: 4, index: "index".into() })),
        (
            "worker-stats",
            Response::GetWorkerStats(WorkerStats {
                pid: 1,
                cores: 2,
                memory_bytes: 300,
                ..Default::default()
            }),
        ),
        ("lacking", Response::BuildIndex(IndexBuilt::Lacking(vec![0, 300]))),
        ("built", Response::BuildIndex(IndexBuilt::Built { index: 3, index_bytes: 1000 })),
        ("texts-stored", Response::StoreTexts),
        (
            "index-piece",
            Response::FetchIndex(Packed {
                unpacked_bytes: 1,
                block: Bytes::from_static(&[16, 97]),
            }),
        ),
        ("outline", Response::InspectFile(Inspected::Outline(vec![outlined()]))),
        ("name", Response::InspectFile(Inspected::Name(Some(Box::new(name))))),
        ("around", Response::InspectFile(Inspected::Around(vec![around]))),
        ("folds", Response::InspectFile(Inspected::Folds(vec![fold]))),
    ];
    let body = |response| body::encode_response(&response).expect("it has short lists");
    let mut seeds: Vec<_> =
        responses.into_iter().map(|(name, response)| (name, body(response).to_vec())).collect();
    let failed = RequestError::Failed("no space left on the device".into());
    seeds.push(("failed", body::encode_error(&failed).to_vec()));
    seeds.push(("progress", body::encode_progress(&Progress { files: 1, bytes: 300 }).to_vec()));
    seeds
}

fn frontend_messages() -> Vec<(&'static str, Vec<u8>)> {
    use frontend::*;
    let root = Root { path: "/src".into(), is_archive: false };
    let open_session = OpenSession {
        roots: vec![root],
        heed_ignore_files: true,
        included: vec!["target/gen".into()],
        file_bytes_max: 16 << 20,
        shard_bytes_max: 64 << 20,
    };
    let search = Search {
        text: "HM".into(),
        kinds: vec![2],
        unfiltered: false,
        limit: 50,
        near: Some("/a".into()),
        verify_timeout_ms: 2000,
    };
    let range = [0, 4].map(|character| TextPosition { line: 1, character });
    let change = TextChange { range: Some(range), text: "é".into() };
    let change_document =
        ChangeDocument { path: "/src/A.java".into(), version: -1, changes: vec![change] };
    let requests = [
        ("frontend-open-session", Request::OpenSession(open_session)),
        ("frontend-search", Request::Search(search)),
        ("frontend-change-document", Request::ChangeDocument(change_document)),
    ];
    let symbol = Symbol {
        name: "A".into(),
        kind: 2,
        container: String::new(),
        package: "p".into(),
        file: "/src/p/A.java".into(),
        line: 3,
        character: 7,
        signature: "A<T>".into(),
        modifiers: 1,
        local: false,
    };
    let answer = Answer {
        hits: vec![Hit { symbol: symbol.clone(), score: 9 }],
        total: 1,
        total_is_exact: true,
        cut: false,
        revision: 4,
        ready_shards: 2,
        shards: 2,
        pending: 0,
    };
    let skipped = Skipped { path: "/src/B.java".into(), reason: "not UTF-8".into() };
    let report = IndexReport {
        worker_stats: vec![WorkerStatus {
            name: "w1".into(),
            shards: vec![7],
            ..Default::default()
        }],
        skipped: vec![skipped.clone()],
        failed: vec![FailedShard { shard: 7, reason: "no worker".into() }],
        ..Default::default()
    };
    let contents = Contents { notes: vec![skipped], digest: u128::MAX, ..Default::default() };
    let status = RouterStatus {
        product_version: "0.1.0".into(),
        watching: Watching::Polling("no room".into()),
        workers: vec![WorkerStatus { name: "w1".into(), shards: vec![7], ..Default::default() }],
        ..Default::default()
    };
    let verdict = Verdict::Missing { elsewhere: vec!["/src/q/A.java".into()] };
    let explanation = PathExplanation { path: "/src/A.java".into(), verdict };
    let responses = [
        ("frontend-hits", Response::Search(answer)),
        ("frontend-report", Response::CatchUp(report)),
        ("frontend-contents", Response::Count(contents)),
        ("frontend-status", Response::Status(status)),
        ("frontend-explanation", Response::ExplainPath(explanation)),
        ("frontend-export", Response::Export(ExportPart { symbols: vec![symbol], is_last: true })),
    ];
    let asked = |request| body::encode_request(&request, None).expect("it has short lists");
    let answered = |response| body::encode_response(&response).expect("it has short lists");
    let requests = requests.into_iter().map(|(name, request)| (name, asked(request).to_vec()));
    let responses =
        responses.into_iter().map(|(name, response)| (name, answered(response).to_vec()));
    requests.chain(responses).collect()
}
