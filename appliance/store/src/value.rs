//! Values bound to SQL parameters, in the form in which they are replicated.

use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One SQL value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// NULL.
    #[serde(rename = "n")]
    Null,
    /// A 64-bit integer; booleans are 0 and 1.
    #[serde(rename = "i")]
    Integer(i64),
    /// A double.
    #[serde(rename = "r")]
    Real(f64),
    /// Text; UUIDs are text, so that the database stays readable.
    #[serde(rename = "t")]
    Text(String),
    /// Bytes.
    #[serde(rename = "b", with = "crate::encoding::bytes")]
    Blob(Vec<u8>),
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

macro_rules! value_from {
    ($($source:ty => |$value:ident| $made:expr),+ $(,)?) => {
        $(impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $made
            }
        })+
    };
}

value_from! {
    i64 => |value| Self::Integer(value),
    i32 => |value| Self::Integer(value.into()),
    u32 => |value| Self::Integer(value.into()),
    u16 => |value| Self::Integer(value.into()),
    u8 => |value| Self::Integer(value.into()),
    bool => |value| Self::Integer(value.into()),
    f64 => |value| Self::Real(value),
    &str => |value| Self::Text(value.to_owned()),
    String => |value| Self::Text(value),
    &String => |value| Self::Text(value.clone()),
    Uuid => |value| Self::Text(value.to_string()),
    &Uuid => |value| Self::Text(value.to_string()),
    &[u8] => |value| Self::Blob(value.to_vec()),
    Vec<u8> => |value| Self::Blob(value),
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What can be given as the parameters of a statement: `()`, a tuple of up to
/// twelve values of different types, an array, or a `Vec<Value>`.
pub trait IntoParams {
    /// The values, in order of their positions.
    fn into_params(self) -> Vec<Value>;
}

impl IntoParams for () {
    fn into_params(self) -> Vec<Value> {
        Vec::new()
    }
}

impl IntoParams for Vec<Value> {
    fn into_params(self) -> Vec<Value> {
        self
    }
}

impl<T: Into<Value>, const N: usize> IntoParams for [T; N] {
    fn into_params(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! params_from_tuple {
    ($($name:ident),+) => {
        impl<$($name: Into<Value>),+> IntoParams for ($($name,)+) {
            fn into_params(self) -> Vec<Value> {
                #[allow(non_snake_case, reason = "the type parameters name the values")]
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    };
}

params_from_tuple!(A);
params_from_tuple!(A, B);
params_from_tuple!(A, B, C);
params_from_tuple!(A, B, C, D);
params_from_tuple!(A, B, C, D, E);
params_from_tuple!(A, B, C, D, E, F);
params_from_tuple!(A, B, C, D, E, F, G);
params_from_tuple!(A, B, C, D, E, F, G, H);
params_from_tuple!(A, B, C, D, E, F, G, H, I);
params_from_tuple!(A, B, C, D, E, F, G, H, I, J);
params_from_tuple!(A, B, C, D, E, F, G, H, I, J, K);
params_from_tuple!(A, B, C, D, E, F, G, H, I, J, K, L);
