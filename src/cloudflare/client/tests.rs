//! The client against a server that answers from a script, raw bytes and all.

use super::*;
use crate::cloudflare::{NewToken, workers};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

const TOKEN: &str = r#"{"id":"t","name":"n","policies":[]}"#;

/// What the server does with one request.
enum Act {
    /// Sends these bytes and closes.
    Say(String),
    /// Closes without an answer.
    Hang,
    /// Keeps the connection open and is silent.
    Silence,
}

fn http(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Say(format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    ))
}

fn ok(result: &str) -> Act {
    http(
        200,
        "content-type: application/json\r\n",
        &format!(r#"{{"success":true,"errors":[],"result":{result}}}"#),
    )
}

fn no(status: u16, code: u32, message: &str) -> Act {
    let body =
        format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"{message}"}}],"result":null}}"#);
    http(status, "content-type: application/json\r\ncf-ray: 8f-AMS\r\n", &body)
}

/// Plays the script, a connection for each act, and returns the heads of the requests.
async fn serve(script: Vec<Act>) -> (Client, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/client/v4/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut heads = Vec::new();
        for act in script {
            let (mut stream, _) = listener.accept().await.unwrap();
            heads.push(read_request(&mut stream).await);
            match act {
                Act::Say(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                Act::Hang => {}
                Act::Silence => {
                    let _ = stream.read(&mut [0; 1]).await;
                }
            }
        }
        heads
    });
    (client(&base), server)
}

fn client(base: &str) -> Client {
    let mut config = ClientConfig::new(Credentials::Token("the-credential".into()));
    config.base_url = base.to_owned();
    config.request_timeout = Duration::from_millis(500);
    Client::new(config).unwrap()
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if n == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return head.to_owned();
            }
        }
    }
}

fn new_token() -> NewToken {
    NewToken { name: "n".into(), policies: vec![], condition: None, expires_on: None, not_before: None }
}

#[tokio::test]
async fn a_request_goes_below_the_base_url_with_its_credential() {
    let (client, server) = serve(vec![ok(TOKEN)]).await;
    let token = client.send(tokens::get(&Owner::Account("a".into()), "t")).await.unwrap();
    assert_eq!(token.name, "n");
    let head = server.await.unwrap().remove(0);
    assert!(head.starts_with("GET /client/v4/accounts/a/tokens/t HTTP/1.1"), "{head}");
    assert!(head.contains("authorization: Bearer the-credential"), "{head}");
}

#[tokio::test]
async fn an_answer_tells_the_time_of_the_apis_clock() {
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let (client, _server) =
        serve(vec![http(200, date, &format!(r#"{{"success":true,"result":{TOKEN}}}"#))]).await;
    let (_, date) = client.send_dated(tokens::get(&Owner::User, "t")).await.unwrap();
    assert_eq!(date.unwrap().unix_timestamp(), 784_111_777);
    assert!((client.now() - date.unwrap()).whole_seconds() <= 2, "{}", client.now());
}

#[tokio::test]
async fn a_repeatable_request_survives_a_reset_a_bad_gateway_and_a_short_answer() {
    let short = Act::Say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".into());
    let (client, server) =
        serve(vec![Act::Hang, http(502, "content-type: text/html\r\n", "<h1>Bad"), short, ok(TOKEN)]).await;
    assert_eq!(client.send(tokens::get(&Owner::User, "t")).await.unwrap().id, "t");
    assert_eq!(server.await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_create_without_an_answer_is_not_repeated_and_its_effect_is_unknown() {
    for act in [Act::Hang, Act::Silence, http(500, "", "oops")] {
        let (client, server) = serve(vec![act]).await;
        let error = client.send(tokens::create(&Owner::User, &new_token())).await.unwrap_err();
        assert!(error.is_ambiguous(), "{error}");
        assert_eq!(server.await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_create_is_repeated_after_a_429_when_the_api_says() {
    let limited = http(429, "retry-after: 1\r\n", r#"{"success":false,"errors":[{"code":971}]}"#);
    let (client, server) =
        serve(vec![limited, ok(r#"{"id":"t","name":"n","policies":[],"value":"v"}"#)]).await;
    let started = std::time::Instant::now();
    let token = client.send(tokens::create(&Owner::User, &new_token())).await.unwrap();
    assert_eq!(token.value.unwrap().expose_secret(), "v");
    assert!(started.elapsed() >= Duration::from_secs(1));
    server.await.unwrap();
}

#[tokio::test]
async fn a_write_that_must_start_soon_does_not_wait_for_the_quota() {
    let limited = http(429, "retry-after: 30\r\n", r#"{"success":false,"errors":[{"code":971}]}"#);
    let (client, server) = serve(vec![limited]).await;
    let request = || tokens::roll(&Owner::User, "t").start_within(Duration::from_millis(200));
    assert!(client.send(request()).await.unwrap_err().is_rate_limited());
    server.await.unwrap();
    let error = client.send(request()).await.unwrap_err();
    assert!(matches!(error, Error::Transport { kind: TransportKind::TooLate, sent: false, .. }), "{error}");
}

#[tokio::test]
async fn silence_is_a_time_out() {
    let (client, _server) = serve(vec![Act::Silence]).await;
    let error = client.send(tokens::get(&Owner::User, "t").once()).await.unwrap_err();
    assert!(matches!(error, Error::Transport { kind: TransportKind::Timeout, sent: true, .. }), "{error}");
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = ClientConfig::new(Credentials::Token("the-credential".into()));
    config.base_url = format!("http://{}", listener.local_addr().unwrap());
    config.max_retries = 0;
    drop(listener);
    let error = Client::new(config).unwrap().send(tokens::get(&Owner::User, "t")).await.unwrap_err();
    assert!(matches!(error, Error::Transport { kind: TransportKind::Connect, sent: false, .. }), "{error}");
}

#[tokio::test]
async fn a_delete_whose_first_answer_was_lost_may_find_nothing() {
    let (client, server) = serve(vec![Act::Hang, no(404, 1003, "gone")]).await;
    client.send(tokens::delete(&Owner::User, "t")).await.unwrap();
    server.await.unwrap();
    let (client, _server) = serve(vec![no(404, 1003, "gone")]).await;
    assert!(client.send(tokens::delete(&Owner::User, "t")).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_missing_token_is_none_and_a_web_page_with_status_404_is_an_error() {
    let (client, _server) = serve(vec![no(404, 1003, "gone")]).await;
    assert!(client.send_opt(tokens::get(&Owner::User, "t")).await.unwrap().is_none());
    let (client, _server) = serve(vec![http(404, "content-type: text/html\r\n", "<html>No such page")]).await;
    let error = client.send_opt(tokens::get(&Owner::User, "t")).await.unwrap_err().to_string();
    assert!(
        error.contains("HTTP 404") && error.contains("text/html") && error.contains("No such page"),
        "{error}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (client, server) = serve(vec![http(302, "location: http://127.0.0.1:1/\r\n", "")]).await;
    let error = client.send(tokens::get(&Owner::User, "t")).await.unwrap_err();
    assert_eq!(error.status(), Some(302));
    assert_eq!(server.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_failure_under_status_200_is_a_failure_and_keeps_its_ray() {
    let (client, _server) = serve(vec![no(200, 1001, "no such scope")]).await;
    let error = client.send(tokens::create(&Owner::User, &new_token())).await.unwrap_err();
    assert_eq!(error.to_string(), "POST /user/tokens: HTTP 200: no such scope (code 1001) [ray 8f-AMS]");
}

#[tokio::test]
async fn no_error_shows_a_secret_that_the_api_repeats() {
    let hidden = SecretString::from("s3cr");
    let (client, _server) = serve(vec![no(400, 10021, "bad text s3cr from the-credential")]).await;
    let error = client.send(workers::put_secret("a", "s", "K", &hidden)).await.unwrap_err();
    assert!(error.to_string().contains("bad text [redacted] from [redacted]"), "{error}");

    let value = "cfut_0123456789012345678901234567890123456789";
    for act in [ok(&format!("[\"{value}\"]")), http(200, "", &format!("value={value} s3cr"))] {
        let (client, _server) = serve(vec![act]).await;
        let error = client.send(tokens::roll(&Owner::User, "t")).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(error.is_ambiguous() && !shown.contains("0123") && !shown.contains("s3cr"), "{shown}");
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_shifted_pages_repeat_nothing() {
    let page = |items: &[&str]| {
        let info = r#""result_info":{"total_pages":2}"#;
        http(200, "", &format!(r#"{{"success":true,"result":[{}],{info}}}"#, items.join(",")))
    };
    let token = |id| TOKEN.replace(r#""t""#, &format!("{id:?}"));
    let bad = r#"{"id":"x","name":"n","policies":null}"#;
    let (client, server) =
        serve(vec![page(&[&token("a"), &token("b"), bad]), page(&[&token("b"), bad, &token("c")])]).await;
    let TokenList { tokens, unreadable } = client.list_tokens(&Owner::User).await.unwrap();
    assert_eq!(tokens.into_iter().map(|token| token.id).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(unreadable.into_iter().map(|token| token.id).collect::<Vec<_>>(), [Some("x".to_owned())]);
    assert!(server.await.unwrap()[1].contains("page=2&per_page=50&include_expired=true"));
}

#[tokio::test]
async fn a_list_that_does_not_end_is_an_error() {
    // The same page again and again, and no word of how many there are.
    let (client, server) = serve((0..200).map(|_| ok(&format!("[{TOKEN}]"))).collect()).await;
    let error =
        client.pages(|page| tokens::list_page(&Owner::User, &ListOptions::page(page))).await.unwrap_err();
    assert!(error.to_string().contains("the list does not end"), "{error}");
    assert_eq!(server.await.unwrap().len(), 200);
    let (client, server) = serve((0..200).map(|_| ok(&format!("[{TOKEN}]"))).collect()).await;
    let error = client.list_tokens(&Owner::User).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("the list does not end"), "{error}");
    assert_eq!(server.await.unwrap().len(), 200);
}

#[test]
fn the_id_of_a_request_is_shown_and_nothing_else_in_its_place() {
    for ray in ["8f2d3c4b5a69788f-FRA", "8f2d3c4b5a69788f", "8f-AMS"] {
        assert!(is_ray(ray), "{ray}");
    }
    for other in ["", "-FRA", "8f2d-fra", "8f2d-FRANKFURT", "cfat_0123", "8F2D-FRA"] {
        assert!(!is_ray(other), "{other}");
    }
}

#[tokio::test]
async fn an_answer_without_what_a_write_replaces_is_malformed() {
    for body in [
        r#"{"id":"t","name":"n"}"#,
        r#"{"id":"t","name":"n","policies":null}"#,
        r#"{"id":"t","policies":[]}"#,
        r#"{"id":"t","name":null,"policies":[]}"#,
        r#"{"name":"n","policies":[]}"#,
        r#"{"id":"t","name":"n","policies":[{"effect":null,"permission_groups":[],"resources":{}}]}"#,
        r#"{"id":"t","name":"n","policies":[{"effect":"allow","resources":{}}]}"#,
        r#"{"id":"t","name":"n","policies":[{"effect":"allow","permission_groups":null,"resources":{}}]}"#,
        r#"{"id":"t","name":"n","policies":[{"effect":"allow","permission_groups":[]}]}"#,
        r#"{"id":"t","name":"n","policies":[{"effect":"allow","permission_groups":[],"resources":null}]}"#,
    ] {
        let (client, _server) = serve(vec![ok(body)]).await;
        let error = client.send(tokens::get(&Owner::User, "t").once()).await.unwrap_err();
        assert!(matches!(error, Error::Malformed { status: 200, .. }), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_refusal_after_an_attempt_without_an_answer_leaves_a_write_in_doubt() {
    let (client, server) = serve(vec![Act::Hang, no(403, 9109, "no")]).await;
    let error = client.send(tokens::delete(&Owner::User, "t")).await.unwrap_err();
    assert!(matches!(error, Error::Unsettled { .. }) && error.is_ambiguous(), "{error}");
    server.await.unwrap();
    let (client, _server) = serve(vec![Act::Hang, no(403, 9109, "no")]).await;
    let error = client.send(tokens::get(&Owner::User, "t")).await.unwrap_err();
    assert!(error.is_auth(), "a read has no effect to doubt: {error}");
}

#[tokio::test]
async fn a_stop_ends_the_wait_for_a_quota_and_for_another_attempt() {
    let limited = http(429, "retry-after: 40\r\n", r#"{"success":false,"errors":[{"code":971}]}"#);
    let (client, _server) = serve(vec![limited]).await;
    let stop = client.0.config.stop.clone();
    let started = std::time::Instant::now();
    let (first, second, ()) = tokio::join!(
        client.send(tokens::create(&Owner::User, &new_token())),
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            client.send(tokens::get(&Owner::User, "t")).await
        },
        async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            stop.cancel();
        }
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    let (first, second) = (first.unwrap_err(), second.unwrap_err());
    assert!(first.is_stopped() && !first.is_ambiguous(), "{first}");
    assert!(first.to_string().contains("not sent") && first.to_string().contains("971"), "{first}");
    assert!(second.is_stopped() && second.to_string().contains("rate limit"), "{second}");

    // What may have had its effect is not said to be unsent.
    let (client, _server) = serve(vec![Act::Hang]).await;
    client.0.config.stop.cancel();
    let error = client.send(tokens::delete(&Owner::User, "t")).await.unwrap_err();
    assert!(error.is_ambiguous() && !error.is_stopped(), "{error}");
    let (client, _server) = serve(vec![ok(TOKEN)]).await;
    client.0.config.stop.cancel();
    client.send(tokens::get(&Owner::User, "t")).await.expect("what need not wait is sent");
}

#[tokio::test]
async fn an_empty_id_is_refused_before_anything_is_sent() {
    let client = client("http://127.0.0.1:1");
    let error = client.send(tokens::delete(&Owner::User, "..")).await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
}

#[test]
fn plain_http_is_for_a_loopback_host_only() {
    for good in ["https://example.com/v4", "http://localhost:1", "http://127.0.0.9:1/x", "http://[::1]:8080"]
    {
        assert!(base_url(good).is_ok(), "{good}");
    }
    for bad in [
        "http://example.com",
        "http://localhost.example.com",
        "ftp://localhost",
        "https://u:p@example.com",
        "https://example.com?x=1",
        "nonsense",
    ] {
        assert!(matches!(base_url(bad), Err(Error::Config(_))), "{bad}");
    }
}

#[test]
fn a_credential_that_no_header_can_hold_is_refused_without_showing_it() {
    let config = ClientConfig::new(Credentials::Token("line-break\n".into()));
    let error = Client::new(config.clone()).unwrap_err().to_string();
    assert!(error.contains("line break") && !error.contains("line-break"), "{error}");
    assert!(!format!("{config:?}").contains("line-break"));
    assert!(Client::new(ClientConfig::new(Credentials::Token("".into()))).is_err());
}

#[test]
fn the_global_key_goes_into_its_own_headers() {
    let credentials = Credentials::Key { key: "k".into(), email: "me@example.com".into() };
    let headers = headers(&credentials).unwrap();
    assert_eq!(headers["x-auth-email"], "me@example.com");
    assert_eq!(headers["x-auth-key"], "k");
    assert!(headers["x-auth-key"].is_sensitive() && !headers.contains_key(AUTHORIZATION));
}

/// Keeps all that is logged on this thread, at every level and by every library.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut line = format!("{} ", event.metadata().target());
        event.record(&mut |field: &tracing::field::Field, value: &dyn fmt::Debug| {
            line.push_str(&format!("{field}={value:?} "));
        });
        self.0.lock().push_str(&line);
    }
}

#[tokio::test]
async fn no_log_line_at_any_level_shows_a_secret() {
    use tracing_subscriber::layer::SubscriberExt;
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let put = || {
        let failed = http(502, "content-type: text/html\r\n", "the-new-value");
        [failed, ok(r#"{"name":"K","type":"secret_text"}"#)]
    };
    let answers = put().into_iter().chain(put()).chain([ok(r#""the-new-value""#)]);
    let (client, _server) = serve(answers.collect()).await;
    for _ in 0..2 {
        client.send(workers::put_secret("a", "s", "K", &"the-worker-secret".into())).await.unwrap();
        // A test beside this one may have been the first to pass a log statement, and no log was there for it.
        tracing::callsite::rebuild_interest_cache();
    }
    client.send(tokens::roll(&Owner::User, "t")).await.unwrap();
    let log = log.0.lock();
    assert!(log.contains("method=PUT path=/user/tokens/t/value status=200"), "{log}");
    assert!(log.contains("tried again"), "{log}");
    for secret in ["the-credential", "the-new-value", "the-worker-secret"] {
        assert!(!log.contains(secret), "{log}");
    }
}
