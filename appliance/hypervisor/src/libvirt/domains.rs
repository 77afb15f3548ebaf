//! Finding domains, and telling ours from those of others.

use uuid::Uuid;
use virt::connect::Connect;
use virt::domain::{Domain, DomainState as Raw};
use virt::error::{Error, ErrorNumber};
use virt::sys;

use super::link::is_lost;
use crate::xml::INSTANCE_NAMESPACE;
use crate::{DomainState, HypervisorError};

/// Turns an error of libvirt about a domain into ours.
pub(super) fn failed(action: &'static str, id: Uuid) -> impl Fn(Error) -> HypervisorError {
    move |error| {
        let cause = error.message().to_owned();
        match error {
            lost if is_lost(&lost) => HypervisorError::Unreachable(cause),
            gone if is(&gone, ErrorNumber::NoDomain) => HypervisorError::NotFound(id),
            _ => HypervisorError::Failed { action, id, cause },
        }
    }
}

/// Turns an error of libvirt about no particular domain into ours.
pub(super) fn engine(action: &'static str) -> impl Fn(Error) -> HypervisorError {
    move |error| {
        let cause = error.message().to_owned();
        match is_lost(&error) {
            true => HypervisorError::Unreachable(cause),
            false => HypervisorError::Engine { action, cause },
        }
    }
}

pub(super) fn is(error: &Error, number: ErrorNumber) -> bool {
    error.code().is_known_and(|code| code == number)
}

/// The domain with this id, whoever defined it.
pub(super) fn find(connection: &Connect, id: Uuid) -> Result<Option<Domain>, HypervisorError> {
    match connection
        .lookup_domain_by_uuid(id)
        .map_err(failed("find", id))
    {
        Ok(domain) => Ok(Some(domain)),
        Err(HypervisorError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The domain with this id, if it is ours.
pub(super) fn find_ours(connection: &Connect, id: Uuid) -> Result<Option<Domain>, HypervisorError> {
    match find(connection, id)? {
        Some(domain) if carries(&domain, id, INSTANCE_NAMESPACE)? => Ok(Some(domain)),
        Some(_) => Err(HypervisorError::Foreign(id)),
        None => Ok(None),
    }
}

/// The domain with this id, which must exist and be ours.
pub(super) fn require_ours(connection: &Connect, id: Uuid) -> Result<Domain, HypervisorError> {
    find_ours(connection, id)?.ok_or(HypervisorError::NotFound(id))
}

/// Whether the domain has a metadata element of this namespace.
pub(super) fn carries(domain: &Domain, id: Uuid, namespace: &str) -> Result<bool, HypervisorError> {
    match domain.metadata(sys::VIR_DOMAIN_METADATA_ELEMENT as i32, Some(namespace), 0) {
        Ok(_) => Ok(true),
        Err(error) if is(&error, ErrorNumber::NoDomainMetadata) => Ok(false),
        Err(error) => Err(failed("read metadata of", id)(error)),
    }
}

pub(super) fn is_active(domain: &Domain, id: Uuid) -> Result<bool, HypervisorError> {
    domain.is_active().map_err(failed("ask for", id))
}

/// What a domain does.
pub(super) fn state_of(domain: &Domain, id: Uuid) -> Result<DomainState, HypervisorError> {
    let info = domain.info().map_err(failed("read the state of", id))?;
    Ok(match info.state.unwrap_or(Raw::NoState) {
        Raw::NoState | Raw::Running | Raw::Blocked | Raw::Shutdown => DomainState::Running,
        Raw::Paused | Raw::PMSuspended => DomainState::Paused,
        Raw::Shutoff => DomainState::Stopped,
        Raw::Crashed => DomainState::Crashed,
    })
}
