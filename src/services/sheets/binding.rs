//! The functions scripts see under `sheets::`.

use rhai::{Array, Dynamic, Module, exported_module, plugin::*};

use crate::error::{Error, Result};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Array, Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::json;

    use super::{
        super::{Cells, Client, Grid},
        to_cells,
    };
    use crate::{
        call::{Session, to_script},
        error::Result as OurResult,
        value::to_dynamic,
    };

    /// Returns the tabs of a document, from left to right.
    ///
    /// Each is a map: `title` (text) and `id` (a number that stays when the title changes).
    /// `document` is the long word in the document's address.
    /// Throws `not_found` when there is no such document, `denied` when it is not shared with the
    /// service account or `GCP_SA_FILE` holds no usable key.
    /// Calls `GET /v4/spreadsheets/{document}`.
    #[rhai_fn(return_raw)]
    pub fn tabs(context: NativeCallContext, document: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let spreadsheet = session.call_from_script(
            "sheets.tabs",
            json!({"document": document}),
            false,
            client.spreadsheet(document),
        )?;
        let tabs: Vec<_> = spreadsheet
            .tabs
            .iter()
            .map(|tab| json!({"title": tab.title, "id": tab.id}))
            .collect();
        Ok(to_dynamic(&json!(tabs)))
    }

    /// Returns what a reader sees in a range of a document, such as `'4.20.1'!A1:H200`.
    ///
    /// An array of rows, each an array of text. Rows and cells at the end that hold nothing are
    /// missing, so rows differ in length. A link shows its label.
    /// Throws `not_found` when the document or the tab does not exist, `denied` as `tabs` does,
    /// `invalid` when the range is none.
    /// Calls `GET /v4/spreadsheets/{document}/values:batchGet`.
    #[rhai_fn(return_raw)]
    pub fn read(
        context: NativeCallContext,
        document: &str,
        range: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let ranges = [range.to_owned()];
        let grids: Vec<Grid> = session.call_from_script(
            "sheets.read",
            json!({"document": document, "range": range}),
            false,
            client.values(document, &ranges),
        )?;
        Ok(to_dynamic(&json!(grids.first())))
    }

    /// Writes rows into a range of a document as if a person typed them.
    ///
    /// `rows` is an array of rows, each an array of values: text, numbers, booleans. Text that
    /// begins with `=` becomes a formula. A cell for which `()` is given becomes empty.
    /// Throws as `read` does. It is sent once: when the answer is lost, look before you write again.
    /// Calls `POST /v4/spreadsheets/{document}/values:batchUpdate`.
    #[rhai_fn(return_raw)]
    pub fn write(
        context: NativeCallContext,
        document: &str,
        range: &str,
        rows: Array,
    ) -> Result<(), Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let rows = rows
            .iter()
            .map(to_cells)
            .collect::<OurResult<Vec<_>>>()
            .map_err(to_script)?;
        let arguments = json!({"document": document, "range": range, "rows": rows});
        let cells = [Cells {
            range: range.to_owned(),
            rows,
        }];
        session.call_from_script(
            "sheets.write",
            arguments,
            true,
            client.write(document, &cells),
        )
    }
}

fn to_cells(row: &Dynamic) -> Result<Vec<String>> {
    let row = row
        .read_lock::<Array>()
        .ok_or_else(|| wrong("a row", row))?;
    row.iter()
        .map(|cell| match cell {
            _ if cell.is_unit() => Ok(String::new()),
            _ if cell.is_string() || cell.is_int() || cell.is_float() || cell.is_bool() => {
                Ok(cell.to_string())
            }
            _ => Err(wrong("the value of a cell", cell)),
        })
        .collect()
}

fn wrong(what: &str, value: &Dynamic) -> Error {
    let message = format!("{what} cannot be of type `{}`", value.type_name());
    Error::invalid(message)
        .service("sheets")
        .hint("give an array of rows, such as [[\"Pass\"]]")
}
