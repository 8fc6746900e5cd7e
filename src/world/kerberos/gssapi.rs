//! What is wanted of GSSAPI, as safe functions: a first token, and whose ticket there is.
//!
//! The mechanism is Kerberos 5 itself, not wrapped in SPNEGO, as the Python tools send it under the
//! scheme `Negotiate`.

use std::{ffi::c_void, ptr, slice};

use super::{
    raw::{Buffer, Handle, Library, Oid, OidSet, Word},
    trouble::Trouble,
};

/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// 1.2.840.113554.1.2.1.4, a name such as `HTTP@host`.
const HOST_BASED_SERVICE: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04";

const INITIATE: i32 = 1;
const SEQUENCE_FLAG: Word = 8;
const FOREVER: Word = Word::MAX;
/// The upper half of a status; the lower half says nothing went wrong.
const ERRORS: Word = 0xffff_0000;
const OF_GSSAPI: i32 = 1;
const OF_MECHANISM: i32 = 2;

/// Makes the first token of a new context with `target`, such as `HTTP@errata.example.com`.
pub(super) fn token(library: &Library, target: &str) -> Result<Vec<u8>, Trouble> {
    let credential = credential(library)?;
    let name = name(library, target)?;
    let mechanism = oid(KERBEROS);
    let mut context = Owned::new(library, Kind::Context);
    let mut text = Owned::new(library, Kind::Buffer);
    let mut minor = 0;
    // SAFETY: handles and pointers are valid or null where that is allowed; both results go into
    // owners that release them.
    let major = unsafe {
        (library.init_sec_context)(
            &mut minor,
            credential.handle,
            &mut context.handle,
            name.handle,
            &mechanism,
            SEQUENCE_FLAG,
            0,
            ptr::null(),
            ptr::null(),
            ptr::null_mut(),
            &mut text.buffer,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    check(library, major, minor)?;
    let token = text.bytes();
    if token.is_empty() {
        return Err(Trouble::Other("the library made an empty token".to_owned()));
    }
    Ok(token.to_vec())
}

/// Returns whose ticket there is and how many seconds it holds; `None` for ever.
pub(super) fn ticket(library: &Library) -> Result<(String, Option<Word>), Trouble> {
    let credential = credential(library)?;
    let mut name = Owned::new(library, Kind::Name);
    let (mut minor, mut seconds) = (0, 0);
    // SAFETY: the credential is valid; the name goes into an owner; null results are not wanted.
    let major = unsafe {
        (library.inquire_cred)(
            &mut minor,
            credential.handle,
            &mut name.handle,
            &mut seconds,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    check(library, major, minor)?;
    if seconds == 0 {
        return Err(Trouble::Expired(String::new()));
    }
    let mut text = Owned::new(library, Kind::Buffer);
    // SAFETY: the name is valid and the text goes into an owner.
    let major = unsafe {
        (library.display_name)(&mut minor, name.handle, &mut text.buffer, ptr::null_mut())
    };
    check(library, major, minor)?;
    let principal = String::from_utf8_lossy(text.bytes()).into_owned();
    Ok((principal, (seconds != FOREVER).then_some(seconds)))
}

fn credential(library: &Library) -> Result<Owned<'_>, Trouble> {
    let mechanism = oid(KERBEROS);
    let mechanisms = OidSet {
        count: 1,
        elements: &mechanism,
    };
    let mut credential = Owned::new(library, Kind::Credential);
    let mut minor = 0;
    // SAFETY: no name means the default one; the set outlives the call; the credential goes into
    // an owner.
    let major = unsafe {
        (library.acquire_cred)(
            &mut minor,
            ptr::null_mut(),
            FOREVER,
            &mechanisms,
            INITIATE,
            &mut credential.handle,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    check(library, major, minor)?;
    Ok(credential)
}

fn name<'a>(library: &'a Library, target: &str) -> Result<Owned<'a>, Trouble> {
    let kind = oid(HOST_BASED_SERVICE);
    let text = Buffer {
        length: target.len(),
        value: target.as_ptr().cast_mut().cast::<c_void>(),
    };
    let mut name = Owned::new(library, Kind::Name);
    let mut minor = 0;
    // SAFETY: the text is only read, and outlives the call; the name goes into an owner.
    let major = unsafe { (library.import_name)(&mut minor, &text, &kind, &mut name.handle) };
    check(library, major, minor)?;
    Ok(name)
}

fn oid(elements: &'static [u8]) -> Oid {
    Oid {
        length: elements.len() as Word,
        elements: elements.as_ptr().cast(),
    }
}

fn check(library: &Library, major: Word, minor: Word) -> Result<(), Trouble> {
    if major & ERRORS == 0 {
        return Ok(());
    }
    let mut words = worded(library, major, OF_GSSAPI);
    if minor != 0 {
        let detail = worded(library, minor, OF_MECHANISM);
        // Some expired tickets come with a detail that says nothing.
        if !matches!(detail.as_str(), "" | "Success") {
            words = detail;
        }
    }
    Err(Trouble::from_status(major, minor, words))
}

/// What the library says about a status, in one line.
fn worded(library: &Library, status: Word, kind: i32) -> String {
    let mechanism = oid(KERBEROS);
    let mut lines = Vec::new();
    let mut more = 0;
    // A status has a handful of messages; the library says when there are no more.
    for _ in 0..8 {
        let mut text = Owned::new(library, Kind::Buffer);
        let mut minor = 0;
        // SAFETY: all pointers are valid for the call; the text goes into an owner.
        let major = unsafe {
            (library.display_status)(
                &mut minor,
                status,
                kind,
                &mechanism,
                &mut more,
                &mut text.buffer,
            )
        };
        if major & ERRORS != 0 {
            break;
        }
        lines.push(String::from_utf8_lossy(text.bytes()).trim().to_owned());
        if more == 0 {
            break;
        }
    }
    lines.join("; ")
}

enum Kind {
    Name,
    Credential,
    Context,
    Buffer,
}

/// Something the library made, released when it is dropped.
struct Owned<'a> {
    library: &'a Library,
    kind: Kind,
    handle: Handle,
    buffer: Buffer,
}

impl<'a> Owned<'a> {
    fn new(library: &'a Library, kind: Kind) -> Self {
        Self {
            library,
            kind,
            handle: ptr::null_mut(),
            buffer: Buffer::EMPTY,
        }
    }

    fn bytes(&self) -> &[u8] {
        if self.buffer.value.is_null() {
            return &[];
        }
        // SAFETY: the library filled the buffer with this many bytes, and it is released only when
        // `self` is dropped.
        unsafe { slice::from_raw_parts(self.buffer.value.cast(), self.buffer.length) }
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        let library = self.library;
        let mut minor = 0;
        // SAFETY: handle and buffer came from this library and are released once; an empty buffer
        // may be released too. The status does not matter any more.
        unsafe {
            match self.kind {
                Kind::Name if !self.handle.is_null() => {
                    (library.release_name)(&mut minor, &mut self.handle);
                }
                Kind::Credential if !self.handle.is_null() => {
                    (library.release_cred)(&mut minor, &mut self.handle);
                }
                Kind::Context if !self.handle.is_null() => {
                    (library.delete_sec_context)(&mut minor, &mut self.handle, ptr::null_mut());
                }
                Kind::Buffer => {
                    (library.release_buffer)(&mut minor, &mut self.buffer);
                }
                _ => {}
            }
        }
    }
}
