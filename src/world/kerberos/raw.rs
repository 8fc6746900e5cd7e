//! The C side of GSSAPI: its types and the functions found in the library.
//!
//! Names and layouts follow RFC 2744, section 4 and appendix A.

use std::{ffi::c_int, ffi::c_void, ptr};

use libloading::Library as Loaded;

/// `OM_uint32`: a status, or a number of seconds.
pub(super) type Word = u32;
/// `gss_name_t`, `gss_cred_id_t` and `gss_ctx_id_t` are pointers nobody looks behind.
pub(super) type Handle = *mut c_void;

/// `gss_buffer_desc`.
#[repr(C)]
pub(super) struct Buffer {
    pub length: usize,
    pub value: *mut c_void,
}

impl Buffer {
    pub const EMPTY: Self = Self {
        length: 0,
        value: ptr::null_mut(),
    };
}

/// `gss_OID_desc`. Apple packs it on its older processors.
#[cfg_attr(
    all(target_vendor = "apple", target_arch = "x86_64"),
    repr(C, packed(2))
)]
#[cfg_attr(not(all(target_vendor = "apple", target_arch = "x86_64")), repr(C))]
pub(super) struct Oid {
    pub length: Word,
    pub elements: *const c_void,
}

/// `gss_OID_set_desc`.
#[cfg_attr(
    all(target_vendor = "apple", target_arch = "x86_64"),
    repr(C, packed(2))
)]
#[cfg_attr(not(all(target_vendor = "apple", target_arch = "x86_64")), repr(C))]
pub(super) struct OidSet {
    pub count: usize,
    pub elements: *const Oid,
}

/// The functions of a GSSAPI library that stays loaded while the process lives.
pub(super) struct Library {
    pub import_name:
        unsafe extern "C" fn(*mut Word, *const Buffer, *const Oid, *mut Handle) -> Word,
    pub display_name: unsafe extern "C" fn(*mut Word, Handle, *mut Buffer, *mut *const Oid) -> Word,
    pub release_name: unsafe extern "C" fn(*mut Word, *mut Handle) -> Word,
    pub acquire_cred: unsafe extern "C" fn(
        *mut Word,
        Handle,
        Word,
        *const OidSet,
        c_int,
        *mut Handle,
        *mut *const OidSet,
        *mut Word,
    ) -> Word,
    pub inquire_cred: unsafe extern "C" fn(
        *mut Word,
        Handle,
        *mut Handle,
        *mut Word,
        *mut c_int,
        *mut *const OidSet,
    ) -> Word,
    pub release_cred: unsafe extern "C" fn(*mut Word, *mut Handle) -> Word,
    pub init_sec_context: unsafe extern "C" fn(
        *mut Word,
        Handle,
        *mut Handle,
        Handle,
        *const Oid,
        Word,
        Word,
        *const c_void,
        *const Buffer,
        *mut *const Oid,
        *mut Buffer,
        *mut Word,
        *mut Word,
    ) -> Word,
    pub delete_sec_context: unsafe extern "C" fn(*mut Word, *mut Handle, *mut Buffer) -> Word,
    pub display_status:
        unsafe extern "C" fn(*mut Word, Word, c_int, *const Oid, *mut Word, *mut Buffer) -> Word,
    pub release_buffer: unsafe extern "C" fn(*mut Word, *mut Buffer) -> Word,
}

/// Loads the first library that there is and that has all functions. Fails with what was tried.
pub(super) fn load(names: &[String]) -> Result<&'static Library, String> {
    let mut troubles = Vec::new();
    for name in names {
        match load_one(name) {
            // Kept for good: the library leaves destructors behind in the threads that used it.
            Ok(library) => return Ok(Box::leak(Box::new(library))),
            Err(error) => troubles.push(format!("`{name}`: {error}")),
        }
    }
    Err(troubles.join("; "))
}

fn load_one(name: &str) -> Result<Library, libloading::Error> {
    // SAFETY: loading runs the initialisers of the system's Kerberos libraries, which ask nothing of
    // whoever loads them. It is never unloaded, see below.
    let loaded = unsafe { Loaded::new(name)? };
    // SAFETY: each type is the one RFC 2744 gives for the function of that name, and the pointers
    // live no longer than the library, which is leaked.
    let library = unsafe {
        Library {
            import_name: *loaded.get(b"gss_import_name\0")?,
            display_name: *loaded.get(b"gss_display_name\0")?,
            release_name: *loaded.get(b"gss_release_name\0")?,
            acquire_cred: *loaded.get(b"gss_acquire_cred\0")?,
            inquire_cred: *loaded.get(b"gss_inquire_cred\0")?,
            release_cred: *loaded.get(b"gss_release_cred\0")?,
            init_sec_context: *loaded.get(b"gss_init_sec_context\0")?,
            delete_sec_context: *loaded.get(b"gss_delete_sec_context\0")?,
            display_status: *loaded.get(b"gss_display_status\0")?,
            release_buffer: *loaded.get(b"gss_release_buffer\0")?,
        }
    };
    std::mem::forget(loaded);
    Ok(library)
}
