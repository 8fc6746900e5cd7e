//! Tokens from real tickets: with a realm on loopback where this machine has one to offer, and the
//! troubles that need none.
#![expect(
    clippy::disallowed_methods,
    reason = "a key distribution centre keeps its files on disk, and reads its environment"
)]

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use oar_script::{
    error::{Error, Kind},
    world::{
        Unattended, World as _,
        kerberos::{Kerberos, Trouble, is_stand_in, stand_in_token},
        system::SystemWorld,
    },
};
use secrecy::ExposeSecret as _;

/// The variable that turns this test binary into a program that asks for a token.
const ASK: &str = "OAR_SCRIPT_TEST_ASK_TOKEN";

#[test]
fn loopback_and_plain_http_are_no_place_for_tickets() {
    let check = |address: &str, expected: bool| {
        assert_eq!(
            is_stand_in(&address.parse().unwrap()),
            expected,
            "{address}"
        );
    };
    check("https://errata.example.com", false);
    check("http://errata.example.com", true);
    check("https://127.0.0.1:8443", true);
    check("https://[::1]/", true);
    check("https://localhost/", true);
    check("https://localhost.example.com/", false);
    assert_ne!(
        stand_in_token(1).expose_secret(),
        stand_in_token(2).expose_secret()
    );
}

#[tokio::test]
async fn the_real_world_has_stand_in_tokens_for_loopback_and_none_twice() {
    let world = SystemWorld::new(Arc::new(Unattended), HashMap::new());
    let place = "http://127.0.0.1:8080/".parse().unwrap();
    let first = world.negotiate(&place).await.unwrap();
    let second = world.negotiate(&place).await.unwrap();
    assert_ne!(first.expose_secret(), second.expose_secret());
}

#[tokio::test]
async fn a_machine_without_the_library_says_what_to_install() {
    let kerberos = Kerberos::from_libraries(&["libnothing-of-this-name.so.9"]);
    let trouble = kerberos.token("errata.example.com").await.unwrap_err();
    assert!(matches!(trouble, Trouble::NoLibrary(_)), "{trouble:?}");
    let error = Error::from(trouble);
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.message.contains("libnothing"), "{}", error.message);
    assert!(error.hint.unwrap().contains("`kinit`"));
}

#[tokio::test]
async fn a_library_that_is_another_one_is_not_used() {
    let kerberos = Kerberos::from_libraries(&["libc.so.6"]);
    let trouble = kerberos.ticket(jiff::Timestamp::UNIX_EPOCH).await;
    assert!(matches!(trouble, Err(Trouble::NoLibrary(_))), "{trouble:?}");
}

#[test]
fn no_trouble_reads_as_absence_and_only_the_network_is_worth_another_try() {
    let words = String::new;
    let troubles = [
        (Trouble::NoLibrary(words()), false),
        (Trouble::NoTicket(words()), false),
        (Trouble::Expired(words()), false),
        (Trouble::UnknownPrincipal(words()), false),
        (Trouble::ClockSkew(words()), false),
        (Trouble::Unreachable(words()), true),
        (Trouble::Late(30), true),
        (Trouble::Other(words()), false),
    ];
    for (trouble, is_retryable) in troubles {
        let error = Error::from(trouble);
        assert_ne!(error.kind, Kind::NotFound);
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
        assert!(error.hint.unwrap().contains("`kinit"));
    }
}

/// Runs in a process of its own, because the library reads the environment.
#[tokio::test]
async fn asks_for_a_token_when_told_to() {
    let Ok(host) = std::env::var(ASK) else {
        return;
    };
    let kerberos = Kerberos::default().deadline(Duration::from_secs(20));
    let now = jiff::Timestamp::UNIX_EPOCH;
    println!("ticket: {:?}", kerberos.ticket(now).await);
    for _ in 0..2 {
        match kerberos.token(&host).await {
            Ok(token) => println!("token: {}", token.expose_secret()),
            Err(trouble) => println!("trouble: {trouble:?}"),
        }
    }
}

/// A realm on loopback with one person and one service.
struct Realm {
    folder: tempfile::TempDir,
    server: Option<Child>,
}

impl Realm {
    /// `None`, with a message, where the programs of a realm are missing.
    fn open() -> Option<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let folder = tempfile::tempdir().unwrap();
        let below = |name: &str| folder.path().join(name).display().to_string();
        let client = format!(
            "[libdefaults]\n default_realm = EXAMPLE.COM\n dns_lookup_kdc = false\n \
             dns_canonicalize_hostname = false\n rdns = false\n[realms]\n EXAMPLE.COM = {{\n  \
             kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n .example.com = EXAMPLE.COM\n"
        );
        let server = format!(
            "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\n EXAMPLE.COM = {{\n  database_name = {}\n  key_stash_file = {}\n }}\n",
            below("principal"),
            below("stash")
        );
        fs::write(folder.path().join("krb5.conf"), client).unwrap();
        fs::write(folder.path().join("kdc.conf"), server).unwrap();
        let mut realm = Self {
            folder,
            server: None,
        };
        let made = realm.run("kdb5_util", &["create", "-s", "-P", "master"], "")
            && realm.run("kadmin.local", &["-q", "addprinc -pw secret lead"], "")
            && realm.run(
                "kadmin.local",
                &["-q", "addprinc -randkey HTTP/errata.example.com"],
                "",
            );
        let server = made
            .then(|| realm.command("krb5kdc").arg("-n").spawn().ok())
            .flatten();
        if server.is_none() {
            let _ = writeln!(
                std::io::stderr(),
                "skipped: no Kerberos server here; to have it: apt-get install krb5-kdc krb5-admin-server krb5-user"
            );
            return None;
        }
        realm.server = server;
        Some(realm)
    }

    fn command(&self, program: &str) -> Command {
        let folder = self.folder.path();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .env("KRB5_CONFIG", folder.join("krb5.conf"))
            .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
            .env("KRB5CCNAME", folder.join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn run(&self, program: &str, arguments: &[&str], input: &str) -> bool {
        let mut command = self.command(program);
        let Ok(mut child) = command.args(arguments).stdin(Stdio::piped()).spawn() else {
            return false;
        };
        let mut stdin = child.stdin.take().unwrap();
        let _ = writeln!(stdin, "{input}");
        drop(stdin);
        child.wait().is_ok_and(|status| status.success())
    }

    fn log_in(&self) {
        // The server may still be starting.
        let is_in = (0..50).any(|_| self.run("kinit", &["lead"], "secret"));
        assert!(is_in, "kinit does not work");
    }

    /// What asking for two tokens says.
    fn ask(&self, host: &str) -> Vec<String> {
        let program = std::env::current_exe().unwrap();
        let output = self
            .command(&program.display().to_string())
            .args(["--exact", "world::kerberos::asks_for_a_token_when_told_to"])
            .args(["--nocapture", "--test-threads=1"])
            .env(ASK, host)
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = text.lines().filter_map(|line| {
            let start = ["ticket: ", "token: ", "trouble: "]
                .iter()
                .find_map(|word| line.find(word))?;
            Some(line[start..].to_owned())
        });
        said.collect()
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn a_real_realm_gives_tokens_and_every_trouble_has_its_name() {
    let Some(mut realm) = Realm::open() else {
        return;
    };
    let check = |said: &[String], expected: [&str; 3]| {
        assert_eq!(said.len(), 3, "{said:?}");
        for (line, start) in said.iter().zip(expected) {
            assert!(line.starts_with(start), "{line} is not {start}");
        }
    };
    check(
        &realm.ask("errata.example.com"),
        [
            "ticket: Err(NoTicket",
            "trouble: NoTicket",
            "trouble: NoTicket",
        ],
    );
    realm.log_in();
    let said = realm.ask("errata.example.com");
    check(&said, ["ticket: Ok(Ticket", "token: YII", "token: YII"]);
    assert!(said[0].contains("lead@EXAMPLE.COM"), "{}", said[0]);
    assert_ne!(said[1], said[2]);
    check(
        &realm.ask("nobody.example.com"),
        [
            "ticket: Ok(Ticket",
            "trouble: UnknownPrincipal",
            "trouble: UnknownPrincipal",
        ],
    );
    fs::remove_file(Path::new(realm.folder.path()).join("cache")).unwrap();
    realm.log_in();
    realm.stop();
    check(
        &realm.ask("errata.example.com"),
        [
            "ticket: Ok(Ticket",
            "trouble: Unreachable",
            "trouble: Unreachable",
        ],
    );
}
