import Foundation
import PortalKit

/// The templates of the agricultural tracing pages; `Portal.init` takes the folder.
public enum AgriculturalTracingTemplates {
    /// Templates under the prefix `agriculture`.
    public static let folder = TemplateFolder(
        url: (Bundle.module.resourceURL ?? Bundle.module.bundleURL).appending(path: "Templates"),
        prefix: "agriculture")
}
