//! `create-test-report`: makes the StateBox of a release.

use super::{
    command::{Command, Ran},
    hook,
    worksheet::Worksheet,
};

pub(super) async fn run(command: &mut Command<'_>) -> Ran {
    let release = command.release.to_owned();
    let path = hook::path(&release);
    match command.outside.book().document(&release).await {
        Ok(Some(_)) => {
            command
                .log
                .info(format!("StateBox already exists for {release} at {path}"));
            return Ok(());
        }
        Ok(None) => {}
        Err(error) => command.log.warning(format!(
            "Failed to check StateBox existence: {}",
            error.chain()
        )),
    }
    if let Ok(worksheet) = Worksheet::find(command.outside, &release) {
        let link = worksheet.link();
        command.log.info(format!(
            "Found existing worksheet for {release} (old release): {link}"
        ));
        return Ok(());
    }
    command.log.info(format!(
        "No existing worksheet found, will create StateBox for new release {release}"
    ));
    command
        .log
        .info(format!("Initializing StateBox for new release {release}"));
    if command.data["release_date"]
        .as_str()
        .is_none_or(str::is_empty)
    {
        let error = format!(
            "Failed to load state: release_date not found in assembly config for {release}"
        );
        command.log.exception("Failed to create StateBox", &error);
        return Err(error.into());
    }
    let created = command
        .outside
        .book()
        .create(&release, &command.data, command.outside.now())
        .await;
    if let Err(error) = created {
        command
            .log
            .exception("Failed to create StateBox", &error.chain());
        return Err(error.chain().into());
    }
    command.log.info(format!(
        "StateBox initialized successfully for {release} at {path}"
    ));
    command.outside.triggered("oar_create_test_report");
    let link = format!("https://github.com/openshift/release-tests/blob/z-stream/{path}");
    let text = format!("new <{link}|StateBox> is created for {release} release tracking");
    match command.outside.slack("team-qe-release", &text) {
        Ok(()) => command
            .log
            .info(format!("Sent notification for StateBox creation: {link}")),
        Err(error) => command.log.warning(format!(
            "Failed to send notification for StateBox creation: {error}"
        )),
    }
    Ok(())
}
