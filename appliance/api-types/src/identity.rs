//! Claiming, users and sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::UnixMillis;

/// Takes possession of a fresh appliance.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The code on the appliance's own screen; case and dashes do not matter.
    #[schema(example = "7KQ2M-9D4XW")]
    pub code: String,
    /// The first administrator.
    pub admin: NewAdmin,
}

/// The first administrator.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdmin {
    /// 1 to 63 characters: lower-case letters, digits and dashes, a letter first.
    #[schema(example = "admin")]
    pub name: String,
    /// 12 to 256 characters.
    pub password: String,
}

/// Opens a session.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The user's name.
    pub name: String,
    /// The user's password.
    pub password: String,
}

/// A person with an account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Stable id.
    pub id: Uuid,
    /// Name used to log in.
    pub name: String,
}

/// A session of a user. The secret is only in the `megh_session` cookie.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Id used to revoke it.
    pub id: Uuid,
    /// Whose session it is.
    pub user: User,
    /// When it was opened.
    pub created_at: UnixMillis,
    /// When it ends by itself.
    pub expires_at: UnixMillis,
    /// Whether this is the session of the request.
    pub current: bool,
}
