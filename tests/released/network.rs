//! The binary on a network: it resolves names through a name server, and finds the system's certificates. Both are tried in
//! a network namespace, in which a name server may listen on port 53.

use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::bare::Root;
use crate::support::https::Https;
use crate::support::stage::write_config;

/// The API's host.
const HOST: &str = "api.example.test";
const ACCOUNT: &str = "0da42c8d2132a9ddaf714f9e7c920711";
/// Where distributions keep their certificates: Debian and Alpine, Fedora, SUSE.
const CERTIFICATES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];
/// Brings the loopback interface up: ioctl SIOCSIFFLAGS with IFF_UP and IFF_RUNNING.
const LOOPBACK_UP: &str = "import fcntl, socket, struct; fcntl.ioctl(socket.socket(socket.AF_INET, \
                           socket.SOCK_DGRAM), 0x8914, struct.pack('16sh14x', b'lo', 0x41))";

/// Runs an ignored test of this file in a network namespace of its own.
fn in_a_network_of_its_own(test: &str) {
    let run = "python3 -c \"$1\" && exec \"$0\" --exact \"$2\" --ignored --nocapture";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", run])
        .arg(std::env::current_exe().unwrap())
        .args([LOOPBACK_UP, test])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn it_resolves_names_and_finds_certificates_in_their_usual_places() {
    in_a_network_of_its_own("network::inside_names_resolve_and_certificates_are_found");
}

#[test]
#[ignore = "runs in a network namespace, which the test above makes"]
fn inside_names_resolve_and_certificates_are_found() {
    let asked = name_server();
    let server = Https::new(HOST);
    let groups = json!([{"id": "4755a26eedb94da69e1066d98aa820be", "name": "DNS Write", "scopes": ["com.cloudflare.api.account.zone"]}]);
    let answer = json!({"success": true, "errors": [], "messages": [], "result": groups});
    server.put(&format!("/client/v4/accounts/{ACCOUNT}/tokens/permission_groups"), answer.to_string());
    let authority = std::fs::read(server.ca()).unwrap();

    for place in CERTIFICATES {
        let root = root();
        root.write(place, &authority);
        reads(&root, &server, None).success();
    }
    let root = root();
    root.write("/company.pem", &authority);
    reads(&root, &server, Some("/company.pem")).success();
    assert!(asked.load(Ordering::Relaxed) >= CERTIFICATES.len() + 1, "the name server was not asked");

    reads(&self::root(), &server, None).failure("certificate");
}

/// A root directory that knows the name server.
fn root() -> Root {
    let root = Root::new();
    root.write("/etc/resolv.conf", "nameserver 127.0.0.1\n");
    root
}

/// Reads a data source, with `SSL_CERT_FILE` where it is given.
fn reads(root: &Root, server: &Https, ssl_cert_file: Option<&str>) -> crate::support::terraform::Output {
    let bin = tempfile::tempdir().unwrap();
    let mut tf = root.workspace(bin.path());
    tf.env("CLOUDFLARE_API_TOKEN", "cfat_0123456789012345678901234567890123456789");
    tf.env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
    tf.env("CLOUDFLARE_BASE_URL", format!("https://{HOST}:{}/client/v4", server.port()));
    if let Some(file) = ssl_cert_file {
        tf.env("SSL_CERT_FILE", file);
    }
    write_config(
        &tf,
        "provider \"cloudflare\" {\n  max_retries = 0\n}\ndata \"cloudflare_api_token_permission_groups\" \"all\" {}\n",
    );
    tf.plan()
}

/// A name server that knows one name: how often it was asked for the address.
fn name_server() -> Arc<AtomicUsize> {
    let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut packet = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            let (answer, address) = answer(&packet[..length]);
            count.fetch_add(usize::from(address), Ordering::Relaxed);
            let _ = socket.send_to(&answer, from);
        }
    });
    asked
}

/// The answer to a query, and whether it has an address (RFC 1035, section 4).
fn answer(query: &[u8]) -> (Vec<u8>, bool) {
    let end = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let question = &query[12..end];
    let name: Vec<u8> =
        HOST.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    let known = question[..question.len() - 5] == name;
    let address = known && question[question.len() - 4..] == [0, 1, 0, 1];
    let code = if known { 0 } else { 3 };
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(address), 0, 0, 0, 0]);
    answer.extend_from_slice(question);
    if address {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    (answer, address)
}
