//! Changes of a document in Google's words.

use google_sheets4::{
    FieldMask,
    api::{
        CellData, DuplicateSheetRequest, ExtendedValue, GridRange, Link, Request, RowData,
        TextFormat, TextFormatRun, UpdateCellsRequest,
    },
};

use crate::release::sheet::{Block, Content};

/// What is replaced in a cell; its look stays that of the template.
const FIELDS: [&str; 2] = ["userEnteredValue", "textFormatRuns"];

/// Copies a tab.
pub(super) fn duplicate(source: i32, number: i32, title: &str) -> Request {
    Request {
        duplicate_sheet: Some(DuplicateSheetRequest {
            source_sheet_id: Some(source),
            new_sheet_id: Some(number),
            new_sheet_name: Some(title.to_owned()),
            insert_sheet_index: None,
        }),
        ..Request::default()
    }
}

/// Fills one cell.
pub(super) fn update(tab: i32, column: char, row: usize, content: &Content) -> Request {
    fill(tab, column, row, vec![vec![cell(content)]])
}

/// Fills neighbouring cells with what a person would type there.
pub(super) fn block(tab: i32, block: &Block) -> Request {
    let typed = |text: &String| match text.starts_with('=') {
        true => cell(&Content::Formula(text.clone())),
        false => cell(&Content::Text(text.clone())),
    };
    let rows = block.rows.iter();
    let rows = rows.map(|row| row.iter().map(typed).collect()).collect();
    fill(tab, block.column, block.row, rows)
}

fn fill(tab: i32, column: char, row: usize, rows: Vec<Vec<CellData>>) -> Request {
    let index = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let left = (column as usize).saturating_sub('A' as usize);
    let upper = row.saturating_sub(1);
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let range = GridRange {
        sheet_id: Some(tab),
        start_row_index: Some(index(upper)),
        end_row_index: Some(index(upper + rows.len())),
        start_column_index: Some(index(left)),
        end_column_index: Some(index(left + width)),
    };
    let rows = rows.into_iter().map(|values| RowData {
        values: Some(values),
    });
    Request {
        update_cells: Some(UpdateCellsRequest {
            fields: Some(FieldMask::new(&FIELDS)),
            range: Some(range),
            rows: Some(rows.collect()),
            start: None,
        }),
        ..Request::default()
    }
}

fn cell(content: &Content) -> CellData {
    let mut value = ExtendedValue::default();
    let mut runs = None;
    match content {
        // A cell without a value is empty.
        Content::Text(text) if text.is_empty() => return CellData::default(),
        Content::Rich(rich) if rich.text.is_empty() => return CellData::default(),
        Content::Text(text) => value.string_value = Some(text.clone()),
        Content::Formula(formula) => value.formula_value = Some(formula.clone()),
        Content::Rich(rich) => {
            value.string_value = Some(rich.text.clone());
            let shown = rich.runs.iter().map(|run| TextFormatRun {
                start_index: Some(i32::try_from(run.start).unwrap_or(i32::MAX)),
                format: Some(TextFormat {
                    link: run.link.as_ref().map(|link| Link {
                        uri: Some(link.clone()),
                    }),
                    ..TextFormat::default()
                }),
            });
            runs = Some(shown.collect());
        }
    }
    CellData {
        user_entered_value: Some(value),
        text_format_runs: runs,
        ..CellData::default()
    }
}
