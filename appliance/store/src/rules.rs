//! What replicated SQL may say: the same statements on the same state must
//! come to the same result on every member, whatever its clock and disk.
//!
//! Two walls: the text is scanned for what SQLite's authorizer does not see
//! (`CURRENT_TIMESTAMP`, defaults of columns), and the authorizer judges what
//! SQLite understood. Both judge when a change is planned; what the log holds
//! is applied without judging, so that two releases of this program with
//! different rules still apply the same.

mod guard;
mod text;
mod tokens;

pub(crate) use guard::{Guard, Mode};
pub(crate) use text::{check_migration, check_statement};

/// Tables of the store itself begin with this.
pub(crate) const OWN_PREFIX: &str = "_store_";

/// Deterministic functions of SQLite; every other one is refused.
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "dense_rank",
    "first_value",
    "format",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_each",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_pretty",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_tree",
    "json_type",
    "json_valid",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "match",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unlikely",
    "upper",
    "zeroblob",
];

/// Functions that are not deterministic, or tell of the connection: named so
/// that the text of a migration's defaults can be searched for them.
const REFUSED_FUNCTIONS: &[&str] = &[
    "changes",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "julianday",
    "last_insert_rowid",
    "random",
    "randomblob",
    "sqlite_source_id",
    "sqlite_version",
    "strftime",
    "time",
    "timediff",
    "total_changes",
    "unixepoch",
];
