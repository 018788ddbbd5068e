//! The messages between a frontend and its router: their bytes, and that they come back as they were.

use std::time::Duration;

use bytes::Bytes;
use nova_protocol::{
    Dialogue,
    body::{self, DecodeError},
    frontend::*,
    handshake::{HEADER_BYTES, HandshakeFrame, Header, Hello, Role},
};
use proptest::{collection::vec, option, prelude::*};

/// Where the role is in a hello.
const ROLE_AT: usize = HEADER_BYTES + 36;

#[test]
fn each_role_has_its_number() {
    let roles = [Role::Worker, Role::Frontend, Role::Stop, Role::Unknown(4)];
    for (number, role) in (1..).zip(roles) {
        let hello = HandshakeFrame::Hello(Hello::of(role, "f1", "0.1.0"));
        let bytes = hello.encode().unwrap();
        assert_eq!(bytes[ROLE_AT], number, "{role}");
        let header = Header::decode(*bytes.first_chunk().unwrap()).unwrap();
        assert_eq!(HandshakeFrame::decode(header, &bytes[HEADER_BYTES..]), Ok(hello));
    }
}

#[test]
fn the_bytes_of_a_search_are_those_of_version_1() {
    let request = Request::Search(search());
    let body = body::encode_request(&request, Some(Duration::from_millis(300))).unwrap();
    let expected = [
        &[1, 0xac, 0x02, 3][..], // some, 300 as a varint, the fourth request
        &[2, b'H', b'M', 1, 2, 0],
        &[50, 1, 2, b'/', b'a', 0xd0, 0x0f],
    ];
    assert_eq!(body[..], expected.concat());
}

#[test]
fn the_bytes_of_an_answer_are_those_of_version_1() {
    let body = body::encode_response(&Response::Search(answer(vec![hit()]))).unwrap();
    let expected = [
        &[3, 1][..], // the fourth response, one hit
        &[1, b'A', 2, 0, 1, b'p', 2, b'/', b'A', 3, 7, 1, b'A', 1, 0],
        &[9],                   // its score
        &[1, 1, 0, 4, 2, 2, 0], // total, exact, not cut, revision, shards, pending
    ];
    assert_eq!(body[..], expected.concat());
}

#[test]
fn each_request_has_its_number() {
    let open = OpenSession {
        roots: Vec::new(),
        heed_ignore_files: true,
        included: vec!["target/gen".into()],
        file_bytes_max: 1,
        shard_bytes_max: 1,
    };
    let requests = [
        Request::OpenSession(open),
        Request::CatchUp(CatchUp { look: Look::AtChanges }),
        Request::Count,
        Request::Search(search()),
        Request::ExplainPath(Bytes::new()),
        Request::Export(Export { begin: true }),
        Request::Status,
    ];
    for (number, request) in (0..).zip(requests) {
        assert_eq!(body::encode_request(&request, None).unwrap()[1], number, "{request:?}");
    }
}

#[test]
fn a_response_answers_its_own_request_only() {
    let status = Response::Status(RouterStatus::default());
    assert!(FrontendDialogue::is_answered_by(&Request::Status, &status));
    assert!(!FrontendDialogue::is_answered_by(&Request::Count, &status));
}

#[test]
fn an_announced_length_takes_no_memory() {
    // A part of an export with 2^32 - 1 symbols, of which none is there.
    let bytes = [5, 0xff, 0xff, 0xff, 0xff, 0x0f];
    let decoded = body::decode_response::<Response>(&bytes);
    assert!(matches!(decoded, Err(DecodeError::Malformed(_))), "{decoded:?}");
}

proptest! {
    #[test]
    fn every_answer_comes_back_as_it_was(hits in vec(any_hit(), 0..8)) {
        let response = Response::Search(answer(hits));
        let body = body::encode_response(&response).unwrap();
        prop_assert_eq!(body::decode_response(&body), Ok(response));
    }

    #[test]
    fn every_verdict_comes_back_as_it_was(verdict in any_verdict(), path in any_bytes()) {
        let response = Response::ExplainPath(PathExplanation { path, verdict });
        let body = body::encode_response(&response).unwrap();
        prop_assert_eq!(body::decode_response(&body), Ok(response));
    }

    #[test]
    fn arbitrary_bytes_are_a_message_or_an_error(bytes in vec(any::<u8>(), 0..512)) {
        let _ = body::decode_request::<Request>(&bytes);
        let _ = body::decode_response::<Response>(&bytes);
        let _ = body::decode_progress::<Progress>(&bytes);
    }
}

fn search() -> Search {
    Search {
        text: "HM".into(),
        kinds: vec![2],
        unfiltered: false,
        limit: 50,
        near: Some("/a".into()),
        verify_timeout_ms: 2000,
    }
}

fn answer(hits: Vec<Hit>) -> Answer {
    Answer {
        hits,
        total: 1,
        total_is_exact: true,
        cut: false,
        revision: 4,
        ready_shards: 2,
        shards: 2,
        pending: 0,
    }
}

fn hit() -> Hit {
    let symbol = Symbol {
        name: "A".into(),
        kind: 2,
        container: String::new(),
        package: "p".into(),
        file: "/A".into(),
        line: 3,
        character: 7,
        signature: "A".into(),
        modifiers: 1,
        local: false,
    };
    Hit { symbol, score: 9 }
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn any_hit() -> impl Strategy<Value = Hit> {
    let texts = (".{0,9}", ".{0,9}", ".{0,9}", ".{0,9}");
    let numbers = (any::<u8>(), any::<u32>(), any::<u32>(), any::<u64>(), any::<u32>());
    (texts, numbers, any_bytes(), any::<bool>()).prop_map(
        |((name, container, package, signature), numbers, file, local)| {
            let (kind, line, character, modifiers, score) = numbers;
            let symbol = Symbol {
                name,
                kind,
                container,
                package,
                file,
                line,
                character,
                signature,
                modifiers,
                local,
            };
            Hit { symbol, score }
        },
    )
}

fn any_skipped() -> impl Strategy<Value = Skipped> {
    (any_bytes(), ".{0,9}").prop_map(|(path, reason)| Skipped { path, reason })
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    let folder = (any::<u64>(), any::<u64>(), vec(any_skipped(), 0..3), option::of(any_bytes()));
    let ignored = (any_bytes(), ".{0,9}", any_bytes(), option::of(any::<u64>()));
    prop_oneof![
        folder.prop_map(|(files, symbols, skipped, example)| {
            Verdict::Folder(FolderContents { files, symbols, skipped, example })
        }),
        any_skipped().prop_map(Verdict::Skipped),
        any_bytes().prop_map(|path| Verdict::Hidden { path }),
        ignored.prop_map(|(path, glob, file, line)| Verdict::Ignored { path, glob, file, line }),
        (any_bytes(), option::of(any_bytes()))
            .prop_map(|(link, target)| Verdict::Link { link, target }),
        Just(Verdict::NotAFile),
        Just(Verdict::NotJava),
        vec(any_bytes(), 0..5).prop_map(|elsewhere| Verdict::Missing { elsewhere }),
        Just(Verdict::OutsideRoots),
        any_bytes().prop_map(|archive| Verdict::ArchiveNotRoot { archive }),
        Just(Verdict::NotSeenYet),
    ]
}
