//! What a worker elsewhere is asked: a whole one in this process does what frames with requests say, one after the
//! other.

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nova_index::{ContentHash, Shard, ShardIdentity};
use nova_protocol::body;
use nova_protocol::frame::{Frame, FrameDecoder, Kind};
use nova_protocol::limits::FRAME_PAYLOAD_BYTES_MAX;
use nova_protocol::message::{FileStamp, Request, Response, SourceFile};
use nova_protocol::shipping::{
    BuildIndex, FetchIndex, IndexBuilt, ManifestFile, Packed, StoreTexts, TextPiece,
};
use nova_rpc::{AcceptPolicy, Admission, CallError, Caller, accept};
use nova_worker::Worker;
use nova_worker::shipping::store::{STORE_BYTES_MIN, TextStore};
use tokio::runtime::Runtime;

use crate::java::TEXTS;
use crate::mutation::mutate;
use crate::runner::{Memory, Target};
use crate::trace::Trace;

pub(crate) const TARGET: Target = Target {
    name: "shipping",
    seeds,
    mutate,
    run,
    // Beside the connection's buffers a piece that is fetched, unpacked; the worker's threads are not counted.
    memory: Memory { per_byte: 256, beside: 4 << 20 },
};

thread_local! {
    static RUNTIME: LazyCell<Runtime> = const { LazyCell::new(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime takes a few descriptors")
    }) };
}

fn run(input: &[u8], trace: &mut Trace) {
    RUNTIME.with(|runtime| runtime.block_on(converse(input, trace)));
}

async fn converse(input: &[u8], trace: &mut Trace) {
    let requests = requests(input);
    if requests.is_empty() {
        return;
    }
    let folder = tempfile::tempdir().expect("there is room for texts");
    let store = TextStore::open(folder.path(), STORE_BYTES_MIN).expect("the folder is new");
    let worker = Worker { texts: Some(Arc::new(store)), ..Worker::default() };
    let (router, stream) = tokio::io::duplex(64 << 10);
    let worker = tokio::spawn(worker.serve(stream));
    let policy = AcceptPolicy::new("0.1.0", None);
    let admit = |_: &_| Ok(Admission { number: 1, challenge: None });
    let accepted = accept(router, &policy, admit).await.expect("nobody else is there");
    let caller = accepted.into_caller();
    for request in requests {
        let answer = caller.call(&request, None).await;
        trace.note_kind(&request);
        trace.note_kind(&answer);
        match (request, answer) {
            (Request::BuildIndex(manifest), Ok(Response::BuildIndex(built))) => {
                check_built(&caller, &manifest, built, trace).await;
            }
            (_, Ok(_)) => {}
            (request, Err(CallError::Request(error))) => {
                let error = error.to_string();
                trace.note_count(error.len());
                assert!(!error.contains("bug"), "{request:?} broke the worker: {error}");
            }
            (request, Err(error)) => panic!("{request:?} ended the connection: {error}"),
        }
    }
    caller.connection().close();
    worker.await.expect("the worker does not panic").expect("it was let in");
}

/// The requests in a stream of frames, as far as it goes; only those about what is shipped.
fn requests(input: &[u8]) -> Vec<Request> {
    let mut decoder = FrameDecoder::new(FRAME_PAYLOAD_BYTES_MAX);
    decoder.buffer().extend_from_slice(input);
    let frames = std::iter::from_fn(|| decoder.next_frame().ok().flatten());
    let request = |frame: Frame| Some(body::decode_request(&frame.payload).ok()?.0);
    let is_shipping = |request: &Request| {
        matches!(request, Request::BuildIndex(_) | Request::StoreTexts(_) | Request::FetchIndex(_))
    };
    frames.filter_map(request).filter(is_shipping).collect()
}

/// What a worker lacks is of the manifest; what it builds is a shard of the manifest's files.
async fn check_built(caller: &Caller, manifest: &BuildIndex, built: IndexBuilt, trace: &mut Trace) {
    let (index, index_bytes) = match built {
        IndexBuilt::Lacking(lacking) => {
            trace.note_count(lacking.len());
            assert!(lacking.is_sorted_by(|a, b| a < b), "a text is lacking twice");
            let files = manifest.files.len();
            assert!(lacking.iter().all(|&at| (at as usize) < files), "another file's is lacking");
            return;
        }
        IndexBuilt::Built { index, index_bytes } => (index, index_bytes),
    };
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < index_bytes {
        let fetch = FetchIndex { index, offset: bytes.len() as u64 };
        let fetched = caller.call(&Request::FetchIndex(fetch), None).await;
        let Ok(Response::FetchIndex(Packed { unpacked_bytes, block })) = fetched else {
            panic!("a piece of the index is not there: {fetched:?}");
        };
        let piece = lz4_flex::block::decompress(&block, unpacked_bytes as usize);
        bytes.extend(piece.expect("a worker packs soundly"));
    }
    let identity = ShardIdentity(manifest.identity);
    let shard = Shard::from_bytes(bytes.into(), &identity).expect("a worker's index is sound");
    assert_eq!(shard.file_count() as usize, manifest.files.len(), "it is of other files");
    for given in &manifest.files {
        let root = &manifest.roots[given.file.root as usize];
        let file = shard.find_file(root, &given.file.path).expect("each file is in the index");
        assert_eq!(file.content_hash().0, given.content_hash);
    }
    trace.note_count(shard.symbol_count() as usize);
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let files = (0..).zip(TEXTS).map(|(root, (path, text))| {
        let size = text.len() as u64;
        ManifestFile {
            file: SourceFile { root: root % 2, path: path.into() },
            stamp: FileStamp { size, mtime_ns: 1, ctime_ns: 2, inode: 3 },
            content_hash: ContentHash::of(text.as_bytes()).0,
        }
    });
    let build = Request::BuildIndex(BuildIndex {
        shard: 7,
        identity: [1; 16],
        read_at_ns: 1_000,
        roots: vec!["src".into(), "lib".into()],
        files: files.collect(),
    });
    let pieces: Vec<TextPiece> = TEXTS.iter().flat_map(|(_, text)| pieces(text)).collect();
    let whole = Request::StoreTexts(StoreTexts { pieces: pieces.clone() });
    let (some, rest) = pieces.split_at(3);
    let some = Request::StoreTexts(StoreTexts { pieces: some.to_vec() });
    let rest = Request::StoreTexts(StoreTexts { pieces: rest.to_vec() });
    let fetch = Request::FetchIndex(FetchIndex { index: 0, offset: 100 });
    vec![
        ("whole", conversation(&[&build, &whole, &build, &fetch])),
        ("in-parts", conversation(&[&some, &build, &rest, &build, &build])),
        ("lacking", conversation(&[&some, &build, &fetch])),
    ]
}

/// A text in pieces that are shorter than they need to be.
fn pieces(text: &str) -> impl Iterator<Item = TextPiece> {
    let content_hash = ContentHash::of(text.as_bytes()).0;
    let text_bytes = text.len() as u64;
    (0..).step_by(200).zip(text.as_bytes().chunks(200)).map(move |(offset, piece)| {
        let block = Bytes::from(lz4_flex::block::compress(piece));
        let piece = Packed { unpacked_bytes: piece.len() as u32, block };
        TextPiece { content_hash, text_bytes, offset, piece }
    })
}

fn conversation(requests: &[&Request]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    for (id, request) in (1..).zip(requests) {
        let deadline = Some(Duration::from_secs(1));
        let payload = body::encode_request(request, deadline).expect("it has short lists");
        Frame { kind: Kind::Request, end: true, id, payload }.encode(&mut bytes);
    }
    bytes.to_vec()
}
