//! What gives a container a graphics processor.
//!
//! In: a service. Out: the part that does: `gpus`, a reserved device, NVIDIA's runtime, one of its devices, or an image made for it.

use super::merge::Part;
use super::service::Reader;
use crate::source::Span;

/// Images that hold NVIDIA's libraries.
const IMAGES: [&str; 2] = ["nvidia/cuda", "nvcr.io/nvidia/"];

/// The place that asks for a graphics processor.
pub fn asked(read: &Reader<'_>) -> Option<Span> {
    let text = |part: &Part| part.text().and_then(|text| read.project.text(text).value().as_text().map(str::to_owned));
    let reserves = |device: &Part| {
        let capabilities = device.get("capabilities").map(Part::items).unwrap_or_default();
        capabilities.iter().any(|item| text(item).as_deref() == Some("gpu"))
            || device.get("driver").and_then(&text).as_deref() == Some("nvidia")
    };
    let service = read.service;
    let reserved = service.at(&["deploy", "resources", "reservations", "devices"]).map(Part::items).unwrap_or_default();
    let devices = service.get("devices").map(Part::items).unwrap_or_default();
    let has =
        |key: &str, holds: &dyn Fn(&str) -> bool| service.get(key).filter(|part| text(part).is_some_and(|text| holds(&text)));
    let found = service
        .get("gpus")
        .or_else(|| reserved.iter().find(|device| reserves(device)))
        .or_else(|| has("runtime", &|runtime| runtime == "nvidia"))
        .or_else(|| devices.iter().find(|device| text(device).is_some_and(|text| text.starts_with("/dev/nvidia"))))
        .or_else(|| has("image", &|image| IMAGES.iter().any(|made| image.contains(made))));
    found.map(|part| part.span)
}
