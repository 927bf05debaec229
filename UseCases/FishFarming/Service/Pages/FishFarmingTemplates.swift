import Foundation
import PortalKit

/// The templates of the fish farming pages; `Portal.init` takes the folder.
public enum FishFarmingTemplates {
    /// Templates under the prefix `fish`.
    public static let folder = TemplateFolder(
        url: (Bundle.module.resourceURL ?? Bundle.module.bundleURL).appending(path: "Templates"), prefix: "fish")
}
