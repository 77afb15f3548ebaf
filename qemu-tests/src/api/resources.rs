//! The requests that stories are made of.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use megh_api_types::{
    Accepted, ClaimRequest, Image, ImageState, Instance, InstanceStatus, LoginRequest, NewAdmin,
    NewImage, NewInstance, Operation, OperationStatus, Page, Session, StopRequest, System,
};
use uuid::Uuid;

use super::client::Api;
use super::error::ApiError;

/// The first administrator of all test appliances.
const ADMIN: &str = "admin";
const PASSWORD: &str = "correct horse battery staple";
/// Longest time an operation may take in an emulated appliance.
const OPERATION_WITHIN: Duration = Duration::from_secs(240);

impl Api {
    /// Claims the appliance for the test's administrator, whose session this client has then.
    pub fn claim(&self, code: &str) -> Result<Session, ApiError> {
        let admin = NewAdmin {
            name: ADMIN.to_owned(),
            password: PASSWORD.to_owned(),
        };
        self.post(
            "claim",
            &ClaimRequest {
                code: code.to_owned(),
                admin,
            },
        )
    }

    /// Logs the test's administrator in.
    pub fn log_in(&self) -> Result<Session, ApiError> {
        let login = LoginRequest {
            name: ADMIN.to_owned(),
            password: PASSWORD.to_owned(),
        };
        self.post("sessions", &login)
    }

    /// Ends this client's session.
    pub fn log_out(&self) -> Result<(), ApiError> {
        self.delete("sessions/current")
    }

    /// The appliance itself.
    pub fn system(&self) -> Result<System, ApiError> {
        self.get("system")
    }

    /// Announces an image.
    pub fn announce_image(&self, name: &str) -> Result<Image, ApiError> {
        self.post(
            "projects/default/images",
            &NewImage {
                name: name.to_owned(),
            },
        )
    }

    /// Sends an image's content.
    pub fn send_content(&self, image: &str, bytes: Vec<u8>) -> Result<Accepted<Image>, ApiError> {
        self.put_bytes(&format!("projects/default/images/{image}/content"), bytes)
    }

    /// An image by name or id.
    pub fn image(&self, image: &str) -> Result<Image, ApiError> {
        self.get(&format!("projects/default/images/{image}"))
    }

    /// All images.
    pub fn images(&self) -> Result<Vec<Image>, ApiError> {
        Ok(self.get::<Page<Image>>("projects/default/images")?.items)
    }

    /// Announces an image, sends the file and waits until instances can be made of it.
    pub fn upload_image(&self, name: &str, file: &Path) -> Result<Image> {
        let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        self.announce_image(name)?;
        let accepted = self.send_content(name, bytes)?;
        self.wait_operation(accepted.operation.id)?;
        let image = self.image(name)?;
        if image.state != ImageState::Ready {
            bail!("image `{name}` is not ready after its import: {image:?}");
        }
        Ok(image)
    }

    /// Asks for an instance of the smallest kind.
    pub fn create_instance(
        &self,
        name: &str,
        image: &str,
        start: bool,
    ) -> Result<Accepted<Instance>, ApiError> {
        let request = NewInstance {
            name: name.to_owned(),
            image: image.to_owned(),
            vcpus: 1,
            memory: 64 << 20,
            disk: None,
            firmware: megh_api_types::Firmware::Bios,
            start,
        };
        self.post("projects/default/instances", &request)
    }

    /// An instance by name or id.
    pub fn instance(&self, instance: &str) -> Result<Instance, ApiError> {
        self.get(&format!("projects/default/instances/{instance}"))
    }

    /// All instances.
    pub fn instances(&self) -> Result<Vec<Instance>, ApiError> {
        Ok(self
            .get::<Page<Instance>>("projects/default/instances")?
            .items)
    }

    /// Asks an instance to start.
    pub fn start(&self, instance: &str) -> Result<Accepted<Instance>, ApiError> {
        self.post(&format!("projects/default/instances/{instance}/start"), &())
    }

    /// Cuts an instance's power.
    pub fn force_stop(&self, instance: &str) -> Result<Accepted<Instance>, ApiError> {
        let path = format!("projects/default/instances/{instance}/stop");
        self.post(&path, &StopRequest { force: true })
    }

    /// Asks for the removal of an instance.
    pub fn delete_instance(&self, instance: &str) -> Result<Accepted<Instance>, ApiError> {
        self.delete(&format!("projects/default/instances/{instance}"))
    }

    /// Asks for the removal of an image.
    pub fn delete_image(&self, image: &str) -> Result<Accepted<Image>, ApiError> {
        self.delete(&format!("projects/default/images/{image}"))
    }

    /// An operation.
    pub fn operation(&self, id: Uuid) -> Result<Operation, ApiError> {
        self.get(&format!("projects/default/operations/{id}"))
    }

    /// All operations.
    pub fn operations(&self) -> Result<Vec<Operation>, ApiError> {
        Ok(self
            .get::<Page<Operation>>("projects/default/operations")?
            .items)
    }

    /// Waits until an operation has succeeded.
    pub fn wait_operation(&self, id: Uuid) -> Result<Operation> {
        let operation = self.wait_until(
            "an operation ends",
            OPERATION_WITHIN,
            |api| api.operation(id),
            |operation| operation.status != OperationStatus::Running,
        )?;
        if operation.status == OperationStatus::Failed {
            bail!("operation failed: {operation:?}");
        }
        Ok(operation)
    }

    /// Waits until an instance is in this state.
    pub fn wait_instance(&self, instance: &str, status: InstanceStatus) -> Result<Instance> {
        self.wait_until(
            &format!("instance `{instance}` becomes {status:?}"),
            OPERATION_WITHIN,
            |api| api.instance(instance),
            |seen| seen.status == status,
        )
    }

    /// Waits until no operation is under way.
    pub fn wait_idle(&self) -> Result<()> {
        self.wait_until(
            "all operations end",
            OPERATION_WITHIN,
            Self::operations,
            |operations| {
                operations
                    .iter()
                    .all(|one| one.status != OperationStatus::Running)
            },
        )
        .map(drop)
    }
}
