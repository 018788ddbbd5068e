//! Endpoints as text, and real sockets.

use std::{ffi::OsString, path::PathBuf};

use nova_protocol::message::Response;
use nova_rpc::{Endpoint, EndpointError, Listener, accept, connect, join};
use tempfile::TempDir;

use crate::support::{HANDSHAKE_TIMEOUT, admit, hello, policy, sized};

#[test]
fn endpoints_read_as_they_are_written() {
    for text in [
        "unix:/run/nova.sock",
        "unix:with:colon",
        "pipe:nova-1",
        "tcp:localhost:0",
        "tcp+tls:big.example.org:7700",
        "tcp+tls:[::1]:7700",
    ] {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!(endpoint.to_string(), text);
        assert_eq!(Endpoint::try_from(&*endpoint.to_os_string()).unwrap(), endpoint);
    }
    assert_eq!("unix:/a".parse::<Endpoint>().unwrap(), Endpoint::Unix("/a".into()));
}

#[test]
fn what_is_no_endpoint_says_what_one_looks_like() {
    let check = |text: &str, expected: &str| {
        assert_eq!(text.parse::<Endpoint>().unwrap_err().to_string(), expected);
    };
    for text in [
        "",
        "/run/nova.sock",
        "unix:",
        ":x",
        "C:\\nova",
        "unix:/a\0b",
        "tcp:7700",
        "tcp::7700",
        "tcp:::1:7700",
        "tcp+tls:host:70000",
        "udp:host:7700",
    ] {
        check(
            text,
            &format!(
                "expected an endpoint like unix:/run/user/1000/nova.sock, \
                 tcp+tls:big.example.org:7700, tcp:localhost:7700 or pipe:nova, found `{text}`"
            ),
        );
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_survives_the_command_line() {
    use std::os::unix::ffi::OsStringExt;
    let endpoint = Endpoint::Unix(PathBuf::from(OsString::from_vec(b"/tmp/\xff.sock".to_vec())));
    assert_eq!(Endpoint::try_from(&*endpoint.to_os_string()).unwrap(), endpoint);
}

#[cfg(unix)]
#[tokio::test]
async fn a_conversation_over_a_real_socket() {
    let folder = TempDir::new().unwrap();
    let endpoint = Endpoint::Unix(folder.path().join("nova.sock"));
    let listener = Listener::bind(&endpoint).unwrap();
    assert_eq!(mode(&endpoint), 0o600);

    let policy = policy();
    let (caller, mut incoming) = tokio::join!(
        async {
            let (stream, _) = listener.accept().await.unwrap().open().await.unwrap();
            accept(stream, &policy, admit).await.unwrap().into_caller()
        },
        async {
            let stream = connect(&endpoint).await.unwrap();
            join(stream, hello(), HANDSHAKE_TIMEOUT, |_| None).await.unwrap().into_incoming()
        },
    );
    let request = sized(1 << 20);
    let (answer, ()) = tokio::join!(caller.call(&request, None), async {
        let incoming = incoming.next().await.unwrap();
        assert_eq!(incoming.request, request);
        incoming.responder.respond(Ok(Response::UnloadFiles));
    });
    assert_eq!(answer.unwrap(), Response::UnloadFiles);
    drop(caller);
    assert!(incoming.next().await.is_none());

    drop(listener);
    assert!(!folder.path().join("nova.sock").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_that_was_left_behind_is_in_use_until_it_is_deleted() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("nova.sock");
    let endpoint = Endpoint::Unix(path.clone());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let error = Listener::bind(&endpoint).unwrap_err();
    assert!(matches!(error, EndpointError::InUse(_)), "{error}");
    assert!(matches!(connect(&endpoint).await, Err(EndpointError::Connect { .. })));
    std::fs::remove_file(&path).unwrap();
    assert!(Listener::bind(&endpoint).is_ok());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_at_an_endpoint_is_said_with_its_name() {
    let folder = TempDir::new().unwrap();
    let endpoint = Endpoint::Unix(folder.path().join("nova.sock"));
    let error = connect(&endpoint).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot connect to {endpoint}: ")), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_path_is_checked_against_the_systems_bound() {
    let folder = TempDir::new().unwrap();
    let of_length = |length: usize| {
        let left = length - folder.path().as_os_str().len() - 1;
        Endpoint::Unix(folder.path().join("x".repeat(left)))
    };
    let longest = if cfg!(target_os = "linux") { 107 } else { 103 };
    assert!(Listener::bind(&of_length(longest)).is_ok());
    let error = Listener::bind(&of_length(longest + 1)).unwrap_err();
    let EndpointError::PathTooLong { found, max, .. } = error else { panic!("{error}") };
    assert_eq!((found, max), (longest + 1, longest));
}

#[cfg(unix)]
#[tokio::test]
async fn pipes_are_for_windows() {
    let error = connect(&Endpoint::Pipe("nova".into())).await.err().unwrap();
    let expected = "pipe:nova cannot be used on this system: \
                    named pipes are for Windows, use unix:PATH";
    assert_eq!(error.to_string(), expected);
}

#[cfg(unix)]
fn mode(endpoint: &Endpoint) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let Endpoint::Unix(path) = endpoint else { panic!("not a Unix socket") };
    std::fs::metadata(path).expect("the socket's file").permissions().mode() & 0o777
}
