//! `image-signed-check`: the digest of the payload and its signature.

use super::command::{Command, Ran};

const TASK: &str = "image-signed-check";
const NO_DIGEST: &str = "'NoneType' object has no attribute 'replace'";

pub(super) fn run(command: &mut Command<'_>) -> Ran {
    command.status(TASK, "In Progress");
    let release = command.release;
    let stream = format!("{}-stable", release.split('.').next().unwrap_or_default());
    let url = format!(
        "https://amd64.ocp.releases.ci.openshift.org/api/v1/releasestream/{stream}/release/{release}"
    );
    command.log.info(format!("Getting digest from {url}"));
    let tag = command
        .outside
        .get(&["release_controller", "streams", &stream, release]);
    if !tag.is_object() {
        command.log.info("CODE: 404 -- Not Found");
        command.log.info("No changeLogJson element is found!");
        return Err(NO_DIGEST.into());
    }
    let Some(digest) = tag["digest"].as_str() else {
        for _ in 0..16 {
            command
                .log
                .warning("E001: No image digest found, going to retry after 30 seconds");
        }
        command
            .log
            .error("Image digest failed to show after 16 retries!");
        return Err(NO_DIGEST.into());
    };
    command.log.info(format!("Image Digest: {digest}"));
    let path = digest.replace(':', "=");
    let signature = format!(
        "https://mirror.openshift.com/pub/openshift-v4/signatures/openshift/release/{path}/signature-1"
    );
    command
        .log
        .info(format!("Comparing digest from url: {signature}"));
    let is_missing = command.outside.get(&["oar", "is_signature_missing"]) == true;
    if is_missing || tag["is_signed"] == false {
        let error = format!("404 Client Error: Not Found for url: {signature}");
        return Err(command.fail(TASK, "Visit release/mirror url failed", &error));
    }
    command.log.info("Signature check PASSED");
    command.status(TASK, "Pass");
    Ok(())
}
