//! Every message comes back as it was sent, and nothing that is not a message does harm.

use std::time::Duration;

use bytes::Bytes;
use nova_protocol::{
    Dialogue, SendError,
    body::{self, DecodeError},
    limits::{FRAME_PAYLOAD_BYTES_MIN, LIST_ITEMS_MAX, TEXT_BYTES_MAX},
    message::*,
    shipping::*,
};
use proptest::{collection::vec, option, prelude::*};

proptest! {
    #[test]
    fn every_request_comes_back_as_it_was(
        request in any_request(),
        deadline_ms in option::of(any::<u32>()),
    ) {
        let deadline = deadline_ms.map(|ms| Duration::from_millis(ms.into()));
        let body = body::encode_request(&request, deadline).unwrap();
        prop_assert_eq!(body::decode_request(&body), Ok((request, deadline)));
    }

    #[test]
    fn every_response_comes_back_as_it_was(response in any_response()) {
        let body = body::encode_response(&response).unwrap();
        prop_assert_eq!(body::decode_response(&body), Ok(response));
    }

    #[test]
    fn every_error_and_progress_report_comes_back_as_it_was(
        error in any_error(),
        files in any::<u64>(),
        bytes in any::<u64>(),
    ) {
        prop_assert_eq!(body::decode_error(&body::encode_error(&error)), Ok(error));
        let progress = Progress { files, bytes };
        prop_assert_eq!(body::decode_progress(&body::encode_progress(&progress)), Ok(progress));
    }

    #[test]
    fn arbitrary_bytes_are_a_message_or_an_error(bytes in vec(any::<u8>(), 0..512)) {
        let _ = body::decode_request::<Request>(&bytes);
        let _ = body::decode_response::<Response>(&bytes);
        let _ = body::decode_error(&bytes);
        let _ = body::decode_progress::<Progress>(&bytes);
    }

    #[test]
    fn a_truncated_request_is_an_error(request in any_request(), cut in any::<prop::sample::Index>()) {
        let body = body::encode_request(&request, None).unwrap();
        prop_assert!(body::decode_request::<Request>(&body[..cut.index(body.len())]).is_err());
    }
}

#[test]
fn the_bytes_of_a_request_are_those_of_version_1() {
    let request =
        Request::UnloadFiles(UnloadFiles { session: 7, paths: vec!["/a".into(), "".into()] });
    let body = body::encode_request(&request, Some(Duration::from_millis(300))).unwrap();
    // Some, 300 as a varint, the fourth request, the session, two paths.
    assert_eq!(body[..], [1, 0xac, 0x02, 3, 7, 2, 2, b'/', b'a', 0]);
}

#[test]
fn a_list_beyond_its_bound_is_neither_sent_nor_read() {
    let unload = |files: usize| {
        Request::UnloadFiles(UnloadFiles { session: 0, paths: vec![Bytes::new(); files] })
    };
    let longest = body::encode_request(&unload(LIST_ITEMS_MAX), None).unwrap();
    assert_eq!(body::decode_request::<Request>(&longest).unwrap().0, unload(LIST_ITEMS_MAX));
    let too_long = unload(LIST_ITEMS_MAX + 1);
    assert_eq!(body::encode_request(&too_long, None), Err(SendError::ListTooLong));

    // The bound's own bytes, raised by one: a length of four seven-bit groups.
    let mut bytes = longest.to_vec();
    assert_eq!(bytes[..7], [0, 3, 0, 0x80, 0x80, 0x80, 0x01]);
    bytes[3] = 0x81;
    bytes.push(0);
    assert_eq!(body::decode_request::<Request>(&bytes), Err(DecodeError::Refused));
}

#[test]
fn an_announced_length_takes_no_memory() {
    // UnloadFiles with 2^32 - 1 paths, of which none is there.
    let bytes = [0, 3, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    assert!(matches!(body::decode_request::<Request>(&bytes), Err(DecodeError::Malformed(_))));
}

#[test]
fn what_follows_a_message_is_an_error() {
    let mut bytes = body::encode_request(&Request::GetWorkerStats, None).unwrap().to_vec();
    bytes.extend([0, 0]);
    assert_eq!(body::decode_request::<Request>(&bytes), Err(DecodeError::TrailingBytes(2)));
}

#[test]
fn an_error_always_fits_into_a_frame() {
    let long = "é".repeat(TEXT_BYTES_MAX);
    let body = body::encode_error(&RequestError::Failed(long));
    assert!(body.len() <= FRAME_PAYLOAD_BYTES_MIN as usize);
    let expected = RequestError::Failed("é".repeat(TEXT_BYTES_MAX / 2));
    assert_eq!(body::decode_error(&body), Ok(expected));
}

#[test]
fn a_response_answers_its_own_request_only() {
    let stats = Response::GetWorkerStats(WorkerStats::default());
    assert!(WorkerDialogue::is_answered_by(&Request::GetWorkerStats, &stats));
    assert!(!WorkerDialogue::is_answered_by(&Request::GetWorkerStats, &Response::LoadFiles));
}

fn any_request() -> impl Strategy<Value = Request> {
    prop_oneof![
        any_index_shard().prop_map(Request::IndexShard),
        any_update_file().prop_map(Request::UpdateFile),
        vec(any_open_file(), 0..4).prop_map(|files| Request::LoadFiles(LoadFiles { files })),
        (any::<u64>(), vec(any_bytes(), 0..4))
            .prop_map(|(session, paths)| Request::UnloadFiles(UnloadFiles { session, paths })),
        Just(Request::GetWorkerStats),
        any_build_index().prop_map(Request::BuildIndex),
        vec(any_piece(), 0..4).prop_map(|pieces| Request::StoreTexts(StoreTexts { pieces })),
        any::<(u64, u64)>()
            .prop_map(|(index, offset)| Request::FetchIndex(FetchIndex { index, offset })),
    ]
}

fn any_response() -> impl Strategy<Value = Response> {
    prop_oneof![
        any::<(u64, u64)>().prop_map(|(index_bytes, rescanned_files)| {
            Response::IndexShard(ShardIndexed { index_bytes, rescanned_files })
        }),
        (any::<u64>(), any_bytes())
            .prop_map(|(version, index)| Response::UpdateFile(FileUpdated { version, index })),
        Just(Response::LoadFiles),
        Just(Response::UnloadFiles),
        any_stats().prop_map(Response::GetWorkerStats),
        vec(any::<u32>(), 0..9)
            .prop_map(|lacking| Response::BuildIndex(IndexBuilt::Lacking(lacking))),
        any::<(u64, u64)>().prop_map(|(index, index_bytes)| {
            Response::BuildIndex(IndexBuilt::Built { index, index_bytes })
        }),
        Just(Response::StoreTexts),
        any_packed().prop_map(Response::FetchIndex),
    ]
}

fn any_error() -> impl Strategy<Value = RequestError> {
    prop_oneof![
        Just(RequestError::Cancelled),
        Just(RequestError::DeadlineExceeded),
        ".{0,40}".prop_map(RequestError::Invalid),
        ".{0,40}".prop_map(RequestError::Failed),
    ]
}

fn any_index_shard() -> impl Strategy<Value = IndexShard> {
    let files = (vec(any_file(), 0..3), vec(any_file(), 0..8), vec(any_quarantined_file(), 0..3));
    let scalars = (any::<u32>(), any::<[u8; 16]>(), any::<u16>(), any::<u64>());
    let paths = (any_bytes(), option::of(any_bytes()), option::of(any_bytes()));
    (files, vec(any_root(), 0..3), scalars, paths).prop_map(|(files, roots, scalars, paths)| {
        let (dropped, files, quarantined) = files;
        let (shard, identity, threads, file_bytes_max) = scalars;
        let (output, base, record) = paths;
        IndexShard {
            shard,
            identity,
            output,
            base,
            dropped,
            roots,
            files,
            quarantined,
            threads,
            file_bytes_max,
            record,
        }
    })
}

fn any_build_index() -> impl Strategy<Value = BuildIndex> {
    let file = (any_file(), any_stamp(), any::<[u8; 32]>())
        .prop_map(|(file, stamp, content_hash)| ManifestFile { file, stamp, content_hash });
    let scalars = any::<(u32, [u8; 16], i64)>();
    (scalars, vec(any_bytes(), 0..3), vec(file, 0..8)).prop_map(|(scalars, roots, files)| {
        let (shard, identity, read_at_ns) = scalars;
        BuildIndex { shard, identity, read_at_ns, roots, files }
    })
}

fn any_piece() -> impl Strategy<Value = TextPiece> {
    (any::<[u8; 32]>(), any::<(u64, u64)>(), any_packed()).prop_map(
        |(content_hash, (text_bytes, offset), piece)| TextPiece {
            content_hash,
            text_bytes,
            offset,
            piece,
        },
    )
}

fn any_packed() -> impl Strategy<Value = Packed> {
    (any::<u32>(), any_bytes()).prop_map(|(unpacked_bytes, block)| Packed { unpacked_bytes, block })
}

fn any_stamp() -> impl Strategy<Value = FileStamp> {
    any::<(u64, i64, i64, u64)>().prop_map(|(size, mtime_ns, ctime_ns, inode)| FileStamp {
        size,
        mtime_ns,
        ctime_ns,
        inode,
    })
}

fn any_quarantined_file() -> impl Strategy<Value = QuarantinedFile> {
    (any_file(), any_stamp(), any::<[u8; 32]>(), ".{0,40}").prop_map(
        |(file, stamp, content_hash, note)| QuarantinedFile { file, stamp, content_hash, note },
    )
}

fn any_update_file() -> impl Strategy<Value = UpdateFile> {
    let scalars = (any::<u32>(), any::<[u8; 16]>(), any::<[u64; 3]>());
    let text = (option::of(any_bytes()), option::of(any_stamp()));
    (scalars, any_root(), any_bytes(), text).prop_map(|(scalars, root, path, (text, stamp))| {
        let (shard, identity, [session, version, file_bytes_max]) = scalars;
        UpdateFile { session, shard, identity, root, path, version, text, stamp, file_bytes_max }
    })
}

fn any_stats() -> impl Strategy<Value = WorkerStats> {
    any::<[u64; 11]>().prop_map(|n| WorkerStats {
        pid: n[0] as u32,
        uptime_ms: n[1],
        resident_bytes: n[2],
        resident_bytes_peak: n[3],
        shards_indexed: n[4],
        files_scanned: n[5],
        bytes_scanned: n[6],
        requests_in_flight: n[7] as u32,
        open_files: n[8] as u32,
        cores: n[9] as u32,
        memory_bytes: n[10],
    })
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn any_root() -> impl Strategy<Value = SourceRoot> {
    let location = prop_oneof![
        any_bytes().prop_map(Location::Folder),
        (any_bytes(), any_bytes()).prop_map(|(path, prefix)| Location::Archive { path, prefix }),
    ];
    (any_bytes(), location).prop_map(|(identity, location)| SourceRoot { identity, location })
}

fn any_file() -> impl Strategy<Value = SourceFile> {
    (any::<u32>(), any_bytes()).prop_map(|(root, path)| SourceFile { root, path })
}

fn any_open_file() -> impl Strategy<Value = OpenFile> {
    (any::<[u64; 2]>(), any_bytes(), any_bytes())
        .prop_map(|([session, version], path, text)| OpenFile { session, path, version, text })
}
