//! The examples of `docs/protocol.md`: their very bytes are read as what the page says that they are, and written so.

use std::fmt::Debug;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nova_protocol::{
    Token, body,
    frame::{Frame, FrameDecoder, HEADER_BYTES, Kind},
    frontend,
    handshake::{self, Capabilities, HandshakeFrame, Header, Hello, ProtocolVersion, VersionRange},
    limits::FRAME_PAYLOAD_BYTES_MAX,
    message::*,
    shipping::*,
};

#[test]
fn the_examples_of_the_document_are_what_it_says() {
    let mut examples = examples(include_str!("../../../docs/protocol.md")).into_iter();
    let mut next = || examples.next().expect("the page has as many examples as this test");

    check_hello(&next());
    check_frame(&next());
    let deadline = Some(Duration::from_millis(300));
    let unload = UnloadFiles { session: 7, paths: vec!["/a".into(), "".into()] };
    check_request(&next(), Request::UnloadFiles(unload), deadline);

    let stats = WorkerStats { pid: 1, cores: 2, memory_bytes: 300, ..WorkerStats::default() };
    check_response(&next(), Response::GetWorkerStats(stats));
    check_request(&next(), Request::BuildIndex(manifest()), None);
    let lacking = IndexBuilt::Lacking(vec![0]);
    check_response(&next(), Response::BuildIndex(lacking));
    check_request(&next(), Request::StoreTexts(StoreTexts { pieces: vec![piece()] }), None);
    check_response(&next(), Response::StoreTexts);
    let built = IndexBuilt::Built { index: 3, index_bytes: 1000 };
    check_response(&next(), Response::BuildIndex(built));
    let fetch = FetchIndex { index: 3, offset: PIECE_BYTES_MAX as u64 };
    check_request(&next(), Request::FetchIndex(fetch), None);
    let fetched = Packed { unpacked_bytes: 3, block: Bytes::from_static(b"\x30abc") };
    check_response(&next(), Response::FetchIndex(fetched));

    let search = frontend::Search {
        text: "HM".into(),
        kinds: vec![2],
        unfiltered: false,
        limit: 50,
        near: Some("/a".into()),
        verify_timeout_ms: 2000,
    };
    check_request(&next(), frontend::Request::Search(search), deadline);
    assert_eq!(examples.next(), None, "the page has an example that is not tested");
}

fn manifest() -> BuildIndex {
    let file = ManifestFile {
        file: SourceFile { root: 0, path: "A.java".into() },
        stamp: FileStamp { size: 10, mtime_ns: -1, ctime_ns: 2, inode: 3 },
        content_hash: [0x22; 32],
    };
    BuildIndex {
        shard: 7,
        identity: [0x11; 16],
        read_at_ns: 1000,
        roots: vec!["src".into()],
        files: vec![file],
    }
}

fn piece() -> TextPiece {
    let block = Bytes::from_static(b"\xa0class A {}");
    let piece = Packed { unpacked_bytes: 10, block };
    TextPiece { content_hash: [0x22; 32], text_bytes: 10, offset: 0, piece }
}

#[track_caller]
fn check_hello(bytes: &[u8]) {
    let mut hello = Hello::worker("w1", "0.1.0");
    hello.versions = VersionRange { min: ProtocolVersion(1), max: ProtocolVersion(2) };
    hello.capabilities = Capabilities(0x0102_0304_0506_0708);
    hello.token = Token::new("key").ok();
    hello.shards = Some(vec![3, 256]);
    let hello = HandshakeFrame::Hello(hello);
    assert_eq!(hello.encode().expect("it is within the bounds"), bytes);
    let (header, body) = bytes.split_at(handshake::HEADER_BYTES);
    let header = Header::decode(header.try_into().expect("it has the length of a header"));
    assert_eq!(HandshakeFrame::decode(header.expect("it is one"), body), Ok(hello));
}

#[track_caller]
fn check_frame(bytes: &[u8]) {
    let frame = Frame { kind: Kind::Request, end: true, id: 258, payload: "abc".into() };
    let mut encoded = BytesMut::with_capacity(HEADER_BYTES);
    frame.encode(&mut encoded);
    assert_eq!(encoded, bytes);
    let mut decoder = FrameDecoder::new(FRAME_PAYLOAD_BYTES_MAX);
    decoder.buffer().extend_from_slice(bytes);
    assert_eq!(decoder.next_frame(), Ok(Some(frame)));
}

#[track_caller]
fn check_request<R>(bytes: &[u8], request: R, deadline: Option<Duration>)
where
    R: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(body::encode_request(&request, deadline).expect("it has short lists"), bytes);
    assert_eq!(body::decode_request(bytes), Ok((request, deadline)));
}

#[track_caller]
fn check_response(bytes: &[u8], response: Response) {
    assert_eq!(body::encode_response(&response).expect("it has short lists"), bytes);
    assert_eq!(body::decode_response(bytes), Ok(response));
}

/// The bytes of each block of a page that has nothing but hexadecimal digits, and comments from a semicolon on.
fn examples(page: &str) -> Vec<Vec<u8>> {
    page.split("```").skip(1).step_by(2).filter_map(bytes_of).collect()
}

fn bytes_of(block: &str) -> Option<Vec<u8>> {
    let code = block.lines().map(|line| line.split(';').next().unwrap_or_default());
    let digits: String = code.flat_map(str::split_whitespace).collect();
    let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}
