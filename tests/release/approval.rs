//! The line that tells of an approval of QE.

use oar_script::release::approval::Given;

const SHA: &str = "8f1d2c3b4a5968778695a4b3c2d1e0f9a8b7c6d5";

fn given() -> Given {
    Given {
        iid: 901,
        sha: SHA.to_owned(),
        is_merged: false,
        at: None,
    }
}

#[test]
fn what_is_written_is_read_again() {
    for is_merged in [false, true] {
        let given = Given {
            is_merged,
            ..given()
        };
        let text = format!(
            "2027-03-02T00:00:00Z: INFO: Successfully added QE approval to MR 901\n\
             2027-03-02T00:00:01Z: INFO: {given}"
        );
        let read = Given::read(&text).unwrap();
        assert_eq!(read.at, Some("2027-03-02T00:00:01Z".parse().unwrap()));
        assert_eq!(Given { at: None, ..read }, given);
    }
    assert_eq!(given().id(), format!("!901@{SHA}"));
    assert_eq!(given().short_sha(), "8f1d2c3b");
}

#[test]
fn the_last_line_counts_and_other_texts_say_nothing() {
    let later = Given {
        iid: 902,
        ..given()
    };
    let text = format!("{}\n{later}", given());
    assert_eq!(Given::read(&text).unwrap().iid, 902);
    for text in [
        "",
        "Successfully added QE approval to MR 901",
        "MR 901 ends with 8f1d2c3b4a5968778695a4b3c2d1e0f9a8b7c6d5",
        "I think QE approval of MR 901 at 8f1d2c3b given; waiting for payload metadata, or so",
        "Background metadata checker process started (PID: 4000)",
    ] {
        assert_eq!(Given::read(text), None, "{text}");
    }
}

#[test]
fn production_is_late_after_two_days() {
    let given = Given {
        at: Some("2027-03-02T00:00:00Z".parse().unwrap()),
        ..given()
    };
    assert!(!given.is_late("2027-03-03T23:59:59Z".parse().unwrap()));
    assert!(given.is_late("2027-03-04T00:00:00Z".parse().unwrap()));
}
